namespace Kist.Secrets;

/// <summary>
/// The field GF(2⁸) with the polynomial x⁸+x⁴+x³+x+1 (FIPS 197, 4.2). Addition is exclusive or. No table and no branch
/// depends on an operand, so that neither the cache nor the clock tells what was multiplied.
/// </summary>
internal static class Gf256
{
    private const int Reduction = 0x1B;

    public static byte Multiply(byte a, byte b)
    {
        int product = 0, shifted = a;
        for (var bit = 0; bit < 8; bit++)
        {
            product ^= -((b >> bit) & 1) & shifted;
            shifted = ((shifted << 1) ^ (-(shifted >> 7) & Reduction)) & 0xFF;
        }
        return (byte)product;
    }

    /// <summary>a⁻¹ = a²⁵⁴, and 0 for 0.</summary>
    public static byte Invert(byte a)
    {
        var result = (byte)1;
        var power = a;
        for (var bit = 1; bit < 8; bit++) // 254 is binary 11111110
        {
            power = Multiply(power, power);
            result = Multiply(result, power);
        }
        return result;
    }
}
