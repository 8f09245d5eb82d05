using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Kist.Secrets;

/// <summary>
/// Says of sixteen places at once at which of them a form may begin: by three bytes, each looked up by its halves, for
/// eight groups of forms. Never no where one begins.
/// </summary>
internal sealed class FormFilter
{
    /// <summary>How many places one mask covers. So many bytes and two more must be there.</summary>
    public const int Width = 16;

    /// <summary>How many groups there are.</summary>
    public const int Groups = 8;

    // For each of three places a table for the lower and one for the upper half of the byte.
    private readonly byte[] _tables = new byte[6 * 16];

    /// <summary>Lets through what begins so. Forms of one group should be alike.</summary>
    public void Add(byte first, byte second, byte third, int group)
    {
        AddTo(0, first, group);
        AddTo(32, second, group);
        AddTo(64, third, group);
    }

    /// <summary>A bit for each of the places from <paramref name="at"/> on at which a form may begin.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint Mask(ref byte at) => Ssse3.IsSupported ? Mask<LookUpOfX86>(ref at)
        : AdvSimd.Arm64.IsSupported ? Mask<LookUpOfArm>(ref at) : Mask<LookUpOfAny>(ref at);

    /// <summary>Forgets all forms.</summary>
    public void Clear() => Array.Clear(_tables);

    private uint Mask<T>(ref byte at) where T : struct, ILookUp
    {
        ref var tables = ref MemoryMarshal.GetArrayDataReference(_tables);
        var groups = GroupsOf<T>(ref tables, ref at, 0) & GroupsOf<T>(ref tables, ref at, 1)
            & GroupsOf<T>(ref tables, ref at, 2);
        return ~Vector128.Equals(groups, Vector128<byte>.Zero).ExtractMostSignificantBits() & 0xFFFF;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> GroupsOf<T>(ref byte tables, ref byte at, nuint place) where T : struct, ILookUp
    {
        var bytes = Vector128.LoadUnsafe(ref at, place);
        var half = Vector128.Create((byte)0x0F);
        return T.LookUp(Vector128.LoadUnsafe(ref tables, place * 32), bytes & half)
            & T.LookUp(Vector128.LoadUnsafe(ref tables, place * 32 + 16), (bytes.AsUInt16() >>> 4).AsByte() & half);
    }

    private void AddTo(int table, byte value, int group)
    {
        _tables[table + (value & 15)] |= (byte)(1 << group);
        _tables[table + 16 + (value >> 4)] |= (byte)(1 << group);
    }
}
