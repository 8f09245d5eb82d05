using Kist.Agent.Answers;

namespace Kist.Agent.Front;

/// <summary>What <c>/agent/v1/cache-clear</c> forgets.</summary>
internal static class CacheClear
{
    /// <summary>Forgets; what is wrong with the request, or null.</summary>
    public static string? Run(Access access, string type, string value, string space)
    {
        var cache = access.Cache;
        if (type != "all" && type.Length > 0 && value.Length == 0) return "failed to clear cache: no value provided";
        switch (type)
        {
            case "all":
                cache.Drop(static _ => true);
                access.Leases.Drop(static _ => true);
                return null;
            case "request_path":
                var target = "/" + value.TrimStart('/');
                cache.Drop(key => key.Namespace.Trim('/') == space.Trim('/') && IsBelow(key.Target, target));
                access.Leases.DropRequests(
                    asked => asked.Namespace == space.Trim('/') && IsBelow(asked.Target, target));
                return null;
            case "token":
                var owner = AnswerReads.OwnerOf(value);
                var isAgents = access.Keeper?.Current == value;
                cache.Drop(key => key.Owner == owner || (isAgents && key.Owner == AnswerKey.Agent));
                if (isAgents) access.Leases.Drop(static _ => true);
                return null;
            case "lease":
                access.Leases.Drop(id => id == value);
                return null;
            case "token_accessor":
                // Nothing is kept under an accessor, so nothing has to go.
                return null;
            default:
                return "failed to clear cache: invalid type provided";
        }
    }

    private static bool IsBelow(string target, string prefix) => target.StartsWith(prefix, StringComparison.Ordinal);
}
