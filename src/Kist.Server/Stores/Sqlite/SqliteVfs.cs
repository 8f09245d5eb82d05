using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using SQLitePCL;

namespace Kist.Server.Stores.Sqlite;

/// <summary>
/// The layer between SQLite and the system's files (a VFS, https://sqlite.org/vfs.html): it opens files by the system's
/// and lets us put functions of our own in front of it, <see cref="CheckedPages"/> before a database's and
/// <see cref="GatheredLog"/> before a write-ahead log's.
/// </summary>
internal static unsafe partial class SqliteVfs
{
    /// <summary>The name to open a database with.</summary>
    public const string Name = "kist";

    private static readonly Lock s_gate = new();
    private static VfsTable* s_system;
    private static VfsTable* s_own;

    /// <summary>What <see cref="Control"/> is asked.</summary>
    public enum Operation
    {
        /// <summary>SQLITE_FCNTL_FILE_POINTER: the database's file.</summary>
        FilePointer = 7,

        /// <summary>SQLITE_FCNTL_JOURNAL_POINTER: the write-ahead log, once there is one.</summary>
        JournalPointer = 28,

        /// <summary>SQLITE_FCNTL_RESERVE_BYTES: how many bytes at the end of each page are not SQLite's.</summary>
        ReserveBytes = 38,
    }

    /// <summary>Makes <see cref="Name"/> known to SQLite, which must have been initialised.</summary>
    public static void Register()
    {
        lock (s_gate)
        {
            if (s_own is not null) return;
            s_system = FindVfs(null);
            s_own = (VfsTable*)NativeMemory.Alloc((nuint)sizeof(VfsTable));
            *s_own = *s_system;
            s_own->FileBytes = OffsetOfOwn + Math.Max(sizeof(CheckedPages.Own), sizeof(GatheredLog.Own));
            s_own->Next = null;
            s_own->Name = (byte*)Marshal.StringToCoTaskMemUTF8(Name);
            s_own->Open = &Open;
            var code = RegisterVfs(s_own, makeDefault: 0);
            if (code != raw.SQLITE_OK) throw new InvalidOperationException($"sqlite3_vfs_register gives {code}");
        }
    }

    /// <summary>SQLite's own answer to an operation on a connection's main database.</summary>
    public static int Control(sqlite3 db, Operation operation, void* argument) =>
        FileControl(db.DangerousGetHandle(), "main", (int)operation, argument);

    /// <summary>A file of a connection that was opened with this VFS; it lives as long as the connection.</summary>
    public static OpenFile* FileOf(sqlite3 db, Operation which)
    {
        OpenFile* file = null;
        var code = Control(db, which, &file);
        return code == raw.SQLITE_OK && file is not null
            ? file
            : throw new InvalidOperationException($"sqlite3_file_control gives {code}");
    }

    /// <summary>What we keep of a file, behind what the system's VFS keeps of it.</summary>
    public static T* OwnOf<T>(OpenFile* file)
        where T : unmanaged => (T*)((byte*)file + OffsetOfOwn);

    private static int OffsetOfOwn => (s_system->FileBytes + 15) & ~15;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Open(VfsTable* vfs, byte* name, OpenFile* file, int flags, int* given)
    {
        var code = s_system->Open(s_system, name, file, flags, given);
        if (code == raw.SQLITE_OK && (flags & raw.SQLITE_OPEN_MAIN_DB) != 0) CheckedPages.Attach(file);
        return code;
    }

    // The layouts of sqlite3_vfs, sqlite3_file and sqlite3_io_methods, versions 3, 1 and 3.
    [StructLayout(LayoutKind.Sequential)]
    private struct VfsTable
    {
        public int Version;
        public int FileBytes;
        public int LongestPath;
        public VfsTable* Next;
        public byte* Name;
        public void* Data;
        public delegate* unmanaged[Cdecl]<VfsTable*, byte*, OpenFile*, int, int*, int> Open;
        public OtherFunctions Others;

        [InlineArray(15)]
        public struct OtherFunctions
        {
            private nint _first;
        }
    }

    /// <summary>A file that SQLite has opened.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct OpenFile
    {
        /// <summary>What SQLite calls.</summary>
        public MethodTable* Methods;
    }

    /// <summary>What can be done with a file; all but the last functions give SQLite's codes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct MethodTable
    {
        public int Version;
        public delegate* unmanaged[Cdecl]<OpenFile*, int> Close;
        public delegate* unmanaged[Cdecl]<OpenFile*, byte*, int, long, int> Read;
        public delegate* unmanaged[Cdecl]<OpenFile*, byte*, int, long, int> Write;
        public delegate* unmanaged[Cdecl]<OpenFile*, long, int> Truncate;
        public delegate* unmanaged[Cdecl]<OpenFile*, int, int> Sync;
        public delegate* unmanaged[Cdecl]<OpenFile*, long*, int> Size;
        public FunctionsBetween Between;
        public delegate* unmanaged[Cdecl]<OpenFile*, int> Traits;
        public FunctionsBehind Behind;

        [InlineArray(5)]
        public struct FunctionsBetween
        {
            private nint _first;
        }

        [InlineArray(6)]
        public struct FunctionsBehind
        {
            private nint _first;
        }
    }

    [LibraryImport("e_sqlite3", EntryPoint = "sqlite3_vfs_find", StringMarshalling = StringMarshalling.Utf8)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    private static partial VfsTable* FindVfs(string? name);

    [LibraryImport("e_sqlite3", EntryPoint = "sqlite3_vfs_register")]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    private static partial int RegisterVfs(VfsTable* vfs, int makeDefault);

    [LibraryImport("e_sqlite3", EntryPoint = "sqlite3_file_control", StringMarshalling = StringMarshalling.Utf8)]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    private static partial int FileControl(nint db, string name, int operation, void* argument);
}
