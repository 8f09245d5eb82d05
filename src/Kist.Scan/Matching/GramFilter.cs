using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using Kist.Secrets;

namespace Kist.Scan.Matching;

/// <summary>
/// Says of 64 places, sixteen at once, at which of them a gram may stand. Nearly all begin where a word does, and there
/// the first two bytes decide; the few that may stand within a word are told by three bytes, each looked up by its
/// halves.
/// </summary>
internal sealed class GramFilter
{
    /// <summary>How many places one mask covers.</summary>
    public const int Width = 64;

    private const int Block = 16, Before = 3, After = 2, First = 96, Second = 128;

    // For both halves of a byte, which of eight groups it may belong to: two tables for each place of three; for first
    // bytes, where each group is of one upper half, which makes the answer exact; and for what follows the
    // first bytes of each of those groups: signs have few successors.
    private readonly byte[] _tables = new byte[10 * 16];
    private int _groups;

    /// <summary>Lets through what begins with these sets of folded bytes.</summary>
    public void Add(ReadOnlySpan<byte[]> choices, bool anywhere)
    {
        var isInner = false;
        foreach (var one in choices[0])
        {
            // What is no letter and no digit counts as a beginning wherever it stands.
            if (anywhere && ByteSet.Base62.Contains(one)) isInner = true;
            else AddFirst(one, choices[1]);
        }
        if (!isInner) return;
        var group = 1 << (_groups++ & 7);
        for (var place = 0; place < 3; place++)
            foreach (var one in choices[place]) AddTo(place * 32, one, group);
    }

    /// <summary>
    /// A bit for each of the places from <paramref name="at"/> on at which a gram may stand. Places behind the end of
    /// the text may have theirs set, too.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Mask(ReadOnlySpan<byte> text, int at) => at >= Before && at + Width + After <= text.Length
        ? Mask(ref Unsafe.Add(ref MemoryMarshal.GetReference(text), at)) : MaskAtEnd(text, at);

    private ulong MaskAtEnd(ReadOnlySpan<byte> text, int at)
    {
        Span<byte> around = stackalloc byte[Before + Width + After];
        around.Fill((byte)'\n');
        var from = Math.Max(0, at - Before);
        var known = text[from..Math.Min(text.Length, at + Width + After)];
        known.CopyTo(around[(from - at + Before)..]);
        return Mask(ref around[Before]);
    }

    private ulong Mask(ref byte at) =>
        Ssse3.IsSupported ? Mask<LookUpOfX86>(ref at)
        : AdvSimd.Arm64.IsSupported ? Mask<LookUpOfArm>(ref at) : Mask<LookUpOfAny>(ref at);

    private ulong Mask<T>(ref byte at) where T : struct, ILookUp
    {
        var mask = 0UL;
        for (var block = Width - Block; block >= 0; block -= Block)
            mask = mask << Block | BlockMask<T>(ref Unsafe.Add(ref at, block));
        return mask;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private uint BlockMask<T>(ref byte at) where T : struct, ILookUp
    {
        ref var tables = ref MemoryMarshal.GetArrayDataReference(_tables);
        var now = Vector128.LoadUnsafe(ref at);
        var second = Vector128.LoadUnsafe(ref at, 1) | Vector128.Create((byte)0x20);
        var third = Vector128.LoadUnsafe(ref at, 2) | Vector128.Create((byte)0x20);
        var folded = now | Vector128.Create((byte)0x20);
        var first = Groups<T>(ref tables, First, folded) & Groups<T>(ref tables, Second, second)
            & Begins(ref at, now, folded);
        var inner = Groups<T>(ref tables, 0, folded) & Groups<T>(ref tables, 32, second)
            & Groups<T>(ref tables, 64, third);
        return ~Vector128.Equals(first | inner, Vector128<byte>.Zero).ExtractMostSignificantBits() & 0xFFFF;
    }

    // Where a word begins: behind what is no letter (a number: no figure either), at a hump, behind an escape such as
    // \n or %3D; or no word at all.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Begins(ref byte at, Vector128<byte> now, Vector128<byte> folded)
    {
        var last = Vector128.LoadUnsafe(ref Unsafe.Subtract(ref at, 1));
        var isHump = Within(now, (byte)'A', 25) & ~Within(last, (byte)'A', 25);
        var isEscaped = Vector128.Equals(
                Vector128.LoadUnsafe(ref Unsafe.Subtract(ref at, 2)), Vector128.Create((byte)'\\'))
            | Vector128.Equals(Vector128.LoadUnsafe(ref Unsafe.Subtract(ref at, 3)), Vector128.Create((byte)'%'));
        var isAfterLetter = Within(last | Vector128.Create((byte)0x20), (byte)'a', 25);
        var isAfterDigit = Within(last, (byte)'0', 9);
        var isLetter = Within(folded, (byte)'a', 25);
        var isDigit = Within(now, (byte)'0', 9);
        return ~(isAfterLetter & isLetter | (isAfterLetter | isAfterDigit) & isDigit) | isHump | isEscaped;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Within(Vector128<byte> bytes, byte first, byte count) =>
        Vector128.LessThanOrEqual(bytes - Vector128.Create(first), Vector128.Create(count));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Groups<T>(ref byte tables, int from, Vector128<byte> bytes)
        where T : struct, ILookUp
    {
        var low = Vector128.LoadUnsafe(ref tables, (nuint)from);
        var high = Vector128.LoadUnsafe(ref tables, (nuint)from + 16);
        var half = Vector128.Create((byte)0x0F);
        return T.LookUp(low, bytes & half) & T.LookUp(high, (bytes.AsUInt16() >>> 4).AsByte() & half);
    }

    private void AddFirst(byte first, byte[] seconds)
    {
        var group = 1 << GroupOf(first);
        AddTo(First, first, group);
        foreach (var second in seconds) AddTo(Second, second, group);
    }

    // Its upper half; signs apart from the figures beside them, and from each other, since other bytes follow them.
    private static int GroupOf(byte first) => (first >> 4, first & 15) switch
    {
        (2, < 4) => 4,
        (2, > 11) => 1,
        (3, > 9) => 0,
        (var upper, _) => upper & 7,
    };

    private void AddTo(int table, byte value, int group)
    {
        _tables[table + (value & 15)] |= (byte)group;
        _tables[table + 16 + (value >> 4)] |= (byte)group;
    }
}
