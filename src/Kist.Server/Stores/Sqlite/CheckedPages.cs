using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using SQLitePCL;
using OpenFile = Kist.Server.Stores.Sqlite.SqliteVfs.OpenFile;

namespace Kist.Server.Stores.Sqlite;

/// <summary>
/// Every page of a database ends with a checksum of the rest (XXH3, 64 bits, seeded with the page's place), written on
/// its way to the file and checked on its way from there: what a disk changes, in a value, an index or in what says
/// which rows a page has, is <c>SQLITE_CORRUPT</c> instead of a wrong list. SQLite leaves the bytes alone where the
/// header's byte 20 says so. Not against an attacker: values are authenticated by the barrier. The WAL has checksums
/// of SQLite's own.
/// </summary>
internal static unsafe class CheckedPages
{
    /// <summary>How many bytes at the end of each page are the checksum.</summary>
    public const int ChecksumBytes = sizeof(ulong);

    private const int SubpageRead = 0x8000; // SQLITE_IOCAP_SUBPAGE_READ
    private const int SmallestPage = 512;

    /// <summary>Has a database that is about to be made keep room for the checksum. SQLite's code.</summary>
    public static int KeepRoom(sqlite3 db)
    {
        var bytes = ChecksumBytes;
        return SqliteVfs.Control(db, SqliteVfs.Operation.ReserveBytes, &bytes);
    }

    /// <summary>Whether the pages of a database have room for the checksum; null: the file is empty.</summary>
    public static bool? AreIn(string path)
    {
        const int placeInHeader = 20;
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        Span<byte> header = stackalloc byte[placeInHeader + 1];
        // What is no database at all is for SQLite to refuse.
        return RandomAccess.Read(file, header, 0) == header.Length && header.StartsWith("SQLite format 3\0"u8)
            ? header[placeInHeader] == ChecksumBytes
            : null;
    }

    /// <summary>The database file of a connection; it lives as long as the connection.</summary>
    public static PageFile FileOf(sqlite3 db) =>
        new((nint)SqliteVfs.FileOf(db, SqliteVfs.Operation.FilePointer));

    /// <summary>A connection's database file, beside what SQLite does with it.</summary>
    public readonly struct PageFile(nint file)
    {
        /// <summary>
        /// Reads bytes as they lie in the file, whatever the WAL says of them, and checks nothing. False: they cannot
        /// be read, or are not there.
        /// </summary>
        public bool TryRead(Span<byte> to, long at)
        {
            fixed (byte* bytes = to)
                return OwnOf((OpenFile*)file)->System->Read((OpenFile*)file, bytes, to.Length, at) == raw.SQLITE_OK;
        }

        /// <summary>From now on <see cref="LastPage"/> is one that is read from now on.</summary>
        public void ForgetPage() => OwnOf((OpenFile*)file)->LastPage = null;

        /// <summary>
        /// The page that SQLite has read last from the file, and not from the WAL; empty: none. Only while the
        /// statement that had it read has not been reset: then its memory is used for another.
        /// </summary>
        public ReadOnlySpan<byte> LastPage(out long at)
        {
            var own = OwnOf((OpenFile*)file);
            at = own->LastPageAt;
            return new ReadOnlySpan<byte>(own->LastPage, own->LastPage is null ? 0 : own->LastPageBytes);
        }
    }

    private static Own* OwnOf(OpenFile* file) => SqliteVfs.OwnOf<Own>(file);

    /// <summary>Puts the checks in front of a database file that was just opened.</summary>
    public static void Attach(OpenFile* file)
    {
        var own = OwnOf(file);
        *own = default;
        own->System = file->Methods;
        own->Methods = *file->Methods;
        own->Methods.Read = &Read;
        own->Methods.Write = &Write;
        own->Methods.Traits = &Traits;
        file->Methods = &own->Methods;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Read(OpenFile* file, byte* to, int count, long at)
    {
        var own = OwnOf(file);
        var code = own->System->Read(file, to, count, at);
        if (code != raw.SQLITE_OK || !IsPage(count)) return code;
        if (BinaryPrimitives.ReadUInt64LittleEndian(Checksum(to, count)) != SumOf(to, count, at))
            return raw.SQLITE_CORRUPT;
        own->LastPage = to;
        (own->LastPageBytes, own->LastPageAt) = (count, at);
        return code;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Write(OpenFile* file, byte* from, int count, long at)
    {
        // The page is SQLite's, and these bytes of it are ours.
        if (IsPage(count)) BinaryPrimitives.WriteUInt64LittleEndian(Checksum(from, count), SumOf(from, count, at));
        return OwnOf(file)->System->Write(file, from, count, at);
    }

    // Without this one SQLite may read a page without its end, which cannot be checked.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Traits(OpenFile* file) => OwnOf(file)->System->Traits(file) & ~SubpageRead;

    // All else that SQLite reads are parts of the header, which it reads again with its page.
    private static bool IsPage(int count) => count >= SmallestPage;

    private static Span<byte> Checksum(byte* page, int count) => new(page + count - ChecksumBytes, ChecksumBytes);

    private static ulong SumOf(byte* page, int count, long at) =>
        XxHash3.HashToUInt64(new ReadOnlySpan<byte>(page, count - ChecksumBytes), at);

    /// <summary>What is kept of a database's file.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Own
    {
        public SqliteVfs.MethodTable* System;
        public SqliteVfs.MethodTable Methods;
        public byte* LastPage;
        public int LastPageBytes;
        public long LastPageAt;
    }
}
