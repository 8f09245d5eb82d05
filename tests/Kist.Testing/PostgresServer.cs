using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Kist.Testing;

/// <summary>
/// A private PostgreSQL from Debian's package, in a temporary folder, on a free loopback port and a Unix socket. It
/// runs as another user where the tests run as root, because PostgreSQL refuses root. It ends with the test program.
/// </summary>
public sealed partial class PostgresServer : IDisposable
{
    /// <summary>The superuser; nobody needs a password on this machine's loopback.</summary>
    public const string User = "kist";

    private static readonly Lock s_sharing = new();
    private static PostgresServer? s_shared;
    // Ends PostgreSQL when the test program ends, however that ends: its standard input is closed then.
    private const string Guard = "\"$@\" & cat > /dev/null; kill -QUIT $! 2> /dev/null; wait";
    private static readonly TimeSpan s_startLimit = TimeSpan.FromSeconds(60);

    private readonly string _folder;
    private Process? _process;
    private int _databases;

    private PostgresServer(string folder, int port) => (_folder, Port) = (folder, port);

    /// <summary>
    /// The server that all tests of a program share. It syncs nothing: tests that stop it start their own.
    /// </summary>
    public static PostgresServer Shared
    {
        get
        {
            lock (s_sharing)
                return s_shared ??= Start("fsync=off");
        }
    }

    /// <summary>Its port on 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>The folder of its Unix socket.</summary>
    public string SocketFolder => _folder;

    /// <summary>The process id of the postmaster.</summary>
    public int ProcessId => int.Parse(
        File.ReadLines(Path.Combine(Data, "postmaster.pid")).First(), CultureInfo.InvariantCulture);

    private string Data => Path.Combine(_folder, "data");

    /// <summary>Makes a cluster and starts it with further settings, such as <c>max_connections=20</c>.</summary>
    public static PostgresServer Start(params IReadOnlyList<string> settings)
    {
        var server = InNewFolder();
        Tool("initdb", "-D", server.Data, "-U", User, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync");
        string[] all =
        [
            $"port={server.Port}", "listen_addresses='127.0.0.1'", $"unix_socket_directories='{server._folder}'",
            "max_connections=100", "shared_buffers=32MB", "log_line_prefix='%m [%p] '", .. settings,
        ];
        File.AppendAllLines(Path.Combine(server.Data, "postgresql.conf"), all);
        server.StartAgain();
        return server;
    }

    /// <summary>
    /// Starts a streaming standby of this server: <c>pg_basebackup</c>, then replay until it is promoted. A primary
    /// whose commits must wait for it sets <c>synchronous_standby_names='*'</c> afterwards.
    /// </summary>
    public PostgresServer StartStandby()
    {
        var standby = InNewFolder();
        Tool("pg_basebackup", "-d", $"host=127.0.0.1 port={Port} user={User}", "-D", standby.Data, "-R", "-X", "stream",
            "-c", "fast", "--no-sync");
        File.AppendAllLines(Path.Combine(standby.Data, "postgresql.conf"),
        [
            $"port={standby.Port}", $"unix_socket_directories='{standby._folder}'", "synchronous_standby_names=''",
            "wal_retrieve_retry_interval=200ms",
        ]);
        standby.StartAgain();
        return standby;
    }

    /// <summary>Makes a standby the primary and waits until it takes writes.</summary>
    public void Promote() => Tool("pg_ctl", "-D", Data, "-w", "promote");

    /// <summary>
    /// Lets it speak TLS with this certificate and key, both PEM, besides plain TCP: the client decides.
    /// </summary>
    public void OfferTls(string certificate, string key)
    {
        foreach (var (name, text) in new[] { ("server.crt", certificate), ("server.key", key) })
        {
            var file = Path.Combine(Data, name);
            File.WriteAllText(file, text);
            Run("chmod", "600", file);
            if (Environment.IsPrivilegedProcess)
                Run("chown", Owner, file);
        }
        Set("ssl", "on");
        // A reload of the settings is not done at once.
        while (Query("postgres", "SHOW ssl") != "on") Thread.Sleep(10);
    }

    /// <summary>Lets nobody but <see cref="User"/> in without a password. It starts again for that.</summary>
    public void RequirePasswords()
    {
        Stop();
        File.WriteAllLines(Path.Combine(Data, "pg_hba.conf"),
            ["local all all trust", $"host all {User} 127.0.0.1/32 trust", "host all all 127.0.0.1/32 scram-sha-256"]);
        StartAgain();
    }

    /// <summary>Changes a setting of the running server, for example <c>synchronous_standby_names</c>.</summary>
    public void Set(string name, string value)
    {
        Query("postgres", $"ALTER SYSTEM SET {name} = '{value}'");
        Query("postgres", "SELECT pg_reload_conf()");
    }

    /// <summary>The URL of a database.</summary>
    public string Url(string database) => $"postgres://{User}@127.0.0.1:{Port}/{database}?sslmode=disable";

    /// <summary>Makes an empty database and returns its URL.</summary>
    public string NewDatabase()
    {
        var name = $"t{Interlocked.Increment(ref _databases)}_{Guid.NewGuid():N}";
        Query("postgres", $"CREATE DATABASE {name} STRATEGY file_copy");
        return Url(name);
    }

    /// <summary>Runs SQL with psql and returns its rows, one a line, columns apart by |.</summary>
    public string Query(string database, string sql) =>
        Tool("psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", $"{Port}", "-U", User,
            "-d", database, "-c", sql).Trim();

    /// <summary>Kills it as a power cut would: the postmaster and every session.</summary>
    public void Kill()
    {
        var processes = new List<int> { ProcessId };
        processes.AddRange(Children(processes[0]));
        // One that has just ended by itself is no failure.
        Run("sh", ["-c", "kill -9 \"$@\" 2> /dev/null || :", "sh", .. processes.Select(process => $"{process}")]);
        AwaitEnd();
    }

    /// <summary>Stops it: <c>smart</c>, <c>fast</c> or <c>immediate</c>.</summary>
    public void Stop(string mode = "fast")
    {
        Tool("pg_ctl", "-D", Data, "-m", mode, "-w", "stop");
        AwaitEnd();
    }

    /// <summary>Starts it after it was stopped or killed, on the same data and port.</summary>
    public void StartAgain()
    {
        File.Delete(Path.Combine(Data, "postmaster.pid"));
        string[] guarded = ["sh", "-c", Guard, "sh", Path.Combine(ToolFolder, "postgres"), "-D", Data];
        var command = AsOwner(guarded);
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardInput = true, RedirectStandardError = true, WorkingDirectory = "/",
        };
        _process = Process.Start(start)!;
        var log = new StringBuilder();
        _process.ErrorDataReceived += (_, line) => { lock (log) log.AppendLine(line.Data); };
        _process.BeginErrorReadLine();
        for (var began = Stopwatch.GetTimestamp(); !Answers(); Thread.Sleep(20))
        {
            if (Stopwatch.GetElapsedTime(began) > s_startLimit)
                throw new InvalidOperationException($"PostgreSQL does not start:\n{log}");
        }
    }

    /// <summary>Ends it and removes its folder.</summary>
    public void Dispose()
    {
        if (!Directory.Exists(_folder))
            return;
        AwaitEnd();
        Directory.Delete(_folder, recursive: true);
    }

    private static PostgresServer InNewFolder()
    {
        RemoveLeftovers();
        // Directly in /tmp: its owner may not be able to reach the folder of TMPDIR, and a socket's path is short.
        var folder = $"{FolderStart}{Guid.NewGuid():N}";
        Run("mkdir", "-m", "700", folder);
        WriteUser(folder);
        if (Environment.IsPrivilegedProcess)
            Run("chown", Owner, folder);
        var server = new PostgresServer(folder, Loopback.FreePort());
        AppDomain.CurrentDomain.ProcessExit += (_, _) => server.Dispose();
        return server;
    }

    private static string Owner => File.ReadLines("/etc/passwd").Any(line => line.StartsWith("postgres:"))
        ? "postgres" : "nobody";

    // The newest version that is installed.
    private static string ToolFolder => Directory.GetDirectories("/usr/lib/postgresql")
        .Where(folder => File.Exists($"{folder}/bin/initdb"))
        .MaxBy(folder => int.Parse(Path.GetFileName(folder), CultureInfo.InvariantCulture)) + "/bin";

    private static string[] AsOwner(string[] command) => Environment.IsPrivilegedProcess
        ? ["setpriv", "--reuid", Owner, "--regid", Owner, "--clear-groups", .. command]
        : command;

    private static string Tool(string name, params string[] arguments)
    {
        var command = AsOwner([Path.Combine(ToolFolder, name), .. arguments]);
        return Run(command[0], command[1..]);
    }

    private bool Answers()
    {
        try
        {
            Query("postgres", "SELECT 1");
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private void AwaitEnd()
    {
        if (_process is not { } process)
            return;
        _process = null;
        process.StandardInput.Close();
        process.WaitForExit();
        process.Dispose();
    }

    private static string Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/",
        };
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("PG")).ToList())
            start.Environment.Remove(name);
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? output
            : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: {errors.Result}{output}");
    }

    private static IEnumerable<int> Children(int parent) =>
        File.ReadAllText($"/proc/{parent}/task/{parent}/children")
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(id => int.Parse(id, CultureInfo.InvariantCulture));
}
