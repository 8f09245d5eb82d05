namespace Kist.Kernel.Identity;

/// <summary>A person or a machine, whatever it logs in with.</summary>
public sealed record Entity
{
    /// <summary>A UUID, never used again.</summary>
    public required string Id { get; init; }

    /// <summary>Unique without regard to case; shown as it was written.</summary>
    public required string Name { get; init; }

    /// <summary>What is kept about it, for policy templates; null when never set.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    /// <summary>Policies that its tokens have besides their own; null when never set.</summary>
    public IReadOnlyList<string>? Policies { get; init; }

    /// <summary>Whether its tokens may do nothing.</summary>
    public bool IsDisabled { get; init; }

    /// <summary>Its names in login methods.</summary>
    public IReadOnlyList<string> AliasIds { get; init; } = [];

    /// <summary>Entities that became part of this one; their tokens are its tokens. Null when there are none.</summary>
    public IReadOnlyList<string>? MergedIds { get; init; }

    /// <summary>When it was made.</summary>
    public DateTimeOffset Created { get; init; }

    /// <summary>When it was last changed.</summary>
    public DateTimeOffset Updated { get; init; }
}

/// <summary>What a write asks of an entity; null: leave as it is.</summary>
/// <param name="Id">Which one; empty: the one of this name, or a new one.</param>
/// <param name="Name">Its name from now on; empty: as it is, or made up.</param>
public sealed record EntityWish(
    string Id, string Name, IReadOnlyDictionary<string, string>? Metadata, IReadOnlyList<string>? Policies,
    bool? IsDisabled);
