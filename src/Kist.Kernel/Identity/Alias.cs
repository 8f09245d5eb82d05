namespace Kist.Kernel.Identity;

/// <summary>The name of an entity in one login method, or of an external group.</summary>
public sealed record Alias
{
    /// <summary>A UUID.</summary>
    public required string Id { get; init; }

    /// <summary>The entity or group it stands for.</summary>
    public required string CanonicalId { get; init; }

    /// <summary>The name in the login method; unique there without regard to case.</summary>
    public required string Name { get; init; }

    /// <summary>The accessor of the login's mount.</summary>
    public required string MountAccessor { get; init; }

    /// <summary>What the login method says about the caller; null when nothing.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    /// <summary>What an administrator wrote about it; null when nothing.</summary>
    public IReadOnlyDictionary<string, string>? CustomMetadata { get; init; }

    /// <summary>Entities it belonged to before they were merged away; null when none.</summary>
    public IReadOnlyList<string>? MergedFrom { get; init; }

    /// <summary>Whether its mount is local to this cluster.</summary>
    public bool IsLocal { get; init; }

    /// <summary>When it was made.</summary>
    public DateTimeOffset Created { get; init; }

    /// <summary>When it was last changed.</summary>
    public DateTimeOffset Updated { get; init; }
}

/// <summary>What a write asks of an alias; empty or null: leave as it is.</summary>
/// <param name="Id">Which one; empty: the one with this accessor and name, or a new one.</param>
/// <param name="CanonicalId">The entity or group; empty: the one it has, or a new one.</param>
public sealed record AliasWish(
    string Id, string Name, string MountAccessor, string CanonicalId,
    IReadOnlyDictionary<string, string>? CustomMetadata);
