using System.Text.Json;
using Kist.Agent.Link;

namespace Kist.Agent.Answers;

/// <summary>What a request that went through the agent has ended.</summary>
internal static class Revocation
{
    private static readonly string[] s_byPrefix =
        ["sys/leases/revoke-prefix/", "sys/leases/revoke-force/", "sys/revoke-prefix/", "sys/revoke-force/"];

    private static readonly string[] s_byId = ["sys/leases/revoke", "sys/revoke"];

    /// <summary>Forgets the leases that a request has ended by its path and body, which was granted.</summary>
    /// <param name="path">Below <c>/v1/</c>, without the query.</param>
    /// <returns>Whether the agent's own token may have been ended.</returns>
    public static bool Follow(LeaseCache leases, string path, ReadOnlyMemory<byte> body)
    {
        path = Uri.UnescapeDataString(path).TrimEnd('/');
        foreach (var start in s_byPrefix)
            if (path.StartsWith(start, StringComparison.Ordinal))
            {
                var prefix = path[start.Length..];
                leases.Drop(id => id.StartsWith(prefix, StringComparison.Ordinal));
                return false;
            }
        foreach (var start in s_byId)
        {
            if (path != start && !path.StartsWith(start + "/", StringComparison.Ordinal)) continue;
            var ended = path.Length > start.Length ? path[(start.Length + 1)..] : IdOf(body);
            leases.Drop(id => id == ended);
            return false;
        }
        return path.StartsWith("auth/token/revoke", StringComparison.Ordinal);
    }

    private static string IdOf(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            return json.RootElement.Text("lease_id");
        }
        catch (JsonException)
        {
            return "";
        }
    }
}
