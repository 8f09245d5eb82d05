using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace Kist.Server.Configuration;

/// <summary>Addresses to listen on, as people write them.</summary>
public static class Address
{
    /// <summary>
    /// Reads <c>127.0.0.1:8200</c>, <c>[::1]:8200</c>, <c>localhost:8200</c>, <c>:8200</c>, <c>0.0.0.0:8200</c>.
    /// </summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out IPEndPoint? endPoint)
    {
        endPoint = null;
        if (text.StartsWith(':')) text = "[::]" + text;
        if (text.StartsWith("localhost:", StringComparison.OrdinalIgnoreCase)) text = "127.0.0.1"
            + text["localhost".Length..];
        if (!IPEndPoint.TryParse(text, out var parsed)) return false;
        if (parsed.Port == 0 && !text.EndsWith(":0", StringComparison.Ordinal)) parsed.Port = 8200;
        endPoint = parsed;
        return true;
    }
}
