using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using SQLitePCL;
using OpenFile = Kist.Server.Stores.Sqlite.SqliteVfs.OpenFile;

namespace Kist.Server.Stores.Sqlite;

/// <summary>
/// SQLite writes each page of a write-ahead log with two calls of the system, one for its header and one for itself:
/// more than fifty for a group of commits. Here they are gathered, and written before anything else is done with the
/// file: when it is synced, read, cut or measured.
/// <para>Only for a connection that syncs each commit: a commit's pages must be in the file before other connections
/// hear of it, and its sync comes before that.</para>
/// </summary>
internal static unsafe class GatheredLog
{
    private const int MostBytes = 128 << 10;

    /// <summary>
    /// From now on this connection's writes to its log are gathered. It has <c>synchronous=FULL</c>, and has read the
    /// database since it was set to use a log. Once for a connection.
    /// </summary>
    public static void Begin(sqlite3 db)
    {
        var file = SqliteVfs.FileOf(db, SqliteVfs.Operation.JournalPointer);
        if (file->Methods is null) throw new InvalidOperationException("the write-ahead log is not open yet");
        var own = OwnOf(file);
        *own = default;
        own->System = file->Methods;
        own->Methods = *file->Methods;
        own->Methods.Close = &Close;
        own->Methods.Read = &Read;
        own->Methods.Write = &Write;
        own->Methods.Truncate = &Truncate;
        own->Methods.Sync = &Sync;
        own->Methods.Size = &Size;
        own->Bytes = (byte*)NativeMemory.Alloc(MostBytes);
        file->Methods = &own->Methods;
    }

    private static Own* OwnOf(OpenFile* file) => SqliteVfs.OwnOf<Own>(file);

    private static int WriteGathered(OpenFile* file)
    {
        var own = OwnOf(file);
        var count = own->Count;
        own->Count = 0;
        return count == 0 ? raw.SQLITE_OK : own->System->Write(file, own->Bytes, count, own->At);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Write(OpenFile* file, byte* from, int count, long at)
    {
        var own = OwnOf(file);
        if (own->Count > 0 && (at != own->At + own->Count || own->Count + count > MostBytes))
        {
            var code = WriteGathered(file);
            if (code != raw.SQLITE_OK) return code;
        }
        if (count > MostBytes) return own->System->Write(file, from, count, at);
        if (own->Count == 0) own->At = at;
        new ReadOnlySpan<byte>(from, count).CopyTo(new Span<byte>(own->Bytes + own->Count, count));
        own->Count += count;
        return raw.SQLITE_OK;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Sync(OpenFile* file, int flags)
    {
        var code = WriteGathered(file);
        return code == raw.SQLITE_OK ? OwnOf(file)->System->Sync(file, flags) : code;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Read(OpenFile* file, byte* to, int count, long at)
    {
        var code = WriteGathered(file);
        return code == raw.SQLITE_OK ? OwnOf(file)->System->Read(file, to, count, at) : code;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Truncate(OpenFile* file, long bytes)
    {
        var code = WriteGathered(file);
        return code == raw.SQLITE_OK ? OwnOf(file)->System->Truncate(file, bytes) : code;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Size(OpenFile* file, long* bytes)
    {
        var code = WriteGathered(file);
        return code == raw.SQLITE_OK ? OwnOf(file)->System->Size(file, bytes) : code;
    }

    // What is still here belongs to a transaction that was not committed.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Close(OpenFile* file)
    {
        var own = OwnOf(file);
        NativeMemory.Free(own->Bytes);
        return own->System->Close(file);
    }

    /// <summary>What is kept of a log.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Own
    {
        public SqliteVfs.MethodTable* System;
        public SqliteVfs.MethodTable Methods;
        public byte* Bytes;
        public int Count;
        public long At;
    }
}
