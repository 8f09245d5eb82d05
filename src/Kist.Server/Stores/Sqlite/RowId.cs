using System.Buffers.Binary;

namespace Kist.Server.Stores.Sqlite;

/// <summary>
/// Where an entry should lie: a row id computed from its key, so that a read goes straight to the row and touches one
/// leaf page instead of an index leaf and a row leaf. It is a hint that saves work and never the truth: rows are
/// compared by key, and where two keys want one row the second gets another, found through the index.
/// Part of the file format: the numbers must never change.
/// </summary>
internal static class RowId
{
    private const ulong Multiplier = 0x9E3779B97F4A7C15;

    public static long Of(ReadOnlySpan<byte> key)
    {
        var hash = (ulong)key.Length * Multiplier;
        for (; key.Length >= sizeof(ulong); key = key[sizeof(ulong)..])
            hash = Mix(hash, BinaryPrimitives.ReadUInt64LittleEndian(key));
        ulong last = 0;
        foreach (var unit in key)
            last = last << 8 | unit;
        hash = Mix(hash, last);
        return (long)Mix(hash, hash >> 29);
    }

    private static ulong Mix(ulong hash, ulong word)
    {
        hash = (hash ^ word) * Multiplier;
        return hash ^ hash >> 32;
    }
}
