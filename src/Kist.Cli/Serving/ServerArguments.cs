namespace Kist.Cli.Serving;

/// <summary>What the command line says to <c>kist server</c>.</summary>
internal sealed record ServerArguments
{
    public required IReadOnlyList<string> ConfigFiles { get; init; }

    /// <summary>Whether the configuration is read and nothing else is done.</summary>
    public required bool Check { get; init; }

    public required bool Dev { get; init; }

    public required string? DevToken { get; init; }

    public required string DevAddress { get; init; }

    public required bool DevStoresToken { get; init; }

    public required string? StartDirectory { get; init; }

    public required string? ListenAddress { get; init; }

    /// <summary>Whether <c>--listen</c> was given.</summary>
    public required bool IsListenGiven { get; init; }

    public required string? LogLevel { get; init; }

    public required string? LogFormat { get; init; }
}
