using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Kist.Formats.Age;

/// <summary>The key and nonce that HPKE (RFC 9180, 5.1) derives for one message in base mode, with HKDF-SHA256 and
/// ChaCha20-Poly1305.</summary>
internal static class Hpke
{
    private const ushort HkdfSha256 = 1;
    private const ushort ChaCha20Poly1305 = 3;
    private const int HashBytes = 32;

    /// <summary>Derives the key (32 bytes) and the nonce (12 bytes).</summary>
    public static void Derive(
        ushort kem, ReadOnlySpan<byte> shared, ReadOnlySpan<byte> info, Span<byte> key, Span<byte> nonce)
    {
        Span<byte> suite = stackalloc byte[10];
        "HPKE"u8.CopyTo(suite);
        BinaryPrimitives.WriteUInt16BigEndian(suite[4..], kem);
        BinaryPrimitives.WriteUInt16BigEndian(suite[6..], HkdfSha256);
        BinaryPrimitives.WriteUInt16BigEndian(suite[8..], ChaCha20Poly1305);

        Span<byte> context = stackalloc byte[1 + 2 * HashBytes]; // begins with the mode: base, 0
        context[0] = 0;
        Extract(suite, [], "psk_id_hash"u8, [], context[1..33]);
        Extract(suite, [], "info_hash"u8, info, context[33..]);
        Span<byte> secret = stackalloc byte[HashBytes];
        Extract(suite, shared, "secret"u8, [], secret);
        Expand(suite, secret, "key"u8, context, key);
        Expand(suite, secret, "base_nonce"u8, context, nonce);
        CryptographicOperations.ZeroMemory(secret);
    }

    private static void Extract(ReadOnlySpan<byte> suite, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> label,
        ReadOnlySpan<byte> input, Span<byte> output)
    {
        ReadOnlySpan<byte> labelled = [.. "HPKE-v1"u8, .. suite, .. label, .. input];
        HKDF.Extract(HashAlgorithmName.SHA256, labelled, salt, output);
    }

    private static void Expand(ReadOnlySpan<byte> suite, ReadOnlySpan<byte> secret, ReadOnlySpan<byte> label,
        ReadOnlySpan<byte> context, Span<byte> output)
    {
        ReadOnlySpan<byte> info = [0, (byte)output.Length, .. "HPKE-v1"u8, .. suite, .. label, .. context];
        HKDF.Expand(HashAlgorithmName.SHA256, secret, output, info);
    }
}
