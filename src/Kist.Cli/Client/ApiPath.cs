using System.Text;
using Kist.Cli.Output;

namespace Kist.Cli.Client;

/// <summary>Names of secrets, mounts and policies as people type them, made into paths of the API.</summary>
internal static class ApiPath
{
    /// <summary>
    /// Takes slashes off both ends and refuses what could mean another path: empty, <c>.</c> and <c>..</c>
    /// segments and control characters.
    /// </summary>
    public static Problem? Clean(string typed, out string path)
    {
        path = typed.Trim('/');
        if (path.Length == 0) return new Problem("the path is empty", "a path is MOUNT/NAME, such as prod/database");
        foreach (var c in path)
            if (char.IsControl(c)) return new Problem("the path holds a control character");
        foreach (var range in path.AsSpan().Split('/'))
            if (path.AsSpan()[range] is "" or "." or "..")
                return new Problem($"the path {path} has an empty, '.' or '..' part",
                    "name the secret by its own path");
        return null;
    }

    /// <summary>Percent-encodes each segment; a last slash is kept.</summary>
    public static string Encode(string path)
    {
        var encoded = new StringBuilder(path.Length + 16);
        foreach (var range in path.AsSpan().Split('/'))
        {
            if (range.Start.Value > 0) encoded.Append('/');
            encoded.Append(Uri.EscapeDataString(path[range]));
        }
        return encoded.ToString();
    }
}
