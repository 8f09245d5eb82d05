using System.Buffers;
using System.Security.Cryptography;
using Kist.Secrets;

namespace Kist.Formats.Age;

/// <summary>The textual beginning of an age file: the file key, wrapped once for each recipient, under a MAC.</summary>
internal sealed class AgeHeader
{
    /// <summary>More than ten thousand post-quantum recipients.</summary>
    public const int MaxBytes = 16 << 20;

    private const int MacBytes = 32;
    private readonly ArrayBufferWriter<byte> _authenticated;
    private readonly byte[] _mac;

    private AgeHeader(IReadOnlyList<AgeStanza> stanzas, ArrayBufferWriter<byte> authenticated, byte[] mac) =>
        (Stanzas, _authenticated, _mac) = (stanzas, authenticated, mac);

    public IReadOnlyList<AgeStanza> Stanzas { get; }

    private static ReadOnlySpan<byte> Version => "age-encryption.org/v1\n"u8;

    /// <summary>Whether the MAC was made with this key over these bytes.</summary>
    public bool IsAuthentic(SecretBuffer fileKey)
    {
        Span<byte> mac = stackalloc byte[MacBytes];
        Authenticate(fileKey, _authenticated.WrittenSpan, mac);
        return CryptographicOperations.FixedTimeEquals(mac, _mac);
    }

    /// <summary>Writes a header for the stanzas.</summary>
    public static void Write(IReadOnlyList<AgeStanza> stanzas, SecretBuffer fileKey, IBufferWriter<byte> output)
    {
        var text = new ArrayBufferWriter<byte>(1024);
        text.Write(Version);
        foreach (var stanza in stanzas) stanza.Write(text);
        text.Write("---"u8);
        Span<byte> mac = stackalloc byte[MacBytes];
        Authenticate(fileKey, text.WrittenSpan, mac);
        text.Write(" "u8);
        RawBase64.Encode(mac, text);
        text.Write("\n"u8);
        output.Write(text.WrittenSpan);
    }

    /// <summary>Reads a header; the input stands at the payload afterwards.</summary>
    public static AgeOutcome<AgeHeader> Read(AgeInput input)
    {
        var text = new ArrayBufferWriter<byte>(1024);
        var stanzas = new List<AgeStanza>();
        if (!Next(out var line)) return Malformed("this is not an age file: it has no first line");
        if (!text.WrittenSpan.SequenceEqual(Version))
            return Malformed(line.StartsWith("age-encryption.org/"u8)
                ? "this version of the age format is not known here" : "this is not an age file");
        while (Next(out line))
        {
            if (!line.StartsWith("---"u8))
            {
                if (!AgeStanza.Read(line, Next).Try(out var stanza, out var fault)) return fault;
                stanzas.Add(stanza);
                continue;
            }
            var mac = new byte[MacBytes + 1];
            if (!line.StartsWith("--- "u8) || line.Length != 47 || !RawBase64.TryDecode(line[4..], mac, out var length)
                || length != MacBytes)
                return Malformed("the last line of the header is no authentication code");
            if (stanzas.Count == 0) return Malformed("the header has no stanza");
            var authenticated = new ArrayBufferWriter<byte>(text.WrittenCount);
            authenticated.Write(text.WrittenSpan[..^45]);
            return AgeOutcome<AgeHeader>.Of(new AgeHeader(stanzas, authenticated, mac[..MacBytes]));
        }
        return Malformed(text.WrittenCount > MaxBytes
            ? "the header has more than 16 MiB" : "the file ends within its header");

        bool Next(out ReadOnlySpan<byte> line)
        {
            var whole = input.TryReadLine(Math.Max(0, MaxBytes - text.WrittenCount), out line);
            text.Write(line);
            if (whole) line = line[..^1];
            return whole;
        }
    }

    private static void Authenticate(SecretBuffer fileKey, ReadOnlySpan<byte> header, Span<byte> mac)
    {
        Span<byte> key = stackalloc byte[32];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, fileKey.Span, key, salt: [], info: "header"u8);
        HMACSHA256.HashData(key, header, mac);
        CryptographicOperations.ZeroMemory(key);
    }

    private static AgeOutcome<AgeHeader> Malformed(string what) =>
        AgeOutcome<AgeHeader>.Failed(AgeFaultKind.Header, what);
}
