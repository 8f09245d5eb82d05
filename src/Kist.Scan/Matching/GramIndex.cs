using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Kist.Scan.Matching;

/// <summary>
/// Finds the places at which any of some thousand four-byte beginnings stands, in any case, in one pass that takes
/// about a cycle a byte: a bitmap that fits the first-level cache says no almost everywhere, a hash table says which.
/// </summary>
internal sealed class GramIndex
{
    private const int BitmapBits = 17;
    private const uint Fold = 0x20202020;
    private const uint Mix = 0x9E3779B1;
    private const uint SecondMix = 0x7FEB352D;

    private readonly uint[] _bitmap = new uint[1 << (BitmapBits - 5)];

    // A second bitmap, by another hash, for the few in a hundred that the first lets through by chance.
    private readonly uint[] _second = new uint[1 << (BitmapBits - 5)];
    private uint[] _grams = new uint[1 << 12];
    private int[] _heads = new int[1 << 12];
    private readonly List<(int Target, int Next)> _links = [(0, 0)];
    private int _count;

    /// <summary>Adds what can begin with these four sets of bytes; a hit tells the target.</summary>
    public void Add(ReadOnlySpan<byte[]> choices, int target)
    {
        foreach (var a in choices[0])
            foreach (var b in choices[1])
                foreach (var c in choices[2])
                    foreach (var d in choices[3])
                        Add((uint)(a | (b << 8) | (c << 16) | (d << 24)) | Fold, target);
    }

    /// <summary>The bytes a choice of bytes becomes when cases are one.</summary>
    public static byte[] Folded(IEnumerable<byte> bytes) => [.. bytes.Select(b => (byte)(b | 0x20)).Distinct()];

    /// <summary>The next place from <paramref name="at"/> on at which a known gram stands; the end if none.</summary>
    public unsafe int Next(ReadOnlySpan<byte> text, int at)
    {
        fixed (byte* p = text)
        fixed (uint* bits = _bitmap)
        {
            var i = at;
            for (var last = text.Length - 8; i <= last; i += 4)
            {
                var eight = Unsafe.ReadUnaligned<ulong>(p + i) | 0x2020202020202020;
                var h0 = (uint)eight * Mix >> (32 - BitmapBits);
                var h1 = (uint)(eight >> 8) * Mix >> (32 - BitmapBits);
                var h2 = (uint)(eight >> 16) * Mix >> (32 - BitmapBits);
                var h3 = (uint)(eight >> 24) * Mix >> (32 - BitmapBits);
                var hit = ((bits[h0 >> 5] >> (int)h0) & 1) | (((bits[h1 >> 5] >> (int)h1) & 1) << 1)
                    | (((bits[h2 >> 5] >> (int)h2) & 1) << 2) | (((bits[h3 >> 5] >> (int)h3) & 1) << 3);
                for (; hit != 0; hit &= hit - 1)
                {
                    var shift = int.TrailingZeroCount((int)hit);
                    if (IsSecond((uint)(eight >> (shift * 8)))) return i + shift;
                }
            }
            for (; i <= text.Length - 4; i++)
            {
                var gram = Unsafe.ReadUnaligned<uint>(p + i) | Fold;
                var h = gram * Mix >> (32 - BitmapBits);
                if ((bits[h >> 5] >> (int)h & 1) != 0 && IsSecond(gram)) return i;
            }
        }
        return text.Length;
    }

    /// <summary>The first link of the targets of the gram at <paramref name="at"/>; 0 if there are none.</summary>
    public int First(ReadOnlySpan<byte> text, int at)
    {
        var gram = MemoryMarshal.Read<uint>(text[at..]) | Fold;
        var mask = _grams.Length - 1;
        for (var slot = Slot(gram, mask); _heads[slot] != 0; slot = (slot + 1) & mask)
            if (_grams[slot] == gram) return _heads[slot];
        return 0;
    }

    /// <summary>A link's target and the next link; 0 ends.</summary>
    public (int Target, int Next) Link(int link) => _links[link];

    private bool IsSecond(uint gram)
    {
        var h = gram * SecondMix >> (32 - BitmapBits);
        return (_second[h >> 5] >> (int)h & 1) != 0;
    }

    private void Add(uint gram, int target)
    {
        var h = gram * Mix >> (32 - BitmapBits);
        _bitmap[h >> 5] |= 1u << (int)h;
        h = gram * SecondMix >> (32 - BitmapBits);
        _second[h >> 5] |= 1u << (int)h;
        if (_count * 2 > _grams.Length) Grow();
        ref var head = ref Head(gram);
        if (head != 0 && _links[head].Target == target) return;
        _links.Add((target, head));
        head = _links.Count - 1;
    }

    private ref int Head(uint gram)
    {
        var mask = _grams.Length - 1;
        var slot = Slot(gram, mask);
        while (_heads[slot] != 0 && _grams[slot] != gram) slot = (slot + 1) & mask;
        if (_heads[slot] == 0) _count++;
        _grams[slot] = gram;
        return ref _heads[slot];
    }

    private void Grow()
    {
        var (grams, heads) = (_grams, _heads);
        _grams = new uint[grams.Length * 2];
        _heads = new int[heads.Length * 2];
        _count = 0;
        for (var i = 0; i < grams.Length; i++)
            if (heads[i] != 0) Head(grams[i]) = heads[i];
    }

    private static int Slot(uint gram, int mask) => (int)(gram * 0x85EBCA6B >> 8) & mask;
}
