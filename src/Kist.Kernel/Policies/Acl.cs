using System.Text.Json;
using Kist.Kernel.Pipeline;

namespace Kist.Kernel.Policies;

/// <summary>What an access list says about one operation on one path.</summary>
/// <param name="Allowed">The operation may run.</param>
/// <param name="Sudo">The rule grants sudo, which root-protected paths need besides.</param>
/// <param name="MinWrap">The rule's shortest wrapping time to live, zero without.</param>
/// <param name="MaxWrap">The rule's longest wrapping time to live, zero without.</param>
public readonly record struct Decision(bool Allowed, bool Sudo, TimeSpan MinWrap, TimeSpan MaxWrap);

/// <summary>
/// The rules of a set of policies, compiled once and then only read: nothing matches means no. An exact path wins over
/// every pattern; among patterns the most specific wins, whatever policy it stands in. Looking up allocates nothing.
/// </summary>
public sealed class Acl
{
    private readonly Dictionary<string, Permissions> _exact;
    private readonly Dictionary<string, Permissions>.AlternateLookup<ReadOnlySpan<char>> _exactBySpan;
    private readonly PatternIndex _patterns;

    private Acl(
        Dictionary<string, Permissions> exact, PatternIndex patterns, IReadOnlyList<string> unsafeRules, bool isRoot)
    {
        _exact = exact;
        _exactBySpan = exact.GetAlternateLookup<ReadOnlySpan<char>>();
        _patterns = patterns;
        UnsafeRules = unsafeRules;
        IsRoot = isRoot;
    }

    /// <summary>Allows everything. For tokens whose only policy is <c>root</c>.</summary>
    public static Acl Root { get; } = new([], PatternIndex.Empty, [], isRoot: true);

    /// <summary>True for <see cref="Root"/> only.</summary>
    public bool IsRoot { get; }

    /// <summary>
    /// Templated paths, as written, that do not apply because a name or metadata of the subject holds what could widen
    /// them, such as a star. For a warning in the audit line; paths without any value are left out silently.
    /// </summary>
    public IReadOnlyList<string> UnsafeRules { get; }

    /// <summary>
    /// Merges the rules of <paramref name="policies"/>; templates are filled from <paramref name="subject"/>.
    /// </summary>
    public static Acl Compile(IEnumerable<PolicyDocument> policies, TemplateSubject? subject = null)
    {
        var exact = new Dictionary<string, Permissions>(StringComparer.Ordinal);
        var patterns = new Dictionary<string, PatternRule>(StringComparer.Ordinal);
        var unsafeRules = new List<string>();
        foreach (var rule in policies.SelectMany(policy => policy.Rules))
        {
            if (rule.PatternFor(subject, out var isUnsafe) is not { } pattern)
            {
                if (isUnsafe) unsafeRules.Add(rule.Path.Text);
            }
            else if (pattern.IsExact)
                exact[pattern.Text] = exact.TryGetValue(pattern.Text, out var earlier)
                    ? earlier.Merge(rule.Permissions)
                    : rule.Permissions;
            else
                patterns[pattern.Text] = patterns.TryGetValue(pattern.Text, out var known)
                    ? known with { Permissions = known.Permissions.Merge(rule.Permissions) }
                    : new PatternRule(pattern, rule.Permissions);
        }
        return new Acl(exact, PatternIndex.Build(patterns.Values), unsafeRules, isRoot: false);
    }

    /// <summary>Decides <paramref name="operation"/> on <paramref name="path"/>.</summary>
    /// <param name="operation">What runs, settled before.</param>
    /// <param name="path">The request's path without <c>/v1/</c>; a LIST ends in a slash.</param>
    /// <param name="parameters">The body's top-level properties; read only when the rule constrains parameters.</param>
    /// <param name="wrapTtl">The wrapping time to live that was asked for, or null.</param>
    public Decision Check(
        Operation operation, ReadOnlySpan<char> path, PolicyParameters parameters = default, TimeSpan? wrapTtl = null)
    {
        if (IsRoot) return new Decision(true, true, default, default);
        if (operation == Operation.Help) return new Decision(true, false, default, default);
        if (Find(path, operation == Operation.List) is not { } rule) return default;
        var needed = CapabilityNames.Needed(operation);
        var allowed = needed != Capabilities.None
            && (rule.Capabilities & needed) != 0
            && !rule.IsDenied
            && rule.AcceptsWrap(wrapTtl)
            && (rule.Parameters is null || !HasParameters(operation) || rule.Parameters.Permit(parameters));
        return new Decision(allowed, (rule.Capabilities & Capabilities.Sudo) != 0, rule.MinWrap, rule.MaxWrap);
    }

    /// <summary>
    /// The capabilities on <paramref name="path"/>, sorted; <c>["deny"]</c> for none, <c>["root"]</c> for root.
    /// </summary>
    public IReadOnlyList<string> CapabilitiesOf(ReadOnlySpan<char> path) =>
        IsRoot ? ["root"] : CapabilityNames.Of(Find(path, isList: true)?.Capabilities ?? Capabilities.None);

    /// <summary>
    /// Whether any rule grants anything on <paramref name="mountPath"/> (with its slash) or on a path below it: what a
    /// caller must have to be told about a mount.
    /// </summary>
    public bool HasAccessBelow(string mountPath)
    {
        if (IsRoot) return true;
        if (Find(mountPath, isList: false) is { } own && own.Grants) return true;
        foreach (var (path, permissions) in _exact)
            if (permissions.Grants && path.StartsWith(mountPath, StringComparison.Ordinal)) return true;
        foreach (var rule in _patterns.Rules)
            if (rule.Permissions.Grants && rule.Pattern.ReachesBelow(mountPath)) return true;
        return false;
    }

    /// <summary>
    /// Writes the object that <c>sys/internal/ui/resultant-acl</c> answers: <c>root</c>, and if it is not, the merged
    /// rules under <c>exact_paths</c> and <c>glob_paths</c> (there without their star).
    /// </summary>
    public void WriteResultant(Utf8JsonWriter writer) =>
        ResultantAcl.Write(writer, IsRoot, _exact, _patterns.Rules);

    // Reads are in Vault's list too: their query parameters count as data.
    private static bool HasParameters(Operation operation) =>
        operation is Operation.Read or Operation.Create or Operation.Update or Operation.Patch;

    /// <summary>
    /// The one rule that counts. A LIST of <c>a/</c> is also known as <c>a</c>, because people write rules that way:
    /// first
    /// among exact paths, then among patterns, where the most specific rule for either spelling wins, so that a
    /// narrower
    /// deny is never overridden by a broader grant for the other spelling.
    /// </summary>
    private Permissions? Find(ReadOnlySpan<char> path, bool isList)
    {
        path = path.TrimStart('/');
        var twin = isList && path.EndsWith("/") ? path[..^1] : path;
        if (_exactBySpan.TryGetValue(path, out var permissions)) return permissions;
        if (twin.Length != path.Length && _exactBySpan.TryGetValue(twin, out permissions)) return permissions;
        return _patterns.Find(path, twin);
    }
}
