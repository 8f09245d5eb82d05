using System.Text;

namespace Kist.Client.Http;

/// <summary>Names made into paths of the API.</summary>
internal static class ApiPath
{
    /// <summary>Joins parts with single slashes and refuses what could mean another path.</summary>
    public static string Join(params ReadOnlySpan<string> parts)
    {
        var path = new StringBuilder();
        foreach (var part in parts)
        {
            if (part.Trim('/') is not { Length: > 0 } trimmed) continue;
            if (path.Length > 0) path.Append('/');
            path.Append(trimmed);
        }
        var joined = path.ToString();
        if (joined.Length == 0 || joined.Any(char.IsControl) || joined.Split('/').Any(s => s is "" or "." or ".."))
            throw new KistException(KistFailure.Settings,
                "a path is empty, or has an empty, '.' or '..' part, or a control character");
        return joined;
    }

    /// <summary>Percent-encodes each segment.</summary>
    public static string Encode(string path) => string.Join('/', path.Split('/').Select(Uri.EscapeDataString));
}
