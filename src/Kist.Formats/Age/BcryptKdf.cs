using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;

namespace Kist.Formats.Age;

/// <summary>
/// The function by which OpenSSH makes a key of a passphrase (bcrypt_pbkdf of OpenBSD): bcrypt's Blowfish under a
/// PBKDF2 of SHA-512. Neither the platform nor a library here has it.
/// </summary>
internal static class BcryptKdf
{
    private const int Half = 64, HashBytes = 32, Words = 18 + 4 * 256;
    private static readonly Lazy<uint[]> s_pi = new(DigitsOfPi);

    /// <summary>Fills <paramref name="key"/>.</summary>
    /// <param name="rounds">At least 1; more take longer.</param>
    public static void Derive(ReadOnlySpan<byte> passphrase, ReadOnlySpan<byte> salt, int rounds, Span<byte> key)
    {
        Span<byte> secret = stackalloc byte[Half], salted = stackalloc byte[Half];
        Span<byte> one = stackalloc byte[HashBytes], all = stackalloc byte[HashBytes];
        SHA512.HashData(passphrase, secret);
        var stride = (key.Length + HashBytes - 1) / HashBytes;
        var numbered = new byte[salt.Length + 4];
        salt.CopyTo(numbered);
        for (var block = 0; block < stride; block++)
        {
            BinaryPrimitives.WriteInt32BigEndian(numbered.AsSpan(salt.Length), block + 1);
            SHA512.HashData(numbered, salted);
            Hash(secret, salted, one);
            one.CopyTo(all);
            for (var round = 1; round < rounds; round++)
            {
                SHA512.HashData(one, salted);
                Hash(secret, salted, one);
                for (var i = 0; i < all.Length; i++) all[i] ^= one[i];
            }
            // The blocks are woven into each other, so that each is needed for any part of the key.
            for (var i = 0; i < HashBytes && i * stride + block < key.Length; i++) key[i * stride + block] = all[i];
        }
        CryptographicOperations.ZeroMemory(secret);
        CryptographicOperations.ZeroMemory(one);
        CryptographicOperations.ZeroMemory(all);
    }

    private static void Hash(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> salt, Span<byte> to)
    {
        var state = (uint[])s_pi.Value.Clone();
        Expand(state, salt, secret);
        for (var i = 0; i < 64; i++)
        {
            Expand(state, default, salt);
            Expand(state, default, secret);
        }
        var text = "OxychromaticBlowfishSwatDynamite"u8;
        for (var at = 0; at < HashBytes; at += 8)
        {
            var left = BinaryPrimitives.ReadUInt32BigEndian(text[at..]);
            var right = BinaryPrimitives.ReadUInt32BigEndian(text[(at + 4)..]);
            for (var i = 0; i < 64; i++) Encipher(state, ref left, ref right);
            BinaryPrimitives.WriteUInt32LittleEndian(to[at..], left);
            BinaryPrimitives.WriteUInt32LittleEndian(to[(at + 4)..], right);
        }
        state.AsSpan().Clear();
    }

    // Mixes the key into the state, and the salt where there is one.
    private static void Expand(uint[] state, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> key)
    {
        for (var i = 0; i < 18; i++) state[i] ^= BinaryPrimitives.ReadUInt32BigEndian(key[(i * 4 % Half)..]);
        uint left = 0, right = 0;
        for (var i = 0; i < Words; i += 2)
        {
            if (!salt.IsEmpty)
            {
                left ^= BinaryPrimitives.ReadUInt32BigEndian(salt[(i * 4 % Half)..]);
                right ^= BinaryPrimitives.ReadUInt32BigEndian(salt[((i + 1) * 4 % Half)..]);
            }
            Encipher(state, ref left, ref right);
            (state[i], state[i + 1]) = (left, right);
        }
    }

    private static void Encipher(uint[] state, ref uint left, ref uint right)
    {
        left ^= state[0];
        for (var i = 1; i <= 16; i += 2)
        {
            right ^= Mix(state, left) ^ state[i];
            left ^= Mix(state, right) ^ state[i + 1];
        }
        (left, right) = (right ^ state[17], left);
    }

    private static uint Mix(uint[] state, uint x) =>
        ((state[18 + (x >> 24)] + state[274 + (x >> 16 & 255)]) ^ state[530 + (x >> 8 & 255)]) + state[786 + (x & 255)];

    // Blowfish begins with the digits of pi behind its point: Machin's formula gives them sooner than a table is read.
    private static uint[] DigitsOfPi()
    {
        const int bits = Words * 32 + 64;
        var pi = 4 * (4 * ArcCotangent(5, bits) - ArcCotangent(239, bits));
        var digits = new uint[Words];
        var fraction = pi - (new BigInteger(3) << bits);
        for (var i = 0; i < Words; i++)
            digits[i] = (uint)((fraction >> (bits - 32 * (i + 1))) & uint.MaxValue);
        return digits;
    }

    private static BigInteger ArcCotangent(int x, int bits)
    {
        var term = (BigInteger.One << bits) / x;
        var sum = term;
        for (var n = 3; !term.IsZero; n += 2)
        {
            term /= x * x;
            sum += n % 4 == 3 ? -(term / n) : term / n;
        }
        return sum;
    }
}
