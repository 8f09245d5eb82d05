namespace Kist.Cli.Agents;

/// <summary>What the command line says to <c>kist agent</c>.</summary>
internal sealed record AgentArguments
{
    public required IReadOnlyList<string> ConfigFiles { get; init; }

    /// <summary>Whether the configuration is read and nothing else is done.</summary>
    public required bool Check { get; init; }

    public required bool ExitAfterAuth { get; init; }

    public required IReadOnlyList<string> Listen { get; init; }

    public required string? Socket { get; init; }

    /// <summary><c>FILE:TARGET</c> texts.</summary>
    public required IReadOnlyList<string> Templates { get; init; }

    /// <summary><c>FILE:TARGET</c> texts.</summary>
    public required IReadOnlyList<string> Plain { get; init; }

    public required string? Command { get; init; }

    public required string? LogLevel { get; init; }

    public required string? LogFormat { get; init; }

    public required string? TokenFile { get; init; }
}
