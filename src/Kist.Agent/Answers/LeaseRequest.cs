using System.Security.Cryptography;

namespace Kist.Agent.Answers;

/// <summary>A request with the agent's token, whose answer may hold a lease.</summary>
/// <param name="Target">Path and query as sent, with <c>/v1/</c>.</param>
/// <param name="Body">A hash of the body; empty: there was none.</param>
internal sealed record LeaseRequest(string Method, string Namespace, string Target, string Body)
{
    // The server's own, and what goes on without an end.
    private static readonly string[] s_without = ["sys/", "auth/", "identity/", "cubbyhole/", "agent/"];

    /// <summary>The request; null: its answer holds no lease that could be given again.</summary>
    public static LeaseRequest? Of(string method, string space, string target, ReadOnlySpan<byte> body)
    {
        if (method is not ("GET" or "POST" or "PUT") || !target.StartsWith("/v1/", StringComparison.Ordinal))
            return null;
        foreach (var start in s_without)
            if (target.AsSpan(4).StartsWith(start, StringComparison.Ordinal)) return null;
        return new LeaseRequest(
            method, space.Trim('/'), target, body.IsEmpty ? "" : Convert.ToHexString(SHA256.HashData(body)));
    }
}
