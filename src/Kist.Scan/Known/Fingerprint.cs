using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Kist.Scan.Known;

/// <summary>
/// The fingerprint of one spelling of a value: enough to recognise it where it stands, too little to write it down.
/// </summary>
/// <param name="Secret">Which secret: a path, or a path and a field.</param>
/// <param name="Form">The spelling: raw, json, url, hex, base64 or base64url.</param>
/// <param name="Length">The bytes of the spelling.</param>
/// <param name="Prefix">32 keyed bits of its first eight bytes.</param>
/// <param name="Hash">The first 16 bytes of its HMAC-SHA256.</param>
public sealed record Fingerprint(string Secret, string Form, int Length, uint Prefix, byte[] Hash)
{
    /// <summary>The bytes by which a spelling is searched.</summary>
    public const int Window = 8;

    /// <summary>The bytes of a fingerprint's hash.</summary>
    public const int HashBytes = 16;

    /// <summary>Values shorter than this, or of fewer guessable bits than 64, get no fingerprint: it would give them
    /// away.</summary>
    public const int LeastBytes = 12;

    private const double LeastBits = 64;

    /// <summary>Whether a value is hard enough to guess for its fingerprints to be handed out.</summary>
    public static bool IsSafe(ReadOnlySpan<byte> value) =>
        value.Length >= LeastBytes && Matching.Randomness.Entropy(value) * value.Length * 1.5 >= LeastBits
        && Matching.Placeholders.InToken(value) is null && !Matching.Placeholders.IsSequence(value);

    /// <summary>The fingerprints of every spelling of a value.</summary>
    /// <param name="key">32 random bytes, new for every answer.</param>
    public static IEnumerable<Fingerprint> Of(byte[] key, string secret, byte[] value)
    {
        var seen = new HashSet<string>();
        foreach (var (form, spelling) in Spellings(value))
            if (spelling.Length >= Window && seen.Add(Encoding.Latin1.GetString(spelling)))
                yield return new Fingerprint(secret, form, spelling.Length, PrefixOf(key, spelling),
                    HashOf(key, spelling));
    }

    /// <summary>32 keyed bits of the first eight bytes.</summary>
    public static uint PrefixOf(byte[] key, ReadOnlySpan<byte> text)
    {
        var (mask, factor) = Mixers(key);
        return Mix(BinaryPrimitives.ReadUInt64LittleEndian(text), mask, factor);
    }

    /// <summary>The keyed hash.</summary>
    public static byte[] HashOf(byte[] key, ReadOnlySpan<byte> text) => HMACSHA256.HashData(key, text)[..HashBytes];

    internal static (ulong Mask, ulong Factor) Mixers(byte[] key)
    {
        var bytes = HMACSHA256.HashData(key, "kist scan known: window"u8);
        return (BinaryPrimitives.ReadUInt64LittleEndian(bytes),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(8)) | 1);
    }

    internal static uint Mix(ulong window, ulong mask, ulong factor) => (uint)(((window ^ mask) * factor) >> 32);

    private static IEnumerable<(string Form, byte[] Spelling)> Spellings(byte[] value)
    {
        yield return ("raw", value);
        yield return ("hex", Encoding.ASCII.GetBytes(Convert.ToHexStringLower(value)));
        yield return ("hex", Encoding.ASCII.GetBytes(Convert.ToHexString(value)));
        for (var before = 0; before < 3; before++)
        {
            var inner = InnerBase64(value, before);
            yield return ("base64", inner);
            yield return ("base64url", [.. inner.Select(b => b switch
            {
                (byte)'+' => (byte)'-', (byte)'/' => (byte)'_', _ => b,
            })]);
        }
        if (!IsText(value, out var text)) yield break;
        yield return ("url", Encoding.ASCII.GetBytes(Uri.EscapeDataString(text)));
        yield return ("json", System.Text.Json.JsonEncodedText.Encode(text).EncodedUtf8Bytes.ToArray());
        yield return ("json", System.Text.Json.JsonEncodedText.Encode(
            text, System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping).EncodedUtf8Bytes.ToArray());
    }

    // The letters that stay the same whatever stands before (of which only the count modulo three matters) and after.
    private static byte[] InnerBase64(byte[] value, int before)
    {
        byte[] shifted = [.. new byte[before], .. value];
        var encoded = new byte[Base64.GetMaxEncodedToUtf8Length(shifted.Length)];
        Base64.EncodeToUtf8(shifted, encoded, out _, out _);
        return encoded[(before == 0 ? 0 : before + 1)..(shifted.Length * 8 / 6)];
    }

    private static bool IsText(byte[] value, out string text)
    {
        text = Encoding.UTF8.GetString(value);
        return !text.Contains('\uFFFD', StringComparison.Ordinal);
    }
}
