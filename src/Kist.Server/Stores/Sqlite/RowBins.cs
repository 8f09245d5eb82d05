using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace Kist.Server.Stores.Sqlite;

/// <summary>
/// Rows on their way from the order of their keys into that of their ids: each goes into a bin by the first eight bits
/// of its id, in a file, and each bin is then read and sorted in memory. One that is too large for that is first put
/// into bins by the next eight bits. Takes some 16 MiB of memory and one bin at a time.
/// </summary>
internal sealed class RowBins
{
    private const int Count = 256, PieceBytes = 65_536, DeepestShift = 56;

    private readonly PieceFile _file;
    private readonly int _shift;
    private readonly int _mostInMemory;
    private readonly Bin?[] _bins = new Bin?[Count];

    /// <summary>Makes empty bins.</summary>
    /// <param name="file">An empty file; whoever opened it closes it.</param>
    /// <param name="path">Its path, for messages.</param>
    /// <param name="mostInMemory">How many bytes of a bin are sorted in memory.</param>
    public RowBins(SafeFileHandle file, string path, int mostInMemory = 64 << 20)
        : this(new PieceFile(file, path), 0, mostInMemory)
    {
    }

    private RowBins(PieceFile file, int shift, int mostInMemory) =>
        (_file, _shift, _mostInMemory) = (file, shift, mostInMemory);

    /// <summary>Adds a row. Its bytes are copied.</summary>
    public void Add(long id, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        var bin = _bins[BinOf(id)] ??= new Bin();
        var length = BinnedRow.HeadBytes + key.Length + value.Length;
        // No row lies on two pieces, so that each piece can be read by itself.
        if (bin.Filled + length > bin.Piece.Length)
        {
            _file.Append(bin);
            if (length > bin.Piece.Length) bin.Piece = new byte[Math.Max(length, PieceBytes)];
        }
        BinnedRow.Write(bin.Piece.AsSpan(bin.Filled), id, key, value);
        bin.Filled += length;
        bin.Bytes += length;
    }

    /// <summary>
    /// The rows in the order of their ids, and those of one id in the order in which they were added; once. A list is
    /// good until the next is asked for.
    /// </summary>
    public IEnumerable<IReadOnlyList<BinnedRow>> InOrder()
    {
        var rows = new List<BinnedRow>();
        for (var number = 0; number < Count; number++)
        {
            if (_bins[number] is not { } bin) continue;
            _bins[number] = null;
            if (bin.Bytes <= _mostInMemory || _shift == DeepestShift)
            {
                rows.Clear();
                foreach (var piece in _file.PiecesOf(bin)) BinnedRow.AddAll(rows, piece);
                rows.Sort();
                yield return rows;
                continue;
            }
            var finer = new RowBins(_file, _shift + 8, _mostInMemory);
            foreach (var piece in _file.PiecesOf(bin))
            {
                rows.Clear();
                BinnedRow.AddAll(rows, piece);
                foreach (var row in rows) finer.Add(row.Id, row.Key, row.Value);
            }
            foreach (var part in finer.InOrder()) yield return part;
        }
    }

    // In the order of signed numbers.
    private int BinOf(long id) => (byte)(((ulong)id ^ (1UL << 63)) >> (56 - _shift));

    private sealed class Bin
    {
        public byte[] Piece { get; set; } = new byte[PieceBytes];

        public int Filled { get; set; }

        public long Bytes { get; set; }

        public List<(long At, int Length)> Written { get; } = [];
    }

    private sealed class PieceFile(SafeFileHandle file, string path)
    {
        private long _end;

        public void Append(Bin bin)
        {
            if (bin.Filled == 0) return;
            try
            {
                RandomAccess.Write(file, bin.Piece.AsSpan(0, bin.Filled), _end);
            }
            catch (IOException fault)
            {
                throw SqliteFault.Of(fault, path);
            }
            bin.Written.Add((_end, bin.Filled));
            _end += bin.Filled;
            bin.Filled = 0;
        }

        public IEnumerable<ReadOnlyMemory<byte>> PiecesOf(Bin bin)
        {
            foreach (var (at, length) in bin.Written) yield return Read(at, length);
            yield return bin.Piece.AsMemory(0, bin.Filled);
        }

        private byte[] Read(long at, int length)
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
