namespace Kist.Kernel.Identity;

/// <summary>
/// A group of entities and of other groups. The members of an internal group are set by hand; those of an external one
/// follow what a login method says at each login. Which entities are in it is kept in keys of their own.
/// </summary>
public sealed record Group
{
    /// <summary>A UUID, never used again.</summary>
    public required string Id { get; init; }

    /// <summary>Unique without regard to case; shown as it was written.</summary>
    public required string Name { get; init; }

    /// <summary>Whether a login method says who is in it.</summary>
    public bool IsExternal { get; init; }

    /// <summary>Policies of all its members, in the order given; null when never set.</summary>
    public IReadOnlyList<string>? Policies { get; init; }

    /// <summary>What is kept about it; null when never set.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    /// <summary>Groups that are in it.</summary>
    public IReadOnlyList<string> MemberGroupIds { get; init; } = [];

    /// <summary>Groups that it is in; null when it was in none yet.</summary>
    public IReadOnlyList<string>? ParentIds { get; init; }

    /// <summary>Its name in a login method; null for internal groups.</summary>
    public Alias? Alias { get; init; }

    /// <summary>How often it was changed, its making included.</summary>
    public long ModifyIndex { get; init; }

    /// <summary>When it was made.</summary>
    public DateTimeOffset Created { get; init; }

    /// <summary>When it was last changed.</summary>
    public DateTimeOffset Updated { get; init; }
}

/// <summary>What a write asks of a group; null: leave as it is.</summary>
/// <param name="Id">Which one; empty: the one of this name, or a new one.</param>
/// <param name="Name">Its name from now on; empty: as it is, or made up.</param>
/// <param name="Type"><c>internal</c> or <c>external</c>; can never be changed.</param>
public sealed record GroupWish(
    string Id, string Name, string? Type, IReadOnlyList<string>? Policies,
    IReadOnlyDictionary<string, string>? Metadata, IReadOnlyList<string>? MemberEntityIds,
    IReadOnlyList<string>? MemberGroupIds);

/// <summary>The groups of one entity.</summary>
/// <param name="Direct">Those it is a member of.</param>
/// <param name="Inherited">Those that the direct ones are in, at any depth, without the direct ones.</param>
public sealed record GroupsOfEntity(IReadOnlyList<Group> Direct, IReadOnlyList<Group> Inherited);
