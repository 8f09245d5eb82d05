using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Kist.Scan.Matching;

/// <summary>
/// The four bytes with which each of some thousand texts begins, in any case, and what to do where one stands. Where
/// to look at all is <see cref="GramFilter"/>'s to say; bits for what the texts' first four bytes hash to then say no
/// almost everywhere, others for their first eight nearly everywhere else, and a hash table which targets the rest has.
/// </summary>
internal sealed class GramIndex
{
    private const uint Fold = 0x20202020;
    private const ulong FoldAll = 0x2020202020202020;
    private const int BitmapBits = 17;
    private const ulong Mix = 0x9E3779B97F4A7C15;

    // Both stay in the first-level cache, 16 KiB each.
    private readonly ulong[] _beginnings = new ulong[1 << (BitmapBits - 6)];
    private readonly ulong[] _texts = new ulong[1 << (BitmapBits - 6)];
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

    /// <summary>
    /// Writes the places from <paramref name="from"/> up to <paramref name="to"/> at which a known text may begin to
    /// <paramref name="places"/>, which has room for all of them, and says how many there are. Four bytes must stand at
    /// each.
    /// </summary>
    public int Find(ReadOnlySpan<byte> text, int from, int to, Span<int> places)
    {
        ref var start = ref MemoryMarshal.GetReference(text);
        ref var place = ref MemoryMarshal.GetReference(places);
        nint count = 0;
        for (var block = from; block < to; block += GramFilter.Width)
        {
            var mask = Filter.Mask(text, block);
            if (block + GramFilter.Width > to) mask &= (1UL << (to - block)) - 1;
            if (mask != 0) count += Find(mask, ref start, block, ref Unsafe.Add(ref place, count));
        }
        return Confirm(text, ref place, (int)count);
    }

    // Of these places those at which eight bytes are the beginning of a known text too; near the end of the text all.
    private int Confirm(ReadOnlySpan<byte> text, ref int places, int count)
    {
        ref var texts = ref MemoryMarshal.GetArrayDataReference(_texts);
        ref var start = ref MemoryMarshal.GetReference(text);
        var last = text.Length - sizeof(ulong);
        nint confirmed = 0;
        for (var i = 0; i < count; i++)
        {
            var at = Unsafe.Add(ref places, i);
            Unsafe.Add(ref places, confirmed) = at;
            confirmed += at > last ? 1 : (nint)IsText(
                ref texts, Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref start, at)) | FoldAll);
        }
        return (int)confirmed;
    }

    // 1 if a known text may begin with these folded bytes, else 0.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong IsText(ref ulong texts, ulong folded)
    {
        var four = Hash((uint)folded);
        var six = four + HashFifth((ushort)(folded >> 32));
        var all = six + HashSeventh((ushort)(folded >> 48));
        return HasBits(ref texts, four) | HasBits(ref texts, six) | HasBits(ref texts, all);
    }

    // Of one block. On its own, so that all it needs stays in registers.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private nint Find(ulong mask, ref byte start, int block, ref int places)
    {
        ref var beginnings = ref MemoryMarshal.GetArrayDataReference(_beginnings);
        nint count = 0;
        for (; mask != 0; mask &= mask - 1)
        {
            var at = block + BitOperations.TrailingZeroCount(mask);
            var hash = Hash(Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref start, at)) | Fold);
            // Written in any case: a branch here would be guessed wrongly too often.
            Unsafe.Add(ref places, count) = at;
            count += (nint)HasBits(ref beginnings, hash);
        }
        return count;
    }

    /// <summary>
    /// The first link of the targets of a text's first eight bytes; 0 if there are none. For places that were found.
    /// </summary>
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
        AddBits(_beginnings, Hash(gram));
        var hash = Hash(gram);
        var known = BitOperations.PopCount(link.Mask);
        if (known >= 16) hash += HashFifth((ushort)link.Rest);
        if (known >= 32) hash += HashSeventh((ushort)(link.Rest >> 16));
        AddBits(_texts, hash);
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

    // The upper half of a product depends on all bits of the lower half of a factor.
    private static ulong Hash(uint four) => four * Mix;

    // What the fifth and sixth byte, and the last two, add to it.
    private static ulong HashFifth(ushort two) => two * 0xC2B2AE3D27D4EB4FUL;

    private static ulong HashSeventh(ushort two) => two * 0x165667B19E3779F9UL;

    private static int Slot(uint gram, int mask) => (int)(Hash(gram) >> 40) & mask;

    // Two bits of a word of the bitmap.
    private static void AddBits(ulong[] bitmap, ulong hash) =>
        bitmap[hash >> (64 - BitmapBits + 6)] |= 1UL << (int)(hash >> 32) | 1UL << (int)(hash >> 38);

    // 1 if both are set, else 0.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong HasBits(ref ulong bitmap, ulong hash)
    {
        var word = Unsafe.Add(ref bitmap, (nuint)(hash >> (64 - BitmapBits + 6)));
        return word >> (int)(hash >> 32) & word >> (int)(hash >> 38) & 1;
    }

    // One target of four bytes: what must follow them, as far as the mask says.
    private readonly record struct Link(uint Rest, uint Mask, int Target, int Next);
}
