using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Kist.Testing;

namespace Kist.Native.Tests.Guide;

/// <summary>
/// One bash in an empty HOME, with the kist under test first in PATH and nothing of the tester's environment. It keeps
/// its variables and its servers from one example to the next.
/// </summary>
/// <remarks>
/// Documents name the places that users have: port 8200, <c>/etc/kist</c>, <c>/var/lib/kist</c>, <c>/home/you</c>. Here
/// others are used, because tests run beside each other and as anybody. So a command's text is rewritten before it runs
/// (<c>127.0.0.1:8200</c>, <c>0.0.0.0:8200</c> and <c>127.0.0.1:8210</c> become free loopback ports, those folders lie
/// in the HOME, <c>db.example.com:5432</c> is a PostgreSQL of its own that offers TLS), and its output is written back.
/// Commands that name no address find the server through <c>KIST_ADDR</c>.
/// </remarks>
public sealed class GuideShell : IAsyncDisposable
{
    private const string DefaultServer = "127.0.0.1:8200", SecondServer = "127.0.0.1:8210";
    private const string Database = "db.example.com:5432";
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);
    private readonly string _home = Directory.CreateTempSubdirectory("kist-guide-").FullName;
    private readonly string _outputs = Directory.CreateTempSubdirectory("kist-guide-output-").FullName;
    private readonly string _server = $"127.0.0.1:{Loopback.FreePort()}";
    private readonly string _second = $"127.0.0.1:{Loopback.FreePort()}";
    private readonly Lazy<PostgresServer> _postgres;
    private readonly Process _bash;
    private readonly List<string> _running = [];
    private int _count;

    /// <summary>Starts the shell.</summary>
    public GuideShell()
    {
        _postgres = new(StartPostgres);
        var programs = Directory.CreateDirectory(Path.Combine(_home, "bin")).FullName;
        File.CreateSymbolicLink(Path.Combine(programs, "kist"), KistBinary.Path);
        WriteCertificate(Directory.CreateDirectory(Path.Combine(_home, "etc/kist")).FullName);
        var start = new ProcessStartInfo("bash", ["--noprofile", "--norc"])
        {
            WorkingDirectory = _home, RedirectStandardInput = true, RedirectStandardOutput = true,
        };
        var runtime = start.Environment.TryGetValue("DOTNET_ROOT", out var found) ? found : null;
        start.Environment.Clear();
        if (runtime is not null) start.Environment["DOTNET_ROOT"] = runtime; // for a kist that is not native
        start.Environment["HOME"] = _home;
        start.Environment["PATH"] = programs + ":/usr/local/bin:/usr/bin:/bin";
        start.Environment["LANG"] = "C.UTF-8";
        start.Environment["KIST_ADDR"] = "http://" + _server;
        _bash = Process.Start(start)!;
    }

    /// <summary>What <c>./start.sh</c> does after the build: the server that most documents begin with.</summary>
    public static Example StartServer { get; } = new(
        0, "kist server --start ~/kist --listen 127.0.0.1:8200 &", ["…", "Try in another terminal:", "…"]);

    /// <summary>Runs one example. What is wrong with it; null when it does what the document says.</summary>
    /// <exception cref="TimeoutException">It does not end, and so nothing can run behind it.</exception>
    public async Task<string?> RunAsync(Example example)
    {
        var file = Path.Combine(_outputs, (++_count).ToString());
        await _bash.StandardInput.WriteAsync(
            $"{{ {Here(example.Command)}\n}} </dev/null >{file} 2>&1; echo $?\n");
        await _bash.StandardInput.FlushAsync();
        using var timer = new CancellationTokenSource(s_limit);
        string? status;
        try
        {
            status = await _bash.StandardOutput.ReadLineAsync(timer.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"'{example.Command}' does not end; so far:\n{Output(file)}{Surroundings()}");
        }
        var matches = OutputPattern.Matches(example.Expected, Output(file));
        while (example.RunsOn && !matches && !timer.IsCancellationRequested)
        {
            await Task.Delay(20);
            matches = OutputPattern.Matches(example.Expected, Output(file));
        }
        if (example.RunsOn) _running.Add(file);
        if (matches && (status == "0") != example.Fails) return null;
        return $"'{example.Command}' ended with {status} and printed:\n{Output(file)}"
            + $"--- but the document says:\n{string.Join('\n', example.Expected)}\n"
            + Surroundings();
    }

    /// <summary>Writes a file that a document shows. The path under which commands find it is the document's.</summary>
    public string Write(string path, IEnumerable<string> lines)
    {
        var file = Path.GetFullPath(Path.Combine(_home, Here(path)));
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, Here(string.Join('\n', lines) + "\n"));
        // As the guide tells people to keep a file that holds secrets.
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return Path.IsPathRooted(path) ? path : file; // the shell may have gone elsewhere
    }

    /// <summary>Ends the shell and what still runs in it.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_bash.HasExited)
        {
            await _bash.StandardInput.WriteAsync("kill $(jobs -p) 2>/dev/null; wait; exit\n");
            _bash.StandardInput.Close();
            using var timer = new CancellationTokenSource(s_limit);
            try
            {
                await _bash.WaitForExitAsync(timer.Token);
            }
            catch (OperationCanceledException)
            {
                _bash.Kill(entireProcessTree: true);
            }
        }
        _bash.Dispose();
        if (_postgres.IsValueCreated) _postgres.Value.Dispose();
        Directory.Delete(_home, recursive: true);
        Directory.Delete(_outputs, recursive: true);
    }

    private string Here(string text) => WithDatabase(text)
        .Replace(DefaultServer, _server).Replace("0.0.0.0:8200", _server).Replace(SecondServer, _second)
        .Replace("/etc/kist", _home + "/etc/kist").Replace("/var/lib/kist", _home + "/var/lib/kist")
        .Replace("/home/you", _home);

    private string WithDatabase(string text) =>
        text.Contains(Database) ? text.Replace(Database, $"127.0.0.1:{_postgres.Value.Port}") : text;

    private PostgresServer StartPostgres()
    {
        var postgres = PostgresServer.Start("fsync=off");
        postgres.Query("postgres", "CREATE DATABASE kist");
        var certificate = File.ReadAllText(Path.Combine(_home, "etc/kist/tls.crt"));
        postgres.OfferTls(certificate, File.ReadAllText(Path.Combine(_home, "etc/kist/tls.key")));
        File.WriteAllText(Path.Combine(_home, "etc/kist/db-ca.pem"), certificate);
        return postgres;
    }

    private string Output(string file) => File.ReadAllText(file)
        .Replace(_server, DefaultServer).Replace(_second, SecondServer)
        .Replace(_home + "/etc/kist", "/etc/kist").Replace(_home + "/var/lib/kist", "/var/lib/kist")
        .Replace(_home, "/home/you");

    /// <summary>What the programs that run on have printed at last, here or into the logs of a document.</summary>
    private string Surroundings() => string.Concat(
        _running.Concat(Directory.EnumerateFiles(_home, "*.log"))
            .Select(file => (Name: Path.GetFileName(file), Text: End(Output(file))))
            .Where(printed => printed.Text.Length > 0)
            .Select(printed => $"--- and what runs on had printed at its end ({printed.Name}):\n{printed.Text}\n"));

    private static string End(string output) => string.Join('\n', output.Split('\n').TakeLast(20));

    /// <summary>The certificate that the documents' server has: its own authority, for the loopback address.</summary>
    private static void WriteCertificate(string folder)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=kist.example.com", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var now = DateTimeOffset.UtcNow;
        using var certificate = request.CreateSelfSigned(now.AddHours(-1), now.AddDays(1));
        File.WriteAllText(Path.Combine(folder, "tls.crt"), certificate.ExportCertificatePem());
        File.WriteAllText(Path.Combine(folder, "tls.key"), key.ExportPkcs8PrivateKeyPem());
    }
}
