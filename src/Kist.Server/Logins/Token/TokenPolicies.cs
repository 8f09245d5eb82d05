using Kist.Kernel.Pipeline;
using Kist.Kernel.Policies;
using Kist.Kernel.Tokens;

namespace Kist.Server.Logins.Token;

/// <summary>
/// Which policies a new token may have: never more than its parent, its role or a sudoer may give (C03).
/// </summary>
internal static class TokenPolicies
{
    /// <summary>The policies, or why the wish is refused.</summary>
    public static (IReadOnlyList<string> Policies, Fault? Fault) Choose(
        IReadOnlyList<string> asked, bool noDefault, TokenRole? role, TokenEntry parent, bool isSudo)
    {
        var (chosen, addDefault, refused) = role is { RestrictsPolicies: true }
            ? OfRole(asked, noDefault, role, parent, isSudo)
            : OfParent(asked, noDefault, parent, isSudo);
        if (refused is not null) return ([], refused);
        var policies = PolicyNames.Clean(chosen, addDefault);
        if (noDefault || role is { NoDefaultPolicy: true }) policies = [.. policies.Where(p => p != "default")];
        foreach (var policy in policies)
        {
            if (!PolicyName.TryParse(policy, out var name, out var error)) return ([], Fault.Invalid(error));
            if (name.IsInternal) return ([], Fault.Invalid($"cannot assign policy \"{policy}\""));
        }
        return policies.Contains("root") && !parent.IsRoot
            ? ([], Fault.Invalid("root tokens may not be created without parent token being root"))
            : (policies, null);
    }

    /// <summary>
    /// Whether <paramref name="name"/> fits a pattern in which <c>*</c> stands for any text at either end.
    /// </summary>
    public static bool Fits(string pattern, string name)
    {
        var (start, end) = (pattern.StartsWith('*'), pattern.EndsWith('*'));
        var core = pattern.Trim('*');
        return (start, end) switch
        {
            (true, true) => name.Contains(core, StringComparison.Ordinal),
            (true, false) => name.EndsWith(core, StringComparison.Ordinal),
            (false, true) => name.StartsWith(core, StringComparison.Ordinal),
            _ => name == pattern,
        };
    }

    private static (IReadOnlyList<string> Policies, bool AddDefault, Fault? Fault) OfParent(
        IReadOnlyList<string> asked, bool noDefault, TokenEntry parent, bool isSudo)
    {
        if (asked.Count == 0) return (parent.Policies, false, null);
        if (isSudo) return (asked, !noDefault, null);
        if (PolicyNames.Clean(asked, false).Any(p => !parent.Policies.Contains(p)))
            return ([], false, Fault.Invalid("child policies must be subset of parent"));
        return (asked, !noDefault && parent.Policies.Contains("default"), null);
    }

    private static (IReadOnlyList<string> Policies, bool AddDefault, Fault? Fault) OfRole(
        IReadOnlyList<string> asked, bool noDefault, TokenRole role, TokenEntry parent, bool isSudo)
    {
        var addDefault = !noDefault && !role.NoDefaultPolicy && !role.DisallowedPolicies.Contains("default");
        var wanted = asked.Count > 0 ? PolicyNames.Clean(asked, addDefault) : [];
        if (role.AllowedPolicies.Count > 0)
        {
            var allowed = PolicyNames.Clean(role.AllowedPolicies, addDefault);
            if (wanted.Count == 0) wanted = allowed;
            else if (wanted.Any(p => !allowed.Contains(p) && !FitsAny(role.AllowedPoliciesGlob, p)))
                return ([], false, Fault.Invalid(
                    $"token policies ({Shown(wanted)}) must be subset of the role's allowed "
                    + $"policies ({Shown(allowed)})"));
        }
        else if (wanted.Count == 0) wanted = PolicyNames.Clean(parent.Policies, addDefault);
        // Vault 1.8 does not know the glob lists, and its clients see a root caller pass them; for everyone else they
        // hold.
        else if (role.AllowedPoliciesGlob.Count > 0 && !isSudo
            && wanted.Any(p => p != "default" && !FitsAny(role.AllowedPoliciesGlob, p)))
            return ([], false, Fault.Invalid(
                $"token policies ({Shown(wanted)}) must be subset of the role's allowed policies "
                + $"({Shown(role.AllowedPolicies)}) or glob policies ({Shown(role.AllowedPoliciesGlob)})"));
        foreach (var policy in wanted)
            if (role.DisallowedPolicies.Contains(policy) || (!isSudo && FitsAny(role.DisallowedPoliciesGlob, policy)))
                return ([], false, Fault.Invalid($"token policy \"{policy}\" is disallowed by this role"));
        return (wanted, false, null);
    }

    private static bool FitsAny(IReadOnlyList<string> patterns, string name) => patterns.Any(p => Fits(p, name));

    private static string Shown(IReadOnlyList<string> names) => $"[{string.Join(' ', names.Select(n => $"\"{n}\""))}]";
}
