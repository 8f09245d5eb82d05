using System.Text.Json;
using Kist.Scan.Sources;

namespace Kist.Scan.Ignores;

/// <summary>
/// Everything that says "not this one": <c>.kist/scan.toml</c>, baselines, <c>.gitleaksignore</c>. It knows which of
/// its
/// entries were needed.
/// </summary>
public sealed class IgnoreSet
{
    private readonly string _root;
    private readonly DateOnly _today;
    private readonly Func<string, bool> _isRule;
    private readonly List<GitleaksBaseline> _gitleaksBaselines = [];
    private readonly List<GitleaksEntry> _gitleaks = [];
    private readonly HashSet<object> _used = [];

    private IgnoreSet(string root, DateOnly today, Func<string, bool> isRule)
    {
        (_root, _today, _isRule) = (root, today, isRule);
        Fingerprints = Fingerprints.WithoutKey();
    }

    /// <summary>What the repository allows.</summary>
    public AllowFile Allowed { get; private set; } = new();

    /// <summary>What was there before.</summary>
    public Baseline Baseline { get; private set; } = new();

    /// <summary>Makes the names of values.</summary>
    public Fingerprints Fingerprints { get; private set; }

    /// <summary>What is wrong with one of the files; null when all could be read.</summary>
    public string? Problem { get; private set; }

    /// <summary>Reads what lies at the top of a repository, or of what is scanned.</summary>
    /// <param name="root">That folder, absolute.</param>
    /// <param name="baselines">Further baselines, of Kist or of gitleaks, by path.</param>
    /// <param name="gitleaksIgnore">Another <c>.gitleaksignore</c>; null: the one in the folder.</param>
    /// <param name="isRule">Whether there is a rule of this id.</param>
    /// <param name="committed">Reads a file of a repository without a working tree; null: there is one.</param>
    public static IgnoreSet Load(string root, IReadOnlyList<string> baselines, string? gitleaksIgnore, DateOnly today,
        Func<string, bool> isRule, Func<string, string?>? committed = null)
    {
        string? Own(string name) => committed is null ? Read(Path.Combine(root, name)) : committed(name);
        var set = new IgnoreSet(root, today, isRule);
        try
        {
            if (Own(AllowFile.Name) is { } allowed)
                set.Allowed = AllowFile.Parse(allowed, AllowFile.Name);
            set.Problem = set.Allowed.Problem;
            if (set.Allowed.Key is { } key) set.Fingerprints = new Fingerprints(key);
            if (Own(Baseline.Name) is { } known) set.Baseline = Baseline.Parse(known);
            if (gitleaksIgnore is not null && !File.Exists(gitleaksIgnore))
                set.Problem = $"there is no file {gitleaksIgnore}";
            var lines = (gitleaksIgnore is null ? Own(".gitleaksignore") : Read(gitleaksIgnore)) ?? "";
            foreach (var line in lines.Split('\n'))
                if (line.TrimStart() is { Length: > 0 } entry && entry[0] != '#'
                    && GitleaksEntry.Parse(entry.Trim()) is { } parsed) set._gitleaks.Add(parsed);
            foreach (var baseline in baselines) set.Add(baseline);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            set.Problem = e.Message.TrimEnd('.');
        }
        return set;
    }

    /// <summary>Whether a path is not to be scanned at all.</summary>
    public bool Excludes(string path)
    {
        foreach (var pattern in Allowed.Exclude)
            if (Glob.Matches(pattern, path)) return true;
        return false;
    }

    /// <summary>The path from the top, of a path as a scan shows it.</summary>
    public string FromTop(Hit hit) => hit.Blob is null ? FromTop(hit.Path) : hit.Path;

    /// <summary>The path from the top, of a path on disk.</summary>
    public string FromTop(string path)
    {
        var end = path.IndexOf('!');
        var file = end < 0 ? path : path[..end];
        return Path.GetRelativePath(_root, Path.GetFullPath(file)) + (end < 0 ? "" : path[end..]);
    }

    /// <summary>The name of a finding's value.</summary>
    public string IdOf(Hit hit) => Fingerprints.Of(hit.Finding.Secret.Span);

    /// <summary>Why a finding is ignored; null when it is not.</summary>
    public string? Reason(Hit hit)
    {
        var path = FromTop(hit);
        string? reason = null;
        foreach (var allow in Allowed.Entries)
        {
            if (!Allows(allow, hit, path) || !Use(allow) || allow.Expires < _today) continue;
            reason ??= allow.Reason;
        }
        foreach (var entry in _gitleaks)
            if (entry.Names(hit, path, _isRule) && Use(entry)) reason ??= ".gitleaksignore";
        if (Baseline.Count > 0 && IdOf(hit) is var id && Baseline.Holds(id, path) && Use((id, path)))
            reason ??= "the baseline";
        foreach (var baseline in _gitleaksBaselines)
            if (baseline.Holds(hit, path)) reason ??= "the baseline";
        return reason;
    }

    /// <summary>Entries that have ended, and entries that nothing needed: these only after a scan of
    /// everything.</summary>
    public IEnumerable<string> Remarks(bool everything)
    {
        foreach (var allow in Allowed.Entries)
        {
            if (allow.Expires < _today)
                yield return $"{AllowFile.Name}, line {allow.Line} ({allow.Name}) ended on {allow.Expires:yyyy-MM-dd}";
            else if (everything && !_used.Contains(allow))
                yield return $"{AllowFile.Name}, line {allow.Line} ({allow.Name}) matched nothing in this scan";
        }
        if (!everything) yield break;
        foreach (var entry in _gitleaks)
            if (!_used.Contains(entry))
                yield return $".gitleaksignore: {entry.File}:{entry.Rule}:{entry.Line} matched nothing in this scan";
        var unused = Baseline.Entries.Count(entry => !_used.Contains(entry));
        if (unused > 0)
            yield return $"{Baseline.Name}: {unused} of {Baseline.Count} entries matched nothing in this scan "
                + "(kist scan --write-baseline drops them)";
    }

    private bool Allows(Allow allow, Hit hit, string path) =>
        (allow.Rule is null || allow.Rule == hit.Finding.Rule.Id)
        && (allow.Path is null || Glob.Matches(allow.Path, path))
        && (allow.Value is null || allow.Value == IdOf(hit));

    private bool Use(object entry)
    {
        _used.Add(entry);
        return true;
    }

    private void Add(string path)
    {
        var bytes = File.ReadAllBytes(path);
        if (bytes.AsSpan().TrimStart(" \t\r\n"u8) is not [(byte)'[' or (byte)'n', ..])
        {
            foreach (var line in File.ReadAllText(path).Split('\n'))
                if (line.Length > 0 && line[0] != '#' && line.Split(' ').Length < 3)
                    Problem = $"{path} is no baseline: neither a JSON report of gitleaks nor one of kist";
            foreach (var (value, file) in Baseline.Parse(File.ReadAllText(path)).Entries)
                Baseline.Add(value, "-", file);
            return;
        }
        try
        {
            _gitleaksBaselines.Add(GitleaksBaseline.Read(bytes));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException
            or FormatException)
        {
            Problem = $"{path} is no baseline: it is not a JSON report as gitleaks writes it";
        }
    }

    private static string? Read(string file) => File.Exists(file) ? File.ReadAllText(file) : null;
}
