using System.Security.Cryptography;

namespace Kist.Secrets;

/// <summary>
/// A place for a small secret in locked pages that it shares with others: a page each would exhaust the limit on
/// locked memory (<c>RLIMIT_MEMLOCK</c>, often 8 MiB) after two thousand secrets. Pages are cut into slots of one
/// size, and given-back slots are used again.
/// </summary>
internal sealed unsafe class LockedSlot
{
    /// <summary>Longer secrets get pages of their own.</summary>
    public const int Largest = 4096;

    private const int Smallest = 32;
    private const int SlabBytes = 64 * 1024;

    private static readonly Lock s_gate = new();
    private static readonly Stack<LockedSlot>[] s_free = [[], [], [], [], [], [], [], []];

    private readonly byte* _bytes;
    private readonly int _size;

    private LockedSlot(byte* bytes, int size, bool isLocked)
    {
        _bytes = bytes;
        (_size, IsLocked) = (size, isLocked);
    }

    /// <summary>Whether the system agreed to keep the slot's pages out of the swap space.</summary>
    public bool IsLocked { get; }

    /// <summary>The whole slot; may be longer than what was asked for.</summary>
    public Span<byte> Bytes => new(_bytes, _size);

    /// <summary>Takes a slot of at least <paramref name="length"/> bytes, all zero.</summary>
    public static LockedSlot Rent(int length)
    {
        var free = s_free[ClassOf(length)];
        lock (s_gate)
        {
            if (free.Count == 0) Cut(Smallest << ClassOf(length), free);
            return free.Pop();
        }
    }

    /// <summary>Zeroes the slot and gives it back. Once only.</summary>
    public void Return()
    {
        CryptographicOperations.ZeroMemory(Bytes);
        lock (s_gate) s_free[ClassOf(_size)].Push(this);
    }

    private static int ClassOf(int length)
    {
        var at = 0;
        while (Smallest << at < length) at++;
        return at;
    }

    // The slab is never given back: what a process needed once it will need again.
    private static void Cut(int size, Stack<LockedSlot> free)
    {
        var slab = (byte*)System.Runtime.InteropServices.NativeMemory.AlignedAlloc(
            SlabBytes, (nuint)Environment.SystemPageSize);
        new Span<byte>(slab, SlabBytes).Clear();
        var isLocked = MemoryPages.TryLock(slab, SlabBytes);
        MemoryPages.LeaveOutOfDumps(slab, SlabBytes);
        for (var at = SlabBytes - size; at >= 0; at -= size) free.Push(new LockedSlot(slab + at, size, isLocked));
    }
}
