namespace Kist.Kernel.Audit;

/// <summary>An audit sink as it is stored and shown in <c>sys/audit</c>.</summary>
public sealed record AuditSinkEntry
{
    /// <summary>Its name: <c>file/</c>. Always ends in a slash.</summary>
    public required string Path { get; init; }

    /// <summary>Its type: <c>file</c>.</summary>
    public required string Type { get; init; }

    /// <summary>What a person wrote about it.</summary>
    public string Description { get; init; } = "";

    /// <summary>Whether it is kept out of replication. Stored for clients.</summary>
    public bool Local { get; init; }

    /// <summary>The options as they were given.</summary>
    public IReadOnlyDictionary<string, string> Options { get; init; } = new Dictionary<string, string>();

    /// <summary>Names it in storage; never used again.</summary>
    public string Uuid { get; init; } = "";

    /// <summary>The key of its hashes: 32 random bytes. Never shown.</summary>
    public byte[] HashKey { get; init; } = [];
}
