namespace Kist.Kernel.Policies;

/// <summary>
/// Who a token belongs to, as far as policy templates ask. Aliases are keyed by the accessor of their mount.
/// </summary>
/// <param name="EntityId">The entity's UUID.</param>
/// <param name="EntityName">The entity's name.</param>
/// <param name="Metadata">The entity's metadata.</param>
/// <param name="Aliases">The entity's aliases by mount accessor.</param>
/// <param name="Groups">Every group the entity is in, directly or through another group.</param>
public sealed record TemplateSubject(
    string EntityId,
    string EntityName,
    IReadOnlyDictionary<string, string> Metadata,
    IReadOnlyDictionary<string, TemplateAlias> Aliases,
    IReadOnlyList<TemplateGroup> Groups)
{
    /// <summary>
    /// The value of one directive, such as <c>identity.entity.metadata.team</c>; null when there is none.
    /// </summary>
    internal string? Resolve(string directive)
    {
        if (After(directive, "identity.entity.") is { } ofEntity) return OfEntity(ofEntity);
        if (After(directive, "identity.groups.ids.") is { } byId) return OfGroup(byId, group => group.Id);
        if (After(directive, "identity.groups.names.") is { } byName) return OfGroup(byName, group => group.Name);
        return null;
    }

    private static string? After(string text, string prefix) =>
        text.StartsWith(prefix, StringComparison.Ordinal) ? text[prefix.Length..] : null;

    private string? OfEntity(string field)
    {
        if (After(field, "metadata.") is { } key) return Metadata.GetValueOrDefault(key);
        if (After(field, "aliases.") is { } rest)
            return rest.Split('.', 2) is [var accessor, var part] && Aliases.TryGetValue(accessor, out var alias)
                ? OfAlias(alias, part)
                : null;
        return field switch { "id" => EntityId, "name" => EntityName, _ => null };
    }

    private static string? OfAlias(TemplateAlias alias, string field)
    {
        if (After(field, "metadata.") is { } key) return alias.Metadata.GetValueOrDefault(key);
        if (After(field, "custom_metadata.") is { } custom) return alias.CustomMetadata.GetValueOrDefault(custom);
        return field switch { "id" => alias.Id, "name" => alias.Name, _ => null };
    }

    private string? OfGroup(string selector, Func<TemplateGroup, string> keyOf)
    {
        if (selector.Split('.', 2) is not [var wanted, var field]) return null;
        foreach (var group in Groups)
        {
            if (keyOf(group) != wanted) continue;
            if (After(field, "metadata.") is { } key) return group.Metadata.GetValueOrDefault(key);
            return field switch { "id" => group.Id, "name" => group.Name, _ => null };
        }
        return null;
    }
}

/// <summary>One login identity of an entity.</summary>
public sealed record TemplateAlias(
    string Id,
    string Name,
    IReadOnlyDictionary<string, string> Metadata,
    IReadOnlyDictionary<string, string> CustomMetadata);

/// <summary>A group of entities.</summary>
public sealed record TemplateGroup(string Id, string Name, IReadOnlyDictionary<string, string> Metadata);
