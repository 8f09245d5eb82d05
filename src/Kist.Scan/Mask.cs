using System.Text;

namespace Kist.Scan;

/// <summary>Shows enough of a secret to recognise it, and too little to use it.</summary>
public static class Mask
{
    private const int MaxPrefix = 8;

    /// <summary>
    /// The secret's well-known prefix (up to its last mark among the first bytes) or its first two characters, and
    /// stars;
    /// of short ones nothing.
    /// </summary>
    public static string Of(ReadOnlySpan<byte> secret)
    {
        if (secret.StartsWith("-----BEGIN"u8))
        {
            var end = secret[5..].IndexOf("-----"u8);
            return end < 0 ? "-----BEGIN" : Encoding.ASCII.GetString(secret[..(end + 10)]) + " ****";
        }
        if (secret.Length < 12) return "****";
        var prefix = secret[..MaxPrefix].LastIndexOfAny((byte)'_', (byte)'-', (byte)'.') + 1;
        if (prefix is 0 || secret.Length < 24) prefix = Math.Min(Math.Max(prefix, 2), 4);
        var shown = secret[..prefix];
        foreach (var one in shown)
            if (one is < 0x21 or > 0x7E) return "****";
        return Encoding.ASCII.GetString(shown) + "****";
    }
}
