using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Kist.Server.Stores.Sqlite;

/// <summary>
/// Where in the database's file rows lie, with a hash of each: 16 bytes for a row, so that one of a store far larger
/// than memory is read with one <c>pread</c> of nothing but its bytes, instead of by SQLite, which goes through several
/// pages. With 10⁶ secrets that was a quarter of a request.
/// <para>A place is a hint and is checked with each read: what lies there must have the hash (XXH3, 64 bits) of the row
/// that was there. So it does not matter what became of the page, or whether its latest version stands in the WAL. What
/// the hash cannot tell is that a row has changed whose old bytes still lie there: whoever commits a change must
/// <see cref="Forget"/> its row before that is acknowledged, and a place must not be kept when its row may have changed
/// since it was read. <see cref="KnownEntries"/> sees to both.</para>
/// <para>Anybody may ask at any time; all else is done by one thread at a time.</para>
/// </summary>
internal sealed unsafe partial class RowPlaces
{
    private const int LengthBits = 12, MarkBits = 12;
    private const long EndOfFile = 1L << (64 - LengthBits - MarkBits);

    // A place is kept in one of two buckets, each a line of the processor's cache: until four of five slots are taken
    // there is nearly always an empty one.
    private const int SlotsOfBucket = 4;
    private const int FewestBuckets = 64;

    // How many bytes of the file there are for a slot: at first, when it is not known which rows will be read; and at
    // the least, because no row with its index is much smaller.
    private const int FileBytesAtFirst = 1_536, FileBytesAtLeast = 256;

    private volatile Table _table = new(FewestBuckets);
    private int _mostBuckets;

    /// <summary>
    /// Makes room for what a file of this size may hold. Where there was much less, everything is forgotten.
    /// </summary>
    public void Fit(long fileBytes)
    {
        const int most = int.MaxValue / SlotsOfBucket;
        var buckets = (int)Math.Min(fileBytes / FileBytesAtFirst / SlotsOfBucket, most);
        if (buckets >= 2L * _table.Buckets) _table = new Table(buckets);
        _mostBuckets = (int)Math.Min(fileBytes / FileBytesAtLeast / SlotsOfBucket, most);
    }

    /// <summary>Where the row of an id may lie: <paramref name="place"/> is to be tried.</summary>
    public bool TryGet(long id, out RowPlace place)
    {
        var table = _table;
        var slot = table.Find(id);
        var where = slot is null ? 0 : Volatile.Read(ref slot->Where);
        place = new RowPlace(
            (long)(where >> (LengthBits + MarkBits)), (int)(where >> MarkBits) & ((1 << LengthBits) - 1),
            where == 0 ? 0 : slot->Hash);
        GC.KeepAlive(table);
        return where != 0;
    }

    /// <summary>Remembers a place.</summary>
    /// <param name="id">The row's id.</param>
    /// <param name="place">Where it lies.</param>
    /// <param name="wasRead">Whether it was the one that was asked for: else it takes no other's slot.</param>
    public void Keep(long id, in RowPlace place, bool wasRead)
    {
        if (place.At >= EndOfFile) return;
        var table = _table;
        var slot = table.Find(id);
        if (slot is null) slot = table.FindEmpty(id);
        if (slot is null && wasRead) slot = table.First(id) + (place.Hash % SlotsOfBucket);
        if (slot is not null)
        {
            if (slot->Where == 0) table.Taken++;
            // Who reads one of the two before and the other after has a pair that does not fit: no row has its hash.
            slot->Hash = place.Hash;
            Volatile.Write(ref slot->Where,
                (ulong)place.At << (LengthBits + MarkBits) | (ulong)place.Length << MarkBits | MarkOf((ulong)id));
        }
        if (table.Taken > table.Slots * 4 / 5 && table.Buckets * 2L <= _mostBuckets)
            _table = new Table(table.Buckets * 2);
        GC.KeepAlive(table);
    }

    /// <summary>Forgets the row of an id, and with it those that look alike.</summary>
    public void Forget(long id)
    {
        var table = _table;
        for (var slot = table.Find(id); slot is not null; slot = table.Find(id))
        {
            Volatile.Write(ref slot->Where, 0);
            table.Taken--;
        }
        GC.KeepAlive(table);
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        // In place: on a full disk each write that fails clears it, and a table is large.
        if (_table.Taken > 0) _table.Clear();
    }

    /// <summary>What a row's bytes are told by.</summary>
    public static ulong HashOf(ReadOnlySpan<byte> row) => XxHash3.HashToUInt64(row);

    private static ulong MarkOf(ulong where) => where & ((1 << MarkBits) - 1);

    // Outside the collector's heap: what nobody has touched of it takes no memory, up to a large page around it.
    private sealed partial class Table
    {
        private const ulong FirstMultiplier = 0x9E3779B97F4A7C15, SecondMultiplier = 0xC2B2AE3D27D4EB4F;

        private const int AdviseLargePages = 14; // MADV_HUGEPAGE (asm-generic/mman-common.h)
        private const nuint LargePage = 2 << 20, MostInLargePages = 64 << 20;

        private readonly Slot* _memory;

        public Table(int buckets)
        {
            Buckets = buckets;
            // One bucket more, so that they can begin where a line of the cache does.
            _memory = (Slot*)NativeMemory.AllocZeroed(((nuint)buckets + 1) * SlotsOfBucket, (nuint)sizeof(Slot));
            PreferLargePages();
        }

        ~Table() => NativeMemory.Free(_memory);

        public int Buckets { get; }

        public long Slots => (long)Buckets * SlotsOfBucket;

        public long Taken { get; set; }

        public void Clear()
        {
            NativeMemory.Clear(_memory, (nuint)(Slots + SlotsOfBucket) * (nuint)sizeof(Slot));
            Taken = 0;
        }

        public Slot* First(long id) => Bucket((ulong)id * FirstMultiplier);

        /// <summary>The slot of an id; null: it has none.</summary>
        public Slot* Find(long id)
        {
            var second = Second(id);
            // Both lines are on their way at once: neither is in a cache, and a third of the rows are in the second.
            if (Sse.IsSupported) Sse.Prefetch0(second);
            var slot = Find(First(id), id);
            return slot is null ? Find(second, id) : slot;
        }

        /// <summary>An empty slot where this id may have its own, of the emptier bucket; null: there is none.</summary>
        public Slot* FindEmpty(long id)
        {
            var inFirst = FindEmpty(First(id), out var first);
            var inSecond = FindEmpty(Second(id), out var second);
            return first >= second ? inFirst : inSecond;
        }

        private Slot* Second(long id) => Bucket((ulong)id * SecondMultiplier);

        private Slot* Bucket(ulong hash)
        {
            const nuint line = 64;
            var begin = (Slot*)(((nuint)_memory + line - 1) & ~(line - 1));
            return begin + ((hash >> 32) * (ulong)Buckets >> 32) * SlotsOfBucket;
        }

        // Of a table for 10⁶ rows nothing is in the processor's caches, and of small pages not even where they are.
        // One for a hundred times as many would be in memory as a whole after some thousand rows.
        private void PreferLargePages()
        {
            var begin = ((nuint)_memory + LargePage - 1) & ~(LargePage - 1);
            var end = ((nuint)_memory + (nuint)Slots * (nuint)sizeof(Slot)) & ~(LargePage - 1);
            if (OperatingSystem.IsLinux() && end > begin && end - begin <= MostInLargePages)
                _ = Advise(begin, end - begin, AdviseLargePages);
        }

        [LibraryImport("libc", EntryPoint = "madvise")]
        private static partial int Advise(nuint from, nuint count, int advice);

        private static Slot* FindEmpty(Slot* bucket, out int count)
        {
            Slot* found = null;
            count = 0;
            for (var slot = bucket; slot < bucket + SlotsOfBucket; slot++)
            {
                if (slot->Where != 0) continue;
                found = slot;
                count++;
            }
            return found;
        }

        private static Slot* Find(Slot* bucket, long id)
        {
            for (var slot = bucket; slot < bucket + SlotsOfBucket; slot++)
            {
                var where = Volatile.Read(ref slot->Where);
                if (where != 0 && MarkOf(where) == MarkOf((ulong)id)) return slot;
            }
            return null;
        }
    }

    private struct Slot
    {
        public ulong Where; // the place, the length and a few bits of the id; 0: empty
        public ulong Hash;
    }
}

/// <summary>A row's place in the file, its length in bytes and the hash of its bytes.</summary>
internal readonly record struct RowPlace(long At, int Length, ulong Hash);
