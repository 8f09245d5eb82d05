using Kist.Cli.Output;
using Kist.Cli.Running;
using Kist.Scan;
using Kist.Scan.Ignores;
using Kist.Scan.Reports;
using Kist.Scan.Sources;

namespace Kist.Cli.Scanning;

/// <summary>One run of `kist scan`: what to scan, what to leave out, what to say.</summary>
internal sealed class ScanRun
{
    /// <summary>The exit code when something could not be read, and of every mistake: never that of findings.</summary>
    public const int Incomplete = 2;

    private readonly Session _session;
    private readonly ScanRequest _request;
    private readonly DateTimeOffset _began = TimeProvider.System.GetUtcNow();
    private readonly Tally _tally = new();
    private readonly List<string> _notes = [];
    private readonly Severity _failOn;
    private readonly string _format;
    private readonly string _root;
    private readonly IgnoreSet _ignores;

    private ScanRun(Session session, ScanRequest request, Severity failOn, string format, string root,
        IgnoreSet ignores)
    {
        (_session, _request, _failOn, _format) = (session, request, failOn, format);
        (_root, _ignores) = (root, ignores);
    }

    /// <summary>Runs it; gives the exit code.</summary>
    public static int Run(Session session, ScanRequest request)
    {
        if (Contradiction(request) is { } wrong) return session.Fail(wrong);
        if (ScanWords.Severity(request.FailOn, out var failOn) is { } severity) return session.Fail(severity);
        if (ScanWords.Format(request, session.Json, out var format) is { } unknown) return session.Fail(unknown);
        try
        {
            var root = RootOf(request);
            var known = request.Known ? new KnownFetch(session) : null;
            if (known?.Ask(request.KnownPaths) is { } unasked) return session.Fail(unasked);
            if (ScannerSetup.Make(request, root, known, out var scanner) is { } setup) return session.Fail(setup);
            if (request.Explain is { } what) return ScanExplanation.Show(session, scanner, what);
            var ignores = IgnoreSet.Load(root, request.Baselines, request.GitleaksIgnore,
                DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().UtcDateTime),
                ScannerSetup.RuleNames(scanner),
                request.IsServer ? Repository.ReadCommitted : null);
            if (ignores.Problem is { } broken)
                return session.Fail(new Problem(broken, "correct the file: nothing is ignored by guesswork",
                    Incomplete));
            var run = new ScanRun(session, request, failOn, format, root, ignores);
            if (known is { LeftOut: > 0 })
                run._notes.Add($"{known.LeftOut} values that the server holds are too short or too easy to guess to be "
                    + "looked for");
            return run.Run(scanner);
        }
        catch (GitException e)
        {
            var hint = e.Message.Contains("not a git repository", StringComparison.Ordinal)
                ? "kist scan PATH scans files without git" : null;
            return session.Fail(new Problem(e.Message.Replace("fatal: ", ""), hint, Incomplete));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return session.Fail(new Problem(e.Message.TrimEnd('.'), null, Incomplete));
        }
    }

    private static Problem? Contradiction(ScanRequest request)
    {
        var sources = (request.Staged ? 1 : 0) + (request.History ? 1 : 0) + (request.Range is null ? 0 : 1)
            + (request.Stdin ? 1 : 0);
        if (sources > 1)
            return new Problem("--staged, --history, --range and --stdin are one scan each", "one of them", Incomplete);
        if (request.Stdin && request.Paths.Length > 0)
            return new Problem("standard input and files are two scans", "one of them", Incomplete);
        if (sources == 1 && request.Paths.Length > 1)
            return new Problem("a git scan takes one repository", "one PATH", Incomplete);
        if (request.Allow is not null && string.IsNullOrWhiteSpace(request.Reason))
            return new Problem("--allow needs a reason", "--reason \"why this may stay\"", Incomplete);
        if (request.Expires is not null && !DateOnly.TryParseExact(request.Expires, "yyyy-MM-dd", out _))
            return new Problem("--expires takes a day", "--expires 2027-01-31", Incomplete);
        if (request.Range is ['-', ..])
            return new Problem("--range takes A..B, as git log does", "--range origin/main..HEAD", Incomplete);
        if (request.Fix is not null && (sources > 0))
            return new Problem("--fix changes files as they are on disk: it takes paths only", "kist scan --fix",
                Incomplete);
        return null;
    }

    // Where .kist and .gitleaksignore lie: at the top of the repository, else in the folder that is scanned.
    private static string RootOf(ScanRequest request)
    {
        var first = request.Paths.Length > 0 ? request.Paths[0] : ".";
        var folder = Directory.Exists(first) ? first : Path.GetDirectoryName(Path.GetFullPath(first)) ?? ".";
        return Repository.TopOf(folder) ?? Path.GetFullPath(folder);
    }

    private int Run(Scanner scanner)
    {
        _notes.AddRange(scanner.Settings.Gitleaks?.Notes ?? []);
        var shows = _request.Stdin && _format == "table" && _request.Output is null;
        var hits = new Hits(shows ? ShowAtOnce : null);
        var limits = new ScanLimits
        {
            ArchiveDepth = _request.ArchiveDepth ?? new ScanLimits().ArchiveDepth, Everything = _request.AllFiles,
        };
        var threads = Math.Max(1, _request.Threads ?? Environment.ProcessorCount);
        using (new ScanProgress(_session.Screen, _tally, hits))
            Scan(new ScanContext(scanner, limits, _tally, hits, threads) { Excludes = Exclusion() });
        var all = hits.Sorted();
        var reported = all.FindAll(hit => _ignores.Reason(hit) is null);
        var report = new Report(all, reported)
        {
            Tally = _tally, Version = typeof(ScanRun).Assembly.GetName().Version!.ToString(3),
            Beyond = hits.Count - all.Count, Ignored = all.Count - reported.Count, Disclosure = _request.Disclosure,
            Began = _began, Ended = TimeProvider.System.GetUtcNow(), IdOf = _ignores.IdOf,
        };
        if (_request.Allow is { } id) return ScanAllowance.Allow(_session, _ignores, _root, reported, id, _request);
        if (_request.WriteBaseline) return ScanAllowance.WriteBaseline(_session, _ignores, _root, all);
        if (_request.Fix is { } to) return new ScanFix(_session, _root, to).Run(report);
        Show(report, shown: shows);
        return ExitCode(report);
    }

    private Func<string, bool>? Exclusion()
    {
        if (_ignores.Allowed.Exclude.Count == 0) return null;
        var isGit = _request.Staged || _request.History || _request.Range is not null;
        return isGit ? _ignores.Excludes : path => _ignores.Excludes(_ignores.FromTop(path));
    }

    private void Scan(ScanContext context)
    {
        var folder = _request.Paths.Length > 0 ? _request.Paths[0] : null;
        if (_request.Stdin)
        {
            using var input = DescriptorStream.Standard(0);
            new StreamSource(context).Scan(input, "-");
        }
        else if (_request.Staged) new StagedSource(context, folder).Scan();
        else if (_request.History || _request.Range is not null)
        {
            var repository = Repository.Open(folder);
            // Fingerprints have a new key each time: what an earlier scan found says nothing about them.
            var cache = _request.NoCache || _request.Known ? null
                : new HistoryCache(repository, ScannerSetup.Version(_request, _root));
            var source = new HistorySource(context, repository, cache);
            if (_request.Range is { } range) source.ScanRange(range.Split(' ', StringSplitOptions.RemoveEmptyEntries));
            else source.ScanAll();
        }
        else
        {
            var source = new TreeSource(context, asGit: !_request.NoGit && !_request.AllFiles);
            foreach (var path in _request.Paths.Length > 0 ? _request.Paths : ["."]) source.Scan(path);
        }
    }

    private void ShowAtOnce(Hit hit)
    {
        if (_ignores.Reason(hit) is not null) return;
        var report = Single(hit);
        _session.Screen.Write(System.Text.Encoding.UTF8.GetBytes(
            TableReport.Entry(report, hit, _session.Screen.UsesColour)));
    }

    private Report Single(Hit hit) => new([hit], [hit])
    {
        Tally = _tally, Version = "", Disclosure = _request.Disclosure, IdOf = _ignores.IdOf,
    };

    private void Show(Report report, bool shown)
    {
        var screen = _session.Screen;
        var toFile = _request.Output is { } path && path != "-";
        if (toFile)
        {
            using var file = new ReplacedFile(_request.Output!);
            using (var buffered = new BufferedStream(new NotClosed(file), 64 * 1024)) Write(report, buffered);
            file.Commit();
        }
        else if (!shown)
        {
            using var standard = new BufferedStream(DescriptorStream.Standard(1), 64 * 1024);
            Write(report, standard);
        }
        foreach (var note in _notes) screen.Warn(note);
        foreach (var note in _tally.Notes) screen.Warn(note);
        var everything = _request is { Staged: false, Stdin: false, Range: null } && _tally.UnreadCount == 0;
        foreach (var remark in _ignores.Remarks(everything)) screen.Warn(remark);
        if (screen.Quiet) return;
        var summary = TableReport.Summary(report);
        if (_format == "table" || toFile) screen.Write(System.Text.Encoding.UTF8.GetBytes(summary));
        else screen.Ask(summary);
    }

    private void Write(Report report, Stream to)
    {
        switch (_format)
        {
            case "json": JsonReport.Write(report, to); break;
            case "sarif": SarifReport.Write(report, to); break;
            case "junit": JunitReport.Write(report, to); break;
            case "gitlab": GitlabReport.Write(report, to); break;
            case "csv": CsvReport.Write(report, to); break;
            default:
                var colour = _request.Output is null && _session.Screen.UsesColour;
                foreach (var hit in report.Hits)
                    to.Write(System.Text.Encoding.UTF8.GetBytes(TableReport.Entry(report, hit, colour)));
                break;
        }
    }

    private int ExitCode(Report report)
    {
        if (_tally.UnreadCount > 0) return Incomplete;
        if (_tally is { Bytes: 0, Commits: 0 } && !_request.MayBeEmpty)
            return _session.Fail(new Problem("there was nothing to scan: no content was read",
                "check the path, and what git ignores (--no-git)", Incomplete));
        return report.Hits.Any(hit => hit.Finding.Severity >= _failOn) || report.Beyond > 0 ? _request.ExitCode : 0;
    }

    /// <summary>Lets a buffer be flushed into a stream that stays open.</summary>
    private sealed class NotClosed(Stream to) : Stream
    {
        public override bool CanRead => false;
        public override bool CanSeek => false;
        public override bool CanWrite => true;
        public override long Length => to.Length;
        public override long Position { get => to.Position; set => throw new NotSupportedException(); }
        public override void Write(ReadOnlySpan<byte> bytes) => to.Write(bytes);
        public override void Write(byte[] buffer, int offset, int count) => to.Write(buffer, offset, count);
        public override void Flush() => to.Flush();
        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
