using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Kist.Scan.Matching;

/// <summary>
/// The four bytes with which each of some thousand texts begins, in any case, and what to do where one stands. Where
/// to look at all is <see cref="GramFilter"/>'s to say; a bitmap of what the texts' first four, six or eight bytes hash
/// to then says no almost everywhere, and a hash table which targets the rest has.
/// </summary>
internal sealed class GramIndex
{
    private const uint Fold = 0x20202020;
    private const ulong FoldAll = 0x2020202020202020;
    private const int BitmapBits = 17;
    private const ulong Mix = 0x9E3779B97F4A7C15;

    private readonly uint[] _bitmap = new uint[1 << (BitmapBits - 5)];
    private uint[] _grams = new uint[1 << 13];
    private ushort[] _heads = new ushort[1 << 13];
    private Link[] _links = new Link[1 << 12];
    private int _linkCount = 1, _count;

    /// <summary>Where to look.</summary>
    public GramFilter Filter { get; } = new();

    /// <summary>Adds what can begin with these four sets of bytes; a hit tells the target.</summary>
    /// <param name="choices">Four sets of folded bytes.</param>
    /// <param name="rest">What must follow, of which the first four bytes count.</param>
    /// <param name="target">What a hit tells.</param>
    /// <param name="anywhere">Whether it may stand within a word; else only where a word begins.</param>
    public void Add(ReadOnlySpan<byte[]> choices, ReadOnlySpan<byte> rest, int target, bool anywhere)
    {
        Filter.Add(choices, anywhere);
        var (next, mask) = (0u, 0u);
        for (var i = 0; i < Math.Min(rest.Length, 4); i++)
        {
            next |= (uint)(rest[i] | 0x20) << (i * 8);
            mask |= 0xFFu << (i * 8);
        }
        var alone = 0;
        foreach (var a in choices[0])
            foreach (var b in choices[1])
                foreach (var c in choices[2])
                    foreach (var d in choices[3])
                        Add((uint)(a | (b << 8) | (c << 16) | (d << 24)), new Link(next, mask, target, 0), ref alone);
    }

    /// <summary>Whether a known text may stand where these eight bytes do. No is certain.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool MayStand(ulong eight)
    {
        var folded = eight | FoldAll;
        ref var bitmap = ref MemoryMarshal.GetArrayDataReference(_bitmap);
        var (four, six, all) = (Hash(folded << 32), Hash(folded << 16), Hash(folded));
        return ((Unsafe.Add(ref bitmap, four >> 5) >> (int)four | Unsafe.Add(ref bitmap, six >> 5) >> (int)six
            | Unsafe.Add(ref bitmap, all >> 5) >> (int)all) & 1) != 0;
    }

    /// <summary>The first link of the targets of a text's first eight bytes; 0 if there are none.</summary>
    public int First(ulong eight)
    {
        var gram = (uint)eight | Fold;
        var mask = _grams.Length - 1;
        for (var slot = Slot(gram, mask); _heads[slot] != 0; slot = (slot + 1) & mask)
            if (_grams[slot] == gram) return Fitting(_heads[slot], eight);
        return 0;
    }

    /// <summary>A link's target and the next link; 0 ends.</summary>
    public (int Target, int Next) Follow(int link, ulong eight) =>
        (_links[link].Target, Fitting(_links[link].Next, eight));

    private int Fitting(int link, ulong eight)
    {
        var rest = (uint)(eight >> 32) | Fold;
        while (link != 0 && (rest & _links[link].Mask) != _links[link].Rest) link = _links[link].Next;
        return link;
    }

    private void Add(uint gram, Link link, ref int alone)
    {
        var known = BitOperations.PopCount(link.Mask) switch { < 16 => 32, < 32 => 16, _ => 0 };
        var hash = Hash(((ulong)link.Rest << 32 | gram) << known);
        _bitmap[hash >> 5] |= 1u << (int)hash;
        if (_count * 4 > _grams.Length * 3) Grow();
        ref var head = ref Head(gram);
        if (head != 0 && _links[head] with { Next = 0 } == link) return;
        if (head != 0 || alone == 0)
        {
            if (_linkCount == _links.Length) Array.Resize(ref _links, _links.Length * 2);
            _links[_linkCount++] = link with { Next = head };
        }
        // Many grams of one text, of which none has another: they share one link.
        if (head == 0 && alone == 0) alone = _linkCount - 1;
        head = checked((ushort)(head == 0 ? alone : _linkCount - 1));
    }

    private ref ushort Head(uint gram)
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
        _heads = new ushort[heads.Length * 2];
        _count = 0;
        for (var i = 0; i < grams.Length; i++)
            if (heads[i] != 0) Head(grams[i]) = heads[i];
    }

    private static uint Hash(ulong bytes) => (uint)(bytes * Mix >> (64 - BitmapBits));

    private static int Slot(uint gram, int mask) => (int)(gram * 0x85EBCA6B >> 8) & mask;

    // One target of four bytes: what must follow them, as far as the mask says.
    private readonly record struct Link(uint Rest, uint Mask, int Target, int Next);
}
