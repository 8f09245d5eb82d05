namespace Kist.Kernel.Tests.Barrier;

/// <summary>Every way to flip one bit, every way to cut the end off, and one byte more.</summary>
internal static class Damage
{
    public static IEnumerable<byte[]> Of(ReadOnlyMemory<byte> whole)
    {
        for (var bit = 0; bit < whole.Length * 8; bit++)
        {
            var flipped = whole.ToArray();
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            yield return flipped;
        }
        for (var length = 0; length < whole.Length; length++) yield return whole[..length].ToArray();
        yield return [.. whole.ToArray(), 0];
    }
}
