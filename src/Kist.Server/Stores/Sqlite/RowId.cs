using System.Buffers.Binary;

namespace Kist.Server.Stores.Sqlite;

/// <summary>
/// Where an entry should lie: a row id computed from its key, so that a read goes straight to the row and touches one
/// leaf page instead of an index leaf and a row leaf. Rows of one directory (the first two parts of the key: a mount's,
/// tokens', leases') lie side by side, so that the pages above those that are read, the system's tables about
/// them and the caches need not serve all others as well. It is a hint that saves work and never the truth: rows are
/// compared by key, and where two keys want one row the second gets another, found through the index. So are rows that
/// lie elsewhere because an early version put them there.
/// </summary>
internal static class RowId
{
    /// <summary>The last bits of an id that tell rows of one directory apart.</summary>
    public const int HashBits = 32;

    private const int DirectoryBits = 16; // seven bytes for both in SQLite's format, and the directories seldom meet
    private const ulong Multiplier = 0x9E3779B97F4A7C15;

    /// <summary>The id that a key's row should have.</summary>
    public static long Of(ReadOnlySpan<byte> key)
    {
        var end = key.IndexOf((byte)'/') + 1;
        if (end > 0) end += key[end..].IndexOf((byte)'/') + 1;
        return (long)(Hash(key[..end]) >> (64 - DirectoryBits) << HashBits | Hash(key) >> (64 - HashBits));
    }

    /// <summary>What the ids of one directory have in common.</summary>
    public static long DirectoryOf(long id) => id >> HashBits;

    private static ulong Hash(ReadOnlySpan<byte> bytes)
    {
        var hash = (ulong)bytes.Length * Multiplier;
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
            hash = Mix(hash, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        ulong last = 0;
        foreach (var unit in bytes)
            last = last << 8 | unit;
        hash = Mix(hash, last);
        return Mix(hash, hash >> 29);
    }

    private static ulong Mix(ulong hash, ulong word)
    {
        hash = (hash ^ word) * Multiplier;
        return hash ^ hash >> 32;
    }
}
