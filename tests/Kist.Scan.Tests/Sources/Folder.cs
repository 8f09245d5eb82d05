using System.Diagnostics;
using System.Formats.Tar;
using System.Text;
using Kist.Scan.Sources;

namespace Kist.Scan.Tests.Sources;

/// <summary>A folder of one test, with a git that is nobody's.</summary>
internal sealed class Folder : IDisposable
{
    private static readonly Scanner s_scanner = new(new ScanSettings());

    public Folder() => Root = Directory.CreateTempSubdirectory("kist-scan-").FullName;

    public string Root { get; }

    /// <summary>What the last scan counted.</summary>
    public Tally Tally { get; private set; } = new();

    public string this[string path] => Path.Combine(Root, path);

    public void Write(string path, string text) => Write(path, Encoding.UTF8.GetBytes(text));

    public void Write(string path, byte[] bytes)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(this[path])!);
        File.WriteAllBytes(this[path], bytes);
    }

    /// <summary>An archive of files.</summary>
    public static byte[] Tar(params (string Name, byte[] Content)[] entries)
    {
        var stream = new MemoryStream();
        using (var tar = new TarWriter(stream, leaveOpen: true))
            foreach (var (name, content) in entries)
                tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name)
                {
                    DataStream = new MemoryStream(content),
                });
        return stream.ToArray();
    }

    /// <summary>Makes the folder a repository.</summary>
    public Folder Init()
    {
        Git("init", "-q", "-b", "main");
        return this;
    }

    /// <summary>Writes a file and commits it; gives the commit.</summary>
    public string Commit(string path, string text, string author = "Alice <alice@example.com>")
    {
        Write(path, text);
        Git("add", "-A");
        Git("commit", "-q", "-m", $"change {path}", "--author", author);
        return Git("rev-parse", "HEAD");
    }

    public string Git(params string[] arguments) => Run("git", arguments);

    public string Shell(string script) => Run("bash", "-c", script);

    public string Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = Root, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        foreach (var name in start.Environment.Keys.Where(k => k.StartsWith("GIT_", StringComparison.Ordinal)).ToList())
            start.Environment.Remove(name);
        start.Environment["HOME"] = Root + "-home";
        start.Environment["GIT_CONFIG_NOSYSTEM"] = "1";
        foreach (var who in (string[])["AUTHOR", "COMMITTER"])
        {
            start.Environment[$"GIT_{who}_NAME"] = "Bob";
            start.Environment[$"GIT_{who}_EMAIL"] = "bob@example.com";
        }
        start.Environment["GIT_AUTHOR_DATE"] = "2024-02-03T04:05:06+0100";
        start.Environment["GIT_ALLOW_PROTOCOL"] = "file";
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: {error.Result}");
        return output.Trim();
    }

    public ScanContext Context(Hits hits, ScanLimits? limits = null)
    {
        Tally = new Tally();
        return new ScanContext(s_scanner, limits ?? new ScanLimits(), Tally, hits, 2);
    }

    /// <summary>Scans the folder; the findings as "path:line".</summary>
    public string[] Tree(string path = "", bool asGit = true, ScanLimits? limits = null)
    {
        var hits = new Hits();
        new TreeSource(Context(hits, limits), asGit).Scan(Path.Combine(Root, path).TrimEnd('/'));
        return [.. hits.Sorted().Select(hit => $"{Shown(hit.Path)}:{hit.Finding.StartLine}")];
    }

    public List<Hit> History(HistoryCache? cache = null)
    {
        var hits = new Hits();
        new HistorySource(Context(hits), Repository.Open(Root), cache).ScanAll();
        return hits.Sorted();
    }

    public List<Hit> Range(params string[] revisions)
    {
        var hits = new Hits();
        new HistorySource(Context(hits), Repository.Open(Root), null).ScanRange(revisions);
        return hits.Sorted();
    }

    public List<Hit> Staged()
    {
        var hits = new Hits();
        new StagedSource(Context(hits), Root).Scan();
        return hits.Sorted();
    }

    public List<Hit> Stream(Stream stream)
    {
        var hits = new Hits();
        new StreamSource(Context(hits)).Scan(stream, "-");
        return hits.Sorted();
    }

    public void Dispose()
    {
        if (Directory.Exists(Root + "-home")) Directory.Delete(Root + "-home", recursive: true);
        // Some of the names here are none that .NET could delete.
        Run("chmod", "-R", "u+rwx", ".");
        Run("rm", "-rf", Root);
    }

    private string Shown(string path) => path.StartsWith(Root, StringComparison.Ordinal) ? path[(Root.Length + 1)..]
        : path;
}
