using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Kist.Kernel.Tokens;

/// <summary>
/// The keyed hash (HMAC-SHA-256) under which a token is stored and found. A look-up by it compares nothing that an
/// attacker could learn byte by byte.
/// </summary>
public readonly record struct TokenHash(ulong A, ulong B, ulong C, ulong D)
{
    /// <summary>Hashes a token with the cluster's key.</summary>
    public static TokenHash Of(string token, ReadOnlySpan<byte> key)
    {
        Span<byte> text = token.Length <= 128 ? stackalloc byte[Encoding.UTF8.GetMaxByteCount(token.Length)]
            : new byte[Encoding.UTF8.GetMaxByteCount(token.Length)];
        Span<byte> hash = stackalloc byte[32];
        var length = Encoding.UTF8.GetBytes(token, text);
        HMACSHA256.HashData(key, text[..length], hash);
        CryptographicOperations.ZeroMemory(text);
        return new TokenHash(
            BinaryPrimitives.ReadUInt64BigEndian(hash), BinaryPrimitives.ReadUInt64BigEndian(hash[8..]),
            BinaryPrimitives.ReadUInt64BigEndian(hash[16..]), BinaryPrimitives.ReadUInt64BigEndian(hash[24..]));
    }

    /// <summary>64 lower-case hex digits: how the hash stands in keys, records and lease ids.</summary>
    public override string ToString() => $"{A:x16}{B:x16}{C:x16}{D:x16}";
}
