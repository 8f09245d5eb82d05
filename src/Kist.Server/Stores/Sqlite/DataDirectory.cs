using System.Runtime.InteropServices;
using Kist.Kernel.Stores;

namespace Kist.Server.Stores.Sqlite;

/// <summary>
/// The directory of one store: its modes, its owner, and the lock that says which process owns it. The files hold
/// ciphertext only, but who can replace them can roll a store back, so nobody else gets in.
/// </summary>
internal sealed partial class DataDirectory : IDisposable
{
    private const UnixFileMode Others = (UnixFileMode)0b000_111_111;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const string LockName = "kist.lock";
    private readonly FileStream _lock;

    private DataDirectory(string path, FileStream held) =>
        (_lock, Database) = (held, Path.Combine(path, "kist.db"));

    /// <summary>The path of the database file.</summary>
    public string Database { get; }

    /// <summary>Makes or tightens the directory and its files, and takes the lock.</summary>
    public static DataDirectory Claim(string directory, Action<string> warn)
    {
        var path = Path.GetFullPath(directory);
        try
        {
            Directory.CreateDirectory(path, OwnerOnly | UnixFileMode.UserExecute);
            CheckOwner(path, warn);
            Tighten(path, warn);
            var held = TakeLock(Path.Combine(path, LockName));
            var claimed = new DataDirectory(path, held);
            // What a replacement that was killed had made so far.
            File.Delete(claimed.Database + IncomingFile.Ending);
            File.Delete(claimed.Database + IncomingFile.BinsEnding);
            foreach (var suffix in new[] { "", "-wal", "-shm" })
            {
                if (File.Exists(claimed.Database + suffix))
                    Tighten(claimed.Database + suffix, warn);
            }
            return claimed;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw SqliteFault.Of(fault, path);
        }
    }

    /// <summary>Whether a process holds the lock. Makes and changes nothing.</summary>
    public static bool IsHeld(string directory)
    {
        var path = Path.Combine(Path.GetFullPath(directory), LockName);
        try
        {
            if (File.Exists(path)) TakeLock(path).Dispose();
            return false;
        }
        catch (StoreException fault) when (fault.Kind is StoreFailure.InUse)
        {
            return true;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return false; // whoever opens the store is told why
        }
    }

    /// <summary>
    /// Makes an empty database file if there is none. SQLite gives -wal and -shm the mode of this file.
    /// </summary>
    public void MakeDatabase(Action<string> warn)
    {
        var (database, wal) = (new FileInfo(Database), new FileInfo(Database + "-wal"));
        // SQLite deletes the WAL of an empty database, and with it the last commits of one that was moved away.
        if (wal is { Exists: true, Length: > 0 } && database is not { Exists: true, Length: > 0 })
        {
            throw new StoreException(StoreFailure.Corrupt,
                $"{Database} is missing or empty, and its -wal is there; restore the database, or move the -wal away");
        }
        if (database.Exists)
        {
            AddChecksums(warn);
            return;
        }
        try
        {
            Open(Database, FileShare.ReadWrite).Dispose();
            File.SetUnixFileMode(Database, OwnerOnly);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw SqliteFault.Of(fault, Database);
        }
    }

    /// <summary>
    /// A database that an early version made gets a checksum on each page: a copy of it takes its place.
    /// </summary>
    private void AddChecksums(Action<string> warn)
    {
        var copy = Database + IncomingFile.Ending;
        try
        {
            if (CheckedPages.AreIn(Database) is not false) return;
            warn($"{Database} was made by an early version: a copy of it with a checksum on every page takes its place"
                + " (a minute for each 3 GB)");
            MakeBeside(copy);
            if (Schema.TryCopyWithChecksums(Database, copy)) PutInPlace(copy);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw SqliteFault.Of(fault, Database);
        }
        finally
        {
            File.Delete(copy);
        }
    }

    /// <summary>Makes an empty private file, whatever was there.</summary>
    public void MakeBeside(string path)
    {
        try
        {
            File.Delete(path);
            Open(path, FileShare.ReadWrite).Dispose();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw SqliteFault.Of(fault, path);
        }
    }

    /// <summary>Puts a flushed file into the database's place, so that a power cut leaves one or the other.</summary>
    public void PutInPlace(string path)
    {
        foreach (var suffix in new[] { "-wal", "-shm" })
        {
            var left = new FileInfo(Database + suffix);
            if (suffix == "-wal" && left is { Exists: true, Length: > 0 })
                throw new IOException($"{left.FullName} is still in use");
            left.Delete();
        }
        File.Move(path, Database, overwrite: true);
        SyncDirectory(Path.GetDirectoryName(Database)!);
    }

    // .NET opens no directories.
    private static void SyncDirectory(string path)
    {
        if (OperatingSystem.IsWindows()) return;
        var descriptor = OpenDirectory(path, 0);
        var isDone = descriptor >= 0 && FSync(descriptor) == 0;
        if (descriptor >= 0) _ = Close(descriptor);
        if (!isDone) throw new IOException($"the directory {path} could not be written to disk");
    }

    /// <summary>Gives the lock back.</summary>
    public void Dispose() => _lock.Dispose();

    // The lock is flock(2): the kernel drops it with the process, so a stale one cannot exist. The caches of a running
    // server are told only about its own writes, so a second server on the same files must never start.
    private static FileStream TakeLock(string path)
    {
        const int WouldBlock = 11, WouldBlockOnMac = 35;
        try
        {
            return Open(path, FileShare.None);
        }
        catch (IOException fault) when (fault.HResult is WouldBlock or WouldBlockOnMac)
        {
            throw new StoreException(StoreFailure.InUse,
                $"another kist server is using {Path.GetDirectoryName(path)} (it holds {path}); stop it first", fault);
        }
    }

    private static FileStream Open(string path, FileShare share) => new(path, new FileStreamOptions
    {
        Mode = FileMode.OpenOrCreate,
        Access = FileAccess.ReadWrite,
        Share = share,
        BufferSize = 0,
        UnixCreateMode = OwnerOnly,
    });

    private static void Tighten(string path, Action<string> warn)
    {
        var mode = File.GetUnixFileMode(path);
        if ((mode & Others) == 0)
            return;
        File.SetUnixFileMode(path, mode & ~Others);
        warn($"{path} was open to other users (mode {Octal(mode)}); it is {Octal(mode & ~Others)} now."
            + " Whoever could write there may have changed the store.");
    }

    private static string Octal(UnixFileMode mode) => Convert.ToString((int)mode, 8).PadLeft(4, '0');

    // The owner of a directory can replace every file in it. Root may run on somebody's directory (a bind mount in a
    // container), anybody else may not.
    private static void CheckOwner(string path, Action<string> warn)
    {
        if (!OperatingSystem.IsLinux())
            return;
        var (owner, me) = (OwnerOf(path), GetEffectiveUser());
        if (owner == me)
            return;
        var text = $"{path} belongs to user {owner}, and this server runs as user {me}";
        if (me != 0)
            throw new StoreException(StoreFailure.ReadOnly, $"{text}; give it the directory (chown {me})");
        warn($"{text}; that user can replace the store");
    }

    // statx(2) has the same layout on every architecture: stx_uid lies at byte 20.
    private static unsafe uint OwnerOf(string path)
    {
        const int CurrentDirectory = -100;
        const uint WantOwner = 0x8;
        var result = stackalloc byte[256];
        if (Statx(CurrentDirectory, path, 0, WantOwner, result) != 0)
            throw new IOException($"statx failed with errno {Marshal.GetLastPInvokeError()}");
        return *(uint*)(result + 20);
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static unsafe partial int Statx(int directory, string path, int flags, uint mask, byte* result);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint GetEffectiveUser();

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenDirectory(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int FSync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
