using System.Buffers.Binary;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using ArmAes = System.Runtime.Intrinsics.Arm.Aes;

namespace Kist.Formats.Sops.Crypto;

/// <summary>
/// GHASH (NIST SP 800-38D, 6.4): what .NET's AES-GCM does not offer for nonces that have not 12 bytes. Neither branch
/// nor address depends on a secret, with the processor's carry-less multiplication and without.
/// </summary>
internal struct GHash(ulong high, ulong low)
{
    private readonly ulong _h1 = high;
    private readonly ulong _h0 = low;
    private ulong _y1;
    private ulong _y0;

    /// <summary>With the hash key, the encryption of zeros.</summary>
    public static GHash Of(ReadOnlySpan<byte> key) =>
        new(BinaryPrimitives.ReadUInt64BigEndian(key), BinaryPrimitives.ReadUInt64BigEndian(key[8..]));

    /// <summary>Takes bytes, filled up with zeros to whole blocks.</summary>
    public void Update(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length >= 16)
        {
            Block(BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]));
            bytes = bytes[16..];
        }
        if (bytes.IsEmpty) return;
        Span<byte> last = stackalloc byte[16];
        last.Clear();
        bytes.CopyTo(last);
        Block(BinaryPrimitives.ReadUInt64BigEndian(last), BinaryPrimitives.ReadUInt64BigEndian(last[8..]));
    }

    /// <summary>Takes two numbers.</summary>
    public void Block(ulong first, ulong second)
    {
        _y1 ^= first;
        _y0 ^= second;
        Multiply();
    }

    /// <summary>Writes the 16 bytes of the result.</summary>
    public readonly void Finish(Span<byte> result)
    {
        BinaryPrimitives.WriteUInt64BigEndian(result, _y1);
        BinaryPrimitives.WriteUInt64BigEndian(result[8..], _y0);
    }

    /// <summary>y·h in the field; bits stand the other way round, so that the product is shifted once and what is
    /// reduced is its lower half.</summary>
    private void Multiply()
    {
        var (v1, v0) = ClMul(_y0, _h0);
        var (v3, v2) = ClMul(_y1, _h1);
        var (m1, m0) = ClMul(_y0, _h1);
        var (n1, n0) = ClMul(_y1, _h0);
        v1 ^= m0 ^ n0;
        v2 ^= m1 ^ n1;
        v3 = (v3 << 1) | (v2 >> 63);
        v2 = (v2 << 1) | (v1 >> 63);
        v1 = (v1 << 1) | (v0 >> 63);
        v0 <<= 1;
        v2 ^= v0 ^ (v0 >> 1) ^ (v0 >> 2) ^ (v0 >> 7);
        v1 ^= (v0 << 63) ^ (v0 << 62) ^ (v0 << 57);
        v3 ^= v1 ^ (v1 >> 1) ^ (v1 >> 2) ^ (v1 >> 7);
        v2 ^= (v1 << 63) ^ (v1 << 62) ^ (v1 << 57);
        (_y1, _y0) = (v3, v2);
    }

    private static (ulong High, ulong Low) ClMul(ulong a, ulong b)
    {
        if (Pclmulqdq.IsSupported)
        {
            var product = Pclmulqdq.CarrylessMultiply(Vector128.CreateScalar(a), Vector128.CreateScalar(b), 0);
            return (product.GetElement(1), product.GetElement(0));
        }
        if (ArmAes.IsSupported)
        {
            var product = ArmAes.PolynomialMultiplyWideningLower(Vector64.Create(a), Vector64.Create(b));
            return (product.GetElement(1), product.GetElement(0));
        }
        return ClMulSoftware(a, b);
    }

    /// <summary>The same with shifts and masks, on every processor.</summary>
    internal static (ulong High, ulong Low) ClMulSoftware(ulong a, ulong b)
    {
        var (high, low) = (0UL, 0UL);
        for (var bit = 0; bit < 64; bit++)
        {
            var mask = 0UL - ((b >> bit) & 1);
            low ^= (a << bit) & mask;
            high ^= (bit == 0 ? 0 : a >> (64 - bit)) & mask;
        }
        return (high, low);
    }
}
