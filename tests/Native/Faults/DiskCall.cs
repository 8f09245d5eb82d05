using System.Runtime.InteropServices;

namespace Kist.Native.Tests.Faults;

/// <summary>What a server does to its files, told apart by the system calls it uses.</summary>
internal enum DiskCall
{
    /// <summary>Something else, which no fault touches.</summary>
    Other,
    /// <summary>Appends to a file: the audit.</summary>
    Append,
    /// <summary>Writes at a place in a file: the database and its log.</summary>
    Write,
    /// <summary>Waits for a file to be on the medium: a commit.</summary>
    Sync,
}

/// <summary>The errors that media give.</summary>
internal static class Errno
{
    public const int InputOutput = 5, NoSpace = 28, ReadOnly = 30, OverQuota = 122;
}

/// <summary>One instruction of a filter (struct sock_filter).</summary>
internal record struct Instruction(ushort Code, byte IfTrue, byte IfFalse, uint Operand);

/// <summary>The numbers of system calls on this processor, and the filter made of them.</summary>
internal static class Numbers
{
    private const ushort Load = 0x20, JumpIfEqual = 0x15, JumpIfAbove = 0x25, Return = 0x06;
    private const uint Allow = 0x7FFF_0000, Ask = 0x7FC0_0000;

    // Offsets in struct seccomp_data; the low half of an argument comes first on both processors.
    private const uint Number = 0, Descriptor = 16, Count = 32;

    private static readonly bool s_isArm = RuntimeInformation.ProcessArchitecture is Architecture.Arm64;

    public static int Seccomp => s_isArm ? 277 : 317;

    private static uint Append => s_isArm ? 64u : 1u;

    private static uint WriteAt => s_isArm ? 68u : 18u;

    private static uint SyncAll => s_isArm ? 82u : 74u;

    private static uint SyncData => s_isArm ? 83u : 75u;

    public static DiskCall CallOf(int number) =>
        number == Append ? DiskCall.Append
        : number == WriteAt ? DiskCall.Write
        : number == SyncAll || number == SyncData ? DiskCall.Sync
        : DiskCall.Other;

    /// <summary>
    /// Asks about the calls above, and of the appends only about those that can be audit lines: not to the standard
    /// streams, and longer than the lines of the server's log and what the runtime writes into its own pipes.
    /// </summary>
    public static Instruction[] Filter() =>
    [
        new(Load, 0, 0, Number),
        new(JumpIfEqual, 8, 0, WriteAt),
        new(JumpIfEqual, 7, 0, SyncAll),
        new(JumpIfEqual, 6, 0, SyncData),
        new(JumpIfEqual, 0, 4, Append),
        new(Load, 0, 0, Descriptor),
        new(JumpIfAbove, 0, 2, 2),
        new(Load, 0, 0, Count),
        new(JumpIfAbove, 1, 0, 400),
        new(Return, 0, 0, Allow),
        new(Return, 0, 0, Ask),
    ];
}
