using System.Runtime.InteropServices;
using Kist.Kernel.Stores;
using SQLitePCL;

namespace Kist.Server.Stores.Sqlite;

/// <summary>
/// From SQLite's result codes (https://sqlite.org/rescode.html) and errno to the four kinds of failure. Messages name
/// the file and the code, never a key or a value.
/// </summary>
internal static partial class SqliteFault
{
    private const int PermissionDenied = 1, AccessDenied = 13, FileTooBig = 27, NoSpace = 28, ReadOnlyMedium = 30;
    private const int OverQuota = 122;

    /// <summary>The failure that <paramref name="db"/> has just reported.</summary>
    public static StoreException Of(sqlite3 db, int code, string path)
    {
        // First of all, before anything else on this thread fails. SQLite does not keep the cause of a failed COMMIT.
        var last = Marshal.GetLastSystemError();
        var extended = raw.sqlite3_extended_errcode(db);
        if ((extended & 0xFF) != (code & 0xFF))
            extended = code;
        var errno = SystemErrno(db.DangerousGetHandle());
        if (errno == 0 && (extended & 0xFF) == raw.SQLITE_IOERR)
            errno = last;
        return Of(extended, errno, path);
    }

    /// <summary>The failure for a result code and the errno behind it (0 if there is none).</summary>
    public static StoreException Of(int code, int errno, string path)
    {
        var kind = Kind(code & 0xFF, errno);
        var text = raw.sqlite3_errstr(code & 0xFF).utf8_to_string();
        return new StoreException(kind, $"{path}: {text} (SQLite code {code}, errno {errno})");
    }

    /// <summary>The failure of a file operation outside SQLite.</summary>
    public static StoreException Of(Exception fault, string path)
    {
        var kind = fault switch
        {
            UnauthorizedAccessException => StoreFailure.ReadOnly,
            _ => Kind(raw.SQLITE_IOERR, fault.HResult),
        };
        return new StoreException(kind, $"{path}: {fault.Message}", fault);
    }

    private static StoreFailure Kind(int code, int errno) => code switch
    {
        raw.SQLITE_FULL => StoreFailure.Full,
        raw.SQLITE_READONLY or raw.SQLITE_PERM or raw.SQLITE_AUTH => StoreFailure.ReadOnly,
        // Our statements are constant and right, so an "SQL error" or a broken constraint means that the schema or an
        // index on disk is not what was written there.
        raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB or raw.SQLITE_FORMAT or raw.SQLITE_SCHEMA or raw.SQLITE_ERROR
            or raw.SQLITE_CONSTRAINT or raw.SQLITE_MISMATCH => StoreFailure.Corrupt,
        raw.SQLITE_IOERR or raw.SQLITE_CANTOPEN => errno switch
        {
            NoSpace or OverQuota or FileTooBig => StoreFailure.Full,
            PermissionDenied or AccessDenied or ReadOnlyMedium => StoreFailure.ReadOnly,
            _ => code == raw.SQLITE_CANTOPEN ? StoreFailure.ReadOnly : StoreFailure.Unavailable,
        },
        _ => StoreFailure.Unavailable,
    };

    [LibraryImport("e_sqlite3", EntryPoint = "sqlite3_system_errno")]
    private static partial int SystemErrno(nint db);
}
