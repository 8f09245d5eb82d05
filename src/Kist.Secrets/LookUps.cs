using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Kist.Secrets;

/// <summary>Sixteen look-ups at once, named by processor: ahead of time the portable one becomes a loop.</summary>
internal interface ILookUp
{
    /// <summary>The entries of the table at these places, each below 16.</summary>
    static abstract Vector128<byte> LookUp(Vector128<byte> table, Vector128<byte> at);
}

/// <summary>Of processors with SSSE3.</summary>
internal readonly struct LookUpOfX86 : ILookUp
{
    public static Vector128<byte> LookUp(Vector128<byte> table, Vector128<byte> at) => Ssse3.Shuffle(table, at);
}

/// <summary>Of ARM's 64-bit processors.</summary>
internal readonly struct LookUpOfArm : ILookUp
{
    public static Vector128<byte> LookUp(Vector128<byte> table, Vector128<byte> at) =>
        AdvSimd.Arm64.VectorTableLookup(table, at);
}

/// <summary>Of any processor.</summary>
internal readonly struct LookUpOfAny : ILookUp
{
    public static Vector128<byte> LookUp(Vector128<byte> table, Vector128<byte> at) => Vector128.Shuffle(table, at);
}
