using System.Buffers.Binary;

namespace Kist.Server.Stores.Sqlite;

/// <summary>
/// Where rows of the table "entries" lie on their page, and what their bytes mean: as much of SQLite's file format
/// (https://sqlite.org/fileformat2.html, 1.6 and 2.1) as it takes to fetch a row again without SQLite. Anything that is
/// not as expected is no row.
/// </summary>
internal static class LeafPage
{
    /// <summary>With no more than this a row lies on one page.</summary>
    public const int LongestKeyAndValue = 4_000;

    /// <summary>The most bytes that such a row has.</summary>
    public const int LongestRow = LongestKeyAndValue + Overhead;

    private const int Overhead = 16; // its header and its revision, at most; a page admits rows of 4,053 bytes
    private const byte TableLeaf = 0x0D;
    private const int HeaderBytes = 8;

    /// <summary>How many rows a page has that <see cref="Row"/> may find; 0: it is a page of another kind.</summary>
    /// <param name="page">A whole page, its checksum included; not the first one, which begins otherwise.</param>
    public static int Rows(ReadOnlySpan<byte> page)
    {
        if (page.Length <= HeaderBytes || page[0] != TableLeaf) return 0;
        var room = (page.Length - CheckedPages.ChecksumBytes - HeaderBytes) / 2;
        return Math.Min(BinaryPrimitives.ReadUInt16BigEndian(page[3..]), room);
    }

    /// <summary>One of <see cref="Rows"/>, as a range of the page; empty when not all of it lies there.</summary>
    public static Range Row(ReadOnlySpan<byte> page, int index)
    {
        int begin = BinaryPrimitives.ReadUInt16BigEndian(page[(HeaderBytes + (index * 2))..]);
        return TryReadLength(page, ref begin, out var length) && TryReadId(page, ref begin, out _)
            && length <= LongestRow && begin + length <= page.Length - CheckedPages.ChecksumBytes
                ? begin..(begin + length)
                : default;
    }

    /// <summary>The largest id on the page; null: it has no rows, or is damaged.</summary>
    public static long? LastId(ReadOnlySpan<byte> page)
    {
        var rows = Rows(page);
        if (rows == 0) return null;
        int begin = BinaryPrimitives.ReadUInt16BigEndian(page[(HeaderBytes + ((rows - 1) * 2))..]);
        return TrySkipLength(page, ref begin) && TryReadId(page, ref begin, out var id) ? id : null;
    }

    /// <summary>Takes a row apart; false: it is none.</summary>
    /// <param name="row">The bytes of the row, without its length and id.</param>
    /// <param name="key">Its key, in UTF-8.</param>
    /// <param name="value">Its value.</param>
    /// <param name="revision">Its revision.</param>
    public static bool TryRead(
        ReadOnlySpan<byte> row, out ReadOnlySpan<byte> key, out ReadOnlySpan<byte> value, out long revision)
    {
        key = value = [];
        revision = 0;
        // How long the header is; the id, which stands before the row, as null; key and value; the revision.
        var at = 2;
        if (row.Length < at || row[1] != 0 || !TryReadBlob(row, ref at, out var keyBytes)
            || !TryReadBlob(row, ref at, out var valueBytes) || at >= row.Length)
        {
            return false;
        }
        var kind = row[at++];
        if (row[0] != at || row.Length - at < keyBytes + valueBytes) return false;
        key = row.Slice(at, keyBytes);
        value = row.Slice(at + keyBytes, valueBytes);
        return TryReadNumber(row[(at + keyBytes + valueBytes)..], kind, out revision);
    }

    private static bool TryReadBlob(ReadOnlySpan<byte> row, ref int at, out int bytes)
    {
        bytes = 0;
        if (!TryReadLength(row, ref at, out var kind) || kind < 12 || kind % 2 != 0) return false;
        bytes = (kind - 12) / 2;
        return true;
    }

    private static bool TryReadNumber(ReadOnlySpan<byte> bytes, byte kind, out long number)
    {
        number = kind == 9 ? 1 : 0; // 8 and 9 are the numbers 0 and 1
        if (kind is 8 or 9) return bytes.IsEmpty;
        if (bytes.Length != kind switch { >= 1 and <= 4 => kind, 5 => 6, 6 => 8, _ => -1 }) return false;
        number = (sbyte)bytes[0];
        foreach (var next in bytes[1..]) number = number << 8 | next;
        return true;
    }

    // Of one or two bytes, up to 16,383: what is longer goes on elsewhere.
    private static bool TryReadLength(ReadOnlySpan<byte> bytes, ref int at, out int length)
    {
        length = 0;
        if (at >= bytes.Length) return false;
        length = bytes[at++];
        if (length < 0x80) return true;
        if (at >= bytes.Length || bytes[at] >= 0x80) return false;
        length = (length & 0x7F) << 7 | bytes[at++];
        return true;
    }

    private static bool TrySkipLength(ReadOnlySpan<byte> bytes, ref int at) => TryReadId(bytes, ref at, out _);

    // Up to eight bytes give seven bits each, a ninth all of its own.
    private static bool TryReadId(ReadOnlySpan<byte> bytes, ref int at, out long id)
    {
        id = 0;
        for (var i = 1; at < bytes.Length; i++)
        {
            var next = bytes[at++];
            if (i == 9)
            {
                id = id << 8 | next;
                return true;
            }
            id = id << 7 | (uint)(next & 0x7F);
            if (next < 0x80) return true;
        }
        return false;
    }
}
