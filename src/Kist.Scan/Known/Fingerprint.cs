using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Kist.Scan.Known;

/// <summary>
/// The fingerprint of one spelling of a value: enough to recognise it where it stands, too little to write it down.
/// </summary>
/// <param name="Secret">Which secret: a path, or a path and a field.</param>
/// <param name="Form">The spelling.</param>
/// <param name="Length">The bytes of the spelling.</param>
/// <param name="Prefix">32 keyed bits of its first eight bytes.</param>
/// <param name="Hash">The first 16 bytes of its HMAC-SHA256.</param>
public sealed record Fingerprint(string Secret, SpellingForm Form, int Length, uint Prefix, byte[] Hash)
{
    /// <summary>The bytes by which a spelling is searched.</summary>
    public const int Window = 8;

    /// <summary>The bytes of a fingerprint's hash.</summary>
    public const int HashBytes = 16;

    /// <summary>The bytes of the key.</summary>
    public const int KeyBytes = 32;

    /// <summary>The bytes of a fingerprint as it is sent: form, length, prefix, hash, integers little-endian.</summary>
    public const int WireBytes = 1 + 2 + 4 + HashBytes;

    /// <summary>Values shorter than this, or of fewer guessable bits than 64, get no fingerprint: it would give them
    /// away.</summary>
    public const int LeastBytes = 12;

    /// <summary>Longer values get none: content is scanned in pieces, and each spelling must fit where two
    /// overlap.</summary>
    public const int MostBytes = 5 * 1024;

    private const double LeastBits = 64;

    /// <summary>Whether a value is hard enough to guess for its fingerprints to be handed out.</summary>
    public static bool IsSafe(ReadOnlySpan<byte> value) =>
        value.Length is >= LeastBytes and <= MostBytes
        && Matching.Randomness.Entropy(value) * value.Length * 1.5 >= LeastBits
        && Matching.Placeholders.InToken(value) is null && !Matching.Placeholders.IsSequence(value);

    /// <summary>The fingerprints of every spelling of a value. No copy of it stays anywhere.</summary>
    /// <param name="key">32 random bytes, new for every answer.</param>
    /// <param name="secret">Which secret it is.</param>
    /// <param name="value">Its bytes, at most <see cref="MostBytes"/>.</param>
    public static List<Fingerprint> Of(byte[] key, string secret, ReadOnlySpan<byte> value)
    {
        var made = new List<Fingerprint>();
        Spelling.EachOf(value, (form, spelling) =>
        {
            if (spelling.Length < Window) return;
            var hash = HashOf(key, spelling);
            // Two spellings of one value are often the same.
            if (!made.Exists(other => other.Hash.AsSpan().SequenceEqual(hash)))
                made.Add(new Fingerprint(secret, form, spelling.Length, PrefixOf(key, spelling), hash));
        });
        return made;
    }

    /// <summary>Writes what is sent.</summary>
    public void WriteTo(Span<byte> wire)
    {
        wire[0] = (byte)Form;
        BinaryPrimitives.WriteUInt16LittleEndian(wire[1..], checked((ushort)Length));
        BinaryPrimitives.WriteUInt32LittleEndian(wire[3..], Prefix);
        Hash.CopyTo(wire[7..]);
    }

    /// <summary>Reads what was sent; null when it is no fingerprint that this program knows.</summary>
    public static Fingerprint? Read(string secret, ReadOnlySpan<byte> wire)
    {
        if (wire.Length != WireBytes || wire[0] > (byte)SpellingForm.Json) return null;
        var length = BinaryPrimitives.ReadUInt16LittleEndian(wire[1..]);
        return length < Window ? null : new Fingerprint(
            secret, (SpellingForm)wire[0], length, BinaryPrimitives.ReadUInt32LittleEndian(wire[3..]),
            wire[7..].ToArray());
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
}
