using System.Security.Cryptography;
using System.Text;
using Kist.Cli.Client;
using Kist.Cli.Output;
using Kist.Kernel.Audit;
using Kist.Kernel.Node;
using Kist.Kernel.Seals;
using Kist.Kernel.Tokens;
using Kist.Server.Configuration;

namespace Kist.Cli.Serving;

/// <summary>
/// <c>kist server --start DIRECTORY</c>: a server from nothing. Each step can be interrupted and is made good by the
/// next start; the root token is on disk before the store that needs it exists.
/// </summary>
internal sealed class QuickStart
{
    private static readonly string[] Mounts = ["dev", "staging", "prod", "secret"];

    private readonly string _directory;
    private string? _earlierToken;

    private QuickStart(string directory) => _directory = directory;

    private string Marker => Path.Combine(_directory, "setup-complete");

    private string AuditFile => Path.Combine(_directory, "audit", "audit.log");

    private string RecoveryPath => OwnFile("recovery");

    private static string TokenPath => TokenFile.DefaultPath(Environment.GetEnvironmentVariable);

    /// <summary>Writes the configuration if there is none, and reads it.</summary>
    public static (ServerConfig? Config, QuickStart? QuickStart, Problem? Problem) Configure(
        string directory, string? listen)
    {
        var start = new QuickStart(Path.GetFullPath(directory));
        var file = Path.Combine(start._directory, "kist.hcl");
        if (listen is not null && !Address.TryParse(listen, out _))
            return (null, null, new Problem(
                "the address is not an IP address and a port", "an address such as 127.0.0.1:8200"));
        try
        {
            if (!File.Exists(file)) start.WriteConfig(file, listen ?? "127.0.0.1:8200");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return (null, null, new Problem(
                $"{start._directory} cannot be set up: {e.Message}", "choose a folder that you may write"));
        }
        var (config, error) = ConfigReader.Read(file);
        if (error is not null) return (null, null, new Problem(error));
        if (listen is not null && Address.TryParse(listen, out var endPoint))
            config = config! with { Listeners = [config.Listeners[0] with { EndPoint = endPoint }] };
        return (config, start, null);
    }

    /// <summary>
    /// Initialises and unseals the store, mounts, and opens the audit file, as far as that is not done yet.
    /// </summary>
    public async Task SetUpAsync(Node node)
    {
        if (!await node.IsInitializedAsync(CancellationToken.None))
        {
            var token = TokenText.NewService();
            if (KeepToken(token) is { } problem) throw new IOException(problem.Message);
            var (keys, refused) = await node.InitializeAsync(new KeySplit(1, 1), token, CancellationToken.None);
            if (refused is not null) throw new IOException(refused.Message);
            using (keys) KeepRecoveryKey(keys!.Shares[0].Span);
        }
        if (File.Exists(Marker)) return;
        if (node.Current is null && node.Parts.Seal is { } seal) await node.UnsealAsync(seal, CancellationToken.None);
        if (node.Current is not { } kernel) return;
        foreach (var name in Mounts) await SecretMounts.EnableAsync(kernel, name);
        if (kernel.Audit.Broker.Sinks.Count == 0)
        {
            var fault = await kernel.Audit.EnableAsync(new AuditSinkEntry
            {
                Path = "file/", Type = "file", Description = "every request and answer, values hashed",
                Options = new Dictionary<string, string> { ["file_path"] = AuditFile },
            }, CancellationToken.None);
            if (fault is not null) throw new IOException(
                $"the audit file {AuditFile} cannot be opened: {fault.Message}");
        }
        File.WriteAllText(Marker,
            "The store is initialised, mounted and audited. Remove this file to have that checked again.\n");
    }

    public void Announce(Screen screen, string url)
    {
        var kist = IsOnPath("kist") ? "kist" : ShellWord(Environment.ProcessPath ?? "kist");
        var set = url == "http://127.0.0.1:8200" ? "" : $"  export KIST_ADDR={url}\n";
        screen.Line("");
        screen.Line($"Kist is running at {url} and unsealed. Ctrl-C stops it; your data stays.");
        screen.Line(File.Exists(TokenPath)
            ? $"  root token   {TokenPath} (only you can read it; kist finds it there)"
            : $"  root token   not in {TokenPath}; kist login keeps one there");
        if (_earlierToken is not null)
            screen.Line($"               (the token that was there is {_earlierToken} now)");
        if (File.Exists(RecoveryPath))
            screen.Line($"  recovery key {RecoveryPath} (makes a new root token; keep it elsewhere)");
        screen.Line($"  data         {_directory}");
        screen.Line($"  audit        {AuditFile}");
        screen.Line("");
        screen.Line("Try in another terminal:");
        if (set.Length > 0) screen.Line(set.TrimEnd('\n'));
        screen.Line($"  {kist} put prod/database url=postgres://db.internal/app password=-");
        screen.Line($"  {kist} get prod/database");
        screen.Line($"  {kist} run --from prod/database -- env");
        screen.Line("");
    }

    private void WriteConfig(string file, string listen)
    {
        const UnixFileMode owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(_directory);
        else Directory.CreateDirectory(_directory, owner);
        var text = $$"""
            # Written by `kist server --start`; yours to change. SIGHUP makes the server read it again.
            storage "sqlite" {
              path = {{Quoted(Path.Combine(_directory, "store"))}}
            }
            listener "tcp" {
              address = {{Quoted(listen)}}
            }
            # Opens the store without a person. It lies outside the data: keep a copy of it elsewhere.
            seal "keyfile" {
              path = {{Quoted(OwnFile("seal"))}}
            }
            audit_file_dirs = [{{Quoted(Path.GetDirectoryName(AuditFile)!)}}]

            """;
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var stream = new FileStream(file, options);
        stream.Write(Encoding.UTF8.GetBytes(text));
    }

    /// <summary>A key file of this data directory: two of them on one machine must not share it.</summary>
    private string OwnFile(string kind)
    {
        var name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(_directory)))[..12];
        return Path.Combine(Path.GetDirectoryName(Path.GetFullPath(TokenPath))!, $"{kind}-{name}.key");
    }

    /// <summary>A token of another server that is there already is kept beside the new one.</summary>
    private Problem? KeepToken(string token)
    {
        if (File.Exists(TokenPath))
        {
            var number = 1;
            while (File.Exists($"{TokenPath}.{number}")) number++;
            _earlierToken = $"{TokenPath}.{number}";
            File.Move(TokenPath, _earlierToken);
        }
        return TokenFile.Write(TokenPath, token);
    }

    /// <summary>Makes a new root token when all are lost (<c>kist operator generate-root</c>).</summary>
    private void KeepRecoveryKey(ReadOnlySpan<byte> key)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var file = new FileStream(RecoveryPath, options);
        file.Write(Encoding.ASCII.GetBytes(Convert.ToHexStringLower(key) + "\n"));
    }

    private static string Quoted(string text) => "\"" + text.Replace("\\", "\\\\").Replace("\"", "\\\"") + "\"";

    private static string ShellWord(string text) =>
        text.All(c => char.IsAsciiLetterOrDigit(c) || "/._-+".Contains(c)) ? text : $"'{text.Replace("'", @"'\''")}'";

    private static bool IsOnPath(string name) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
        .Any(folder => folder.Length > 0 && File.Exists(Path.Combine(folder, name)));
}
