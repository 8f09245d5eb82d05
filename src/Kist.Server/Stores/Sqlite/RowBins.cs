using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace Kist.Server.Stores.Sqlite;

/// <summary>
/// Rows on their way from the order of their keys into that of their ids: each goes into a bin, in a file, and each bin
/// is then read and sorted in memory. Rows of one directory (see <see cref="RowId"/>) have a bin of their own and come
/// one after the other, so that only the last one's has anything in memory; a bin that grows large is split by the next
/// eight bits of the ids. Takes some 16 MiB of memory and one bin at a time.
/// </summary>
internal sealed class RowBins
{
    private const int PieceBytes = 65_536;

    private readonly PieceFile _file;
    private readonly int _mostInMemory;
    private readonly SortedDictionary<long, Bin> _bins = [];
    private (long Directory, Bin? Bin) _last;

    /// <summary>Makes empty bins.</summary>
    /// <param name="file">An empty file; whoever opened it closes it.</param>
    /// <param name="path">Its path, for messages.</param>
    /// <param name="mostInMemory">How many bytes of a bin are sorted in memory.</param>
    public RowBins(SafeFileHandle file, string path, int mostInMemory = 64 << 20) =>
        (_file, _mostInMemory) = (new PieceFile(file, path), mostInMemory);

    /// <summary>Adds a row. Its bytes are copied.</summary>
    public void Add(long id, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        var directory = RowId.DirectoryOf(id);
        if (_last.Bin is not { } bin || _last.Directory != directory)
        {
            _last.Bin?.Leave();
            if (!_bins.TryGetValue(directory, out bin)) _bins[directory] = bin = new Bin(_file, RowId.HashBits);
            _last = (directory, bin);
        }
        bin.Add(id, key, value);
        // While its rows come; otherwise all of it would be read and written again.
        if (bin.Bytes > _mostInMemory / 4) bin.Split();
    }

    /// <summary>
    /// The rows in the order of their ids, and those of one id in the order in which they were added; once. A list is
    /// good until the next is asked for.
    /// </summary>
    public IEnumerable<IReadOnlyList<BinnedRow>> InOrder()
    {
        _last.Bin?.Leave();
        var rows = new List<BinnedRow>();
        foreach (var bin in _bins.Values)
            foreach (var part in bin.InOrder(rows, _mostInMemory)) yield return part;
    }

    // Rows whose ids are the same in all but the last bits.
    private sealed class Bin(PieceFile file, int bits)
    {
        private readonly List<(long At, int Length)> _written = [];
        private byte[] _piece = [];
        private int _filled;
        private Bin?[]? _finer;

        /// <summary>Of the rows that are in it and not in finer ones.</summary>
        public long Bytes { get; private set; }

        public void Add(long id, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
        {
            if (_finer is not null)
            {
                (_finer[(byte)(id >> (bits - 8))] ??= new Bin(file, bits - 8)).Add(id, key, value);
                return;
            }
            var length = BinnedRow.HeadBytes + key.Length + value.Length;
            // No row lies on two pieces, so that each piece can be read by itself.
            if (_filled + length > _piece.Length)
            {
                Write();
                if (_piece.Length < length) _piece = new byte[Math.Max(length, PieceBytes)];
            }
            BinnedRow.Write(_piece.AsSpan(_filled), id, key, value);
            _filled += length;
            Bytes += length;
        }

        /// <summary>Its rows have come, for now: keeps nothing in memory.</summary>
        public void Leave()
        {
            Write();
            _piece = [];
            foreach (var bin in _finer ?? []) bin?.Leave();
        }

        /// <summary>Puts its rows, and all that are yet to come, into finer bins.</summary>
        public void Split()
        {
            if (_finer is not null || bits == 0) return;
            Write();
            _finer = new Bin?[256];
            var rows = new List<BinnedRow>();
            foreach (var (at, length) in _written)
            {
                rows.Clear();
                BinnedRow.AddAll(rows, file.Read(at, length));
                foreach (var row in rows) Add(row.Id, row.Key, row.Value);
            }
            _written.Clear();
            (_piece, Bytes) = ([], 0);
        }

        public IEnumerable<IReadOnlyList<BinnedRow>> InOrder(List<BinnedRow> rows, int mostInMemory)
        {
            if (Bytes > mostInMemory)
            {
                Split();
                Leave();
            }
            foreach (var bin in _finer ?? [])
            {
                if (bin is null) continue;
                foreach (var part in bin.InOrder(rows, mostInMemory)) yield return part;
            }
            if (Bytes == 0) yield break;
            rows.Clear();
            foreach (var (at, length) in _written) BinnedRow.AddAll(rows, file.Read(at, length));
            rows.Sort();
            yield return rows;
        }

        private void Write()
        {
            if (_filled == 0) return;
            _written.Add((file.Append(_piece.AsSpan(0, _filled)), _filled));
            _filled = 0;
        }
    }

    private sealed class PieceFile(SafeFileHandle file, string path)
    {
        private long _end;

        /// <summary>Writes bytes behind all others; gives their place.</summary>
        public long Append(ReadOnlySpan<byte> bytes)
        {
            var at = _end;
            try
            {
                RandomAccess.Write(file, bytes, at);
            }
            catch (IOException fault)
            {
                throw SqliteFault.Of(fault, path);
            }
            _end += bytes.Length;
            return at;
        }

        public byte[] Read(long at, int length)
        {
            var piece = GC.AllocateUninitializedArray<byte>(length);
            try
            {
                for (var read = 0; read < length;)
                {
                    var more = RandomAccess.Read(file, piece.AsSpan(read), at + read);
                    if (more == 0) throw new EndOfStreamException("it has become shorter");
                    read += more;
                }
            }
            catch (IOException fault)
            {
                throw SqliteFault.Of(fault, path);
            }
            return piece;
        }
    }
}

/// <summary>A row in a bin: its id, then the lengths of its key and value, then these.</summary>
/// <param name="Id">See <see cref="RowId"/>.</param>
/// <param name="Order">Which of the bin's rows it is, in the order in which they were added.</param>
/// <param name="KeyLength">Bytes of <paramref name="Text"/> that are the key; the others are the value.</param>
/// <param name="Text">Key and value.</param>
internal readonly record struct BinnedRow(long Id, int Order, int KeyLength, ReadOnlyMemory<byte> Text)
    : IComparable<BinnedRow>
{
    public const int HeadBytes = sizeof(long) + 2 * sizeof(int);

    public ReadOnlySpan<byte> Key => Text.Span[..KeyLength];

    public ReadOnlySpan<byte> Value => Text.Span[KeyLength..];

    public static void Write(Span<byte> to, long id, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(to, id);
        BinaryPrimitives.WriteInt32LittleEndian(to[8..], key.Length);
        BinaryPrimitives.WriteInt32LittleEndian(to[12..], value.Length);
        key.CopyTo(to[HeadBytes..]);
        value.CopyTo(to[(HeadBytes + key.Length)..]);
    }

    public static void AddAll(List<BinnedRow> rows, ReadOnlyMemory<byte> piece)
    {
        while (!piece.IsEmpty)
        {
            var head = piece.Span;
            var key = BinaryPrimitives.ReadInt32LittleEndian(head[8..]);
            var length = key + BinaryPrimitives.ReadInt32LittleEndian(head[12..]);
            rows.Add(new BinnedRow(
                BinaryPrimitives.ReadInt64LittleEndian(head), rows.Count, key, piece.Slice(HeadBytes, length)));
            piece = piece[(HeadBytes + length)..];
        }
    }

    public int CompareTo(BinnedRow other) => Id != other.Id ? Id.CompareTo(other.Id) : Order.CompareTo(other.Order);
}
