using System.Diagnostics;
using Kist.Server.Stores.Sqlite;
using Xunit;

namespace Kist.Server.Tests.Stores.Sqlite;

/// <summary>
/// A data directory that a test may damage. The files of an open store are touched by other processes only: closing any
/// descriptor of a file drops all POSIX locks that this process holds on it.
/// </summary>
internal sealed class StoreFiles : IDisposable
{
    private readonly bool _mounted;

    /// <summary>
    /// An empty directory; with <paramref name="size"/> on a small disk of its own where that is allowed.
    /// </summary>
    public StoreFiles(string? size = null)
    {
        Directory = StoreUnderTest.NewDirectory();
        _mounted = size is not null && Run("mount", "-t", "tmpfs", "-o", $"size={size},mode=700", "tmpfs", Directory);
    }

    public string Directory { get; }

    public string Database => Path.Combine(Directory, "kist.db");

    public string Wal => Database + "-wal";

    /// <summary>True if the directory is a disk of its own.</summary>
    public bool IsDisk => _mounted;

    public SqliteStore Open(long maxBytes = 0, Action<string>? warn = null) => SqliteStore.Open(
        new SqliteStoreOptions { Directory = Directory, MaxBytes = maxBytes, Warn = warn ?? (static _ => { }) });

    /// <summary>With next to no page cache: what is read comes from the file.</summary>
    public SqliteStore OpenWithoutCache() =>
        SqliteStore.Open(new SqliteStoreOptions { Directory = Directory, CacheKiB = 1, Readers = 2 });

    /// <summary>Has another process write bytes into the database.</summary>
    public void Overwrite(byte[] bytes, long at)
    {
        var from = Path.Combine(Directory, "bytes");
        File.WriteAllBytes(from, bytes);
        Assert.True(Run("dd", $"if={from}", $"of={Database}", "conv=notrunc", "oflag=seek_bytes", $"seek={at}"));
    }

    /// <summary>Runs SQL on the closed store.</summary>
    public void Execute(string sql)
    {
        using var connection = Connection.Open(Database, 1024, TimeSpan.Zero);
        connection.Execute(sql);
    }

    /// <summary>Makes a database as another program, or an early version of this one, would.</summary>
    public void MakeOther(string sql)
    {
        File.WriteAllBytes(Database, []);
        using var connection = Connection.Open(Database, 1024, TimeSpan.Zero, vfs: null);
        connection.Execute(sql);
    }

    /// <summary>Runs a program; true if it ended well.</summary>
    public static bool Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        using var process = Process.Start(start)!;
        process.StandardOutput.ReadToEnd();
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0;
    }

    /// <summary>A process that writes into the store here; see Kist.StoreChild.</summary>
    public Process StartWriter()
    {
        var child = Path.Combine(AppContext.BaseDirectory, "Kist.StoreChild.dll");
        var command = $"umask 0000; exec dotnet '{child}' '{Directory}'";
        return Process.Start(new ProcessStartInfo("sh", ["-c", command])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
    }

    public void Dispose()
    {
        if (_mounted)
            Assert.True(Run("umount", "-l", Directory));
        System.IO.Directory.Delete(Directory, recursive: true);
    }
}
