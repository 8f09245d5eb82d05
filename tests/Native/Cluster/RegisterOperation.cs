namespace Kist.Native.Tests.Cluster;

/// <summary>One operation on a register, as its client saw it.</summary>
public sealed record RegisterOperation
{
    /// <summary>Which client.</summary>
    public required int Client { get; init; }

    /// <summary>Which register.</summary>
    public required string Key { get; init; }

    /// <summary>When it was sent, by one clock for all clients.</summary>
    public required long Began { get; init; }

    /// <summary>When its outcome was known; the largest number: never.</summary>
    public required long Ended { get; init; }

    /// <summary>What it wrote; null: it read.</summary>
    public string? Written { get; init; }

    /// <summary>What it read; null: it wrote.</summary>
    public string? Read { get; init; }

    /// <summary>The version it made or read; 0: it failed, or nobody knows.</summary>
    public int Version { get; init; }

    /// <summary>The server said that it did nothing.</summary>
    public bool WasRefused { get; init; }

    /// <summary>The state that was sent along.</summary>
    public long Sent { get; init; }

    /// <summary>The state that came back; 0: none.</summary>
    public long Told { get; init; }

    /// <summary>Whether it was answered with success.</summary>
    public bool IsDone => Version > 0;
}
