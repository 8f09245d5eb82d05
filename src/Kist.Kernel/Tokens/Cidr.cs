using System.Net;

namespace Kist.Kernel.Tokens;

/// <summary>Address ranges that a token is bound to. A single address stands for itself.</summary>
public static class Cidr
{
    /// <summary>
    /// Reads <c>10.0.0.0/8</c>, <c>127.0.0.1</c> or <c>::1/128</c>. The text comes back as Vault shows it: a range of
    /// one address without its length.
    /// </summary>
    public static bool TryParse(string text, out string shown)
    {
        shown = text;
        if (IPAddress.TryParse(text, out var single))
        {
            shown = single.ToString();
            return true;
        }
        var slash = text.IndexOf('/');
        if (slash < 0 || !IPAddress.TryParse(text.AsSpan(0, slash), out var address)
            || !int.TryParse(text.AsSpan(slash + 1), out var length)) return false;
        var bits = address.AddressFamily is System.Net.Sockets.AddressFamily.InterNetwork ? 32 : 128;
        if (length < 0 || length > bits) return false;
        if (length == bits) shown = address.ToString();
        return true;
    }

    /// <summary>
    /// Whether <paramref name="remote"/> lies in one of the ranges. An IPv4 address that came over IPv6 counts as
    /// itself; no address at all is in no range.
    /// </summary>
    public static bool AnyContains(IReadOnlyList<string> ranges, IPAddress? remote)
    {
        if (remote is null) return false;
        if (remote.IsIPv4MappedToIPv6) remote = remote.MapToIPv4();
        foreach (var range in ranges)
        {
            if (IPAddress.TryParse(range, out var single) ? single.Equals(remote)
                : Contains(range, remote)) return true;
        }
        return false;
    }

    private static bool Contains(string range, IPAddress remote)
    {
        var slash = range.IndexOf('/');
        if (slash < 0 || !IPAddress.TryParse(range.AsSpan(0, slash), out var address)
            || !int.TryParse(range.AsSpan(slash + 1), out var length)
            || address.AddressFamily != remote.AddressFamily) return false;
        var (net, ip) = (address.GetAddressBytes(), remote.GetAddressBytes());
        for (var i = 0; i < net.Length && length > 0; i++, length -= 8)
        {
            var mask = length >= 8 ? 0xFF : 0xFF << (8 - length);
            if (((net[i] ^ ip[i]) & mask) != 0) return false;
        }
        return true;
    }
}
