using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Kist.Kernel.Pipeline;

namespace Kist.Kernel.Node;

/// <summary>
/// What the header <c>X-Vault-Index</c> carries: how far the store was when a request was answered. A client that sends
/// it back, to whatever node, gets no answer from before. In Vault's form, which its Go client takes apart and
/// compares: base64 of <c>v1:CLUSTER:LOCAL:REPLICATED:MAC</c>
/// (https://developer.hashicorp.com/vault/docs/enterprise/consistency).
/// </summary>
public sealed class StateIndex
{
    /// <summary>More states than this are not looked at: a client has one of each cluster.</summary>
    private const int MostStates = 8;

    private const int MacBytes = 16;

    private readonly ChangeFeed _feed;
    private readonly string _clusterId;
    private readonly byte[] _key;

    internal StateIndex(ChangeFeed feed, string clusterId, ReadOnlySpan<byte> clusterKey)
    {
        (_feed, _clusterId) = (feed, clusterId);
        _key = HMACSHA256.HashData(clusterKey, "kist state index v1"u8);
    }

    /// <summary>412: the store has not come as far as the client has seen, or it is another store.</summary>
    public static Fault NotPresent { get; } = new(FaultKind.Precondition, "required index state not present");

    /// <summary>The state after everything that was acknowledged before this call.</summary>
    public async ValueTask<string> NowAsync(CancellationToken ct) => Write(await _feed.NewestAsync(ct));

    /// <summary>
    /// Waits a moment until what is remembered here is as new as all of <paramref name="states"/>; a fault when it
    /// does not become so, or when a state was not written by this cluster.
    /// </summary>
    public async ValueTask<Fault?> RequireAsync(IReadOnlyList<string?> states, CancellationToken ct)
    {
        var required = 0L;
        // Repeated headers may arrive as one with commas (RFC 9110 section 5.3); a state has none in it.
        var given = string.Join(',', states).Split(',', MostStates + 1, StringSplitOptions.TrimEntries);
        if (given.Length > MostStates) return Fault.Invalid("too many X-Vault-Index headers");
        foreach (var state in given)
        {
            if (!TryRead(state, out var cluster, out var revision))
                return Fault.Invalid("the X-Vault-Index header is not a state that this server has given");
            if (cluster != _clusterId) return NotPresent;
            required = Math.Max(required, revision);
        }
        return await _feed.ReachAsync(required, ct) ? null : NotPresent;
    }

    private string Write(long revision)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"v1:{_clusterId}:{revision}:{revision}");
        return Convert.ToBase64String(Encoding.ASCII.GetBytes($"{text}:{MacOf(text)}"));
    }

    private bool TryRead(string state, out string cluster, out long revision)
    {
        (cluster, revision) = ("", 0);
        Span<byte> bytes = stackalloc byte[256];
        if (!Convert.TryFromBase64String(state, bytes, out var length)) return false;
        var text = Encoding.ASCII.GetString(bytes[..length]);
        var parts = text.Split(':');
        if (parts.Length != 5 || parts[0] != "v1") return false;
        cluster = parts[1];
        if (cluster != _clusterId) return true;
        var isOurs = CryptographicOperations.FixedTimeEquals(
            Encoding.ASCII.GetBytes(MacOf(text[..text.LastIndexOf(':')])), Encoding.ASCII.GetBytes(parts[4]));
        return isOurs && long.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out revision);
    }

    private string MacOf(string text)
    {
        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(_key, Encoding.ASCII.GetBytes(text), mac);
        return Convert.ToHexStringLower(mac[..MacBytes]);
    }
}
