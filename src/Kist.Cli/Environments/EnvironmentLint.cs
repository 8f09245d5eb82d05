using System.Text.Json;
using Kist.Cli.Output;
using Kist.Cli.References;
using Kist.Scan.Sources;
using Kist.Secrets;

namespace Kist.Cli.Environments;

/// <summary>One thing that is wrong with a <c>.env</c>.</summary>
/// <param name="Rule">A name for it.</param>
/// <param name="Place">File, line and variable.</param>
/// <param name="Message">What is wrong, without a value.</param>
internal sealed record LintFinding(string Rule, string Place, string Message);

/// <summary>`kist env lint`: what is kept in the wrong place, shared, missing or misspelt.</summary>
internal sealed class EnvironmentLint : IDisposable
{
    private readonly List<LintFinding> _findings = [];
    private readonly List<ResolvedFile> _resolved = [];
    private readonly List<string> _notes = [];
    private readonly Session _session;
    private readonly string _file;

    private EnvironmentLint(Session session, string file) => (_session, _file) = (session, file);

    /// <summary>Looks; gives 1 where something was found, 2 where it could not be looked at.</summary>
    /// <param name="environments">Those to look into; empty: all of the configuration.</param>
    /// <param name="isOffline">Only at the file, not at what its references lead to.</param>
    public static int Run(Session session, string? file, string[] environments, bool isOffline)
    {
        if (ProjectConfig.Load(out var config) is { } broken)
            return session.Fail(broken with { ExitCode = EnvironmentDiff.Trouble });
        file ??= EnvironmentFile.Default(config);
        if (file is null)
            return session.Fail(new Problem("there is no .env here", "kist env lint FILE", EnvironmentDiff.Trouble));
        using var lint = new EnvironmentLint(session, file);
        if (lint.LookAtFile() is { } unread)
            return session.Fail(unread with { ExitCode = EnvironmentDiff.Trouble });
        if (!isOffline) lint.LookIntoEnvironments(environments.Length > 0 ? environments : [.. config?.Names ?? []]);
        return lint.Report();
    }

    public void Dispose()
    {
        foreach (var resolved in _resolved) resolved.Dispose();
    }

    private Problem? LookAtFile()
    {
        using var entries = new EnvironmentFile();
        if (entries.Read(_file) is { } unread) return unread;
        var isCommitted = IsCommitted();
        foreach (var twice in entries.Repeated) Add("repeated", _file, twice);
        foreach (var entry in entries.Entries)
        {
            if (entry.Text is not null) continue;
            var guess = VariableGuess.Of(entry.Name, entry.Plain.Span);
            if (guess.Kind == VariableKind.Secret)
                Add("secret-in-clear", entry.Place, $"a secret stands here in the clear ({guess.Why})"
                    + (isCommitted ? ", and the file is committed: change it" : ""));
        }
        return CompareWithExample(entries);
    }

    private Problem? CompareWithExample(EnvironmentFile entries)
    {
        var example = Path.Combine(Path.GetDirectoryName(_file) ?? "", ".env.example");
        if (!File.Exists(example) || Path.GetFullPath(example) == Path.GetFullPath(_file)) return null;
        using var expected = new EnvironmentFile();
        if (expected.Read(example) is { } unread) return unread;
        var names = entries.Entries.Select(static e => e.Name).ToHashSet();
        foreach (var entry in expected.Entries)
        {
            if (!names.Remove(entry.Name)) Add("missing", entry.Place, $"{_file} does not set it");
            if (!entry.Plain.Span.IsEmpty
                && VariableGuess.Of(entry.Name, entry.Plain.Span) is { Kind: VariableKind.Secret, IsSure: true } guess)
                Add("secret-in-example", entry.Place, $"an example holds a secret ({guess.Why})");
        }
        foreach (var entry in entries.Entries)
            if (names.Contains(entry.Name)) Add("not-in-example", entry.Place, $"{example} does not name it");
        return null;
    }

    private void LookIntoEnvironments(string[] environments)
    {
        IEnumerable<string?> wanted = environments.Length > 0 ? environments : new string?[] { null };
        foreach (var name in wanted)
        {
            var problem = ResolvedFile.Read(_session, _file, name, out var resolved);
            _resolved.Add(resolved);
            if (problem is not null)
            {
                _notes.Add($"{name ?? "the default environment"} was not looked into: {problem.Message}");
                continue;
            }
            foreach (var variable in resolved.Variables.Values) LookAt(variable, resolved.Environment.Name);
        }
        LookForShared();
    }

    private void LookAt(ResolvedVariable variable, string environment)
    {
        if (variable.Entry.Text is null) return;
        var where = environment.Length > 0 ? $" in {environment}" : "";
        if (variable.Value is null)
        {
            Add("no-value", variable.Entry.Place, $"it leads to nothing{where}");
            return;
        }
        var guess = VariableGuess.Of(variable.Entry.Name, variable.Value.Span);
        if (guess is { Kind: VariableKind.Setting, IsSure: true })
            Add("setting-as-secret", variable.Entry.Place, $"it is kept as a secret{where}, but {guess.Why}");
    }

    // Only of what lets in: the same port in dev and prod is no secret.
    private void LookForShared()
    {
        for (var i = 0; i < _resolved.Count; i++)
            for (var j = i + 1; j < _resolved.Count; j++)
                foreach (var (name, mine) in _resolved[i].Variables)
                {
                    if (mine.Entry.Text is null || mine.Value is null
                        || !_resolved[j].Variables.TryGetValue(name, out var theirs) || theirs.Value is null
                        || !mine.Value.FixedTimeEquals(theirs.Value.Span)
                        || VariableGuess.Of(name, mine.Value.Span).Kind != VariableKind.Secret) continue;
                    Add("shared-value", mine.Entry.Place, $"{_resolved[i].Environment.Name} and "
                        + $"{_resolved[j].Environment.Name} have the same secret: what leaks from one opens the other");
                }
    }

    private bool IsCommitted()
    {
        var full = Path.GetFullPath(_file);
        var folder = Path.GetDirectoryName(full)!;
        try
        {
            if (!Repository.Holds(folder)) return false;
            var name = Path.GetRelativePath(Repository.TopOf(folder) ?? folder, full);
            return Repository.Open(folder).Tracked(name).Count > 0;
        }
        catch (GitException)
        {
            return false;
        }
    }

    // The same setting of several environments is one finding.
    private void Add(string rule, string place, string message)
    {
        var finding = new LintFinding(rule, place, message);
        if (!_findings.Contains(finding)) _findings.Add(finding);
    }

    private int Report()
    {
        foreach (var note in _notes) _session.Screen.Warn(note);
        if (_session.Json) PrintJson();
        else
        {
            foreach (var finding in _findings)
                _session.Screen.Line($"{finding.Place}: {Message(finding)}  [{finding.Rule}]");
            if (_findings.Count == 0) _session.Screen.Remark($"{_file}: nothing is wrong");
        }
        return _findings.Count > 0 ? 1 : _notes.Count > 0 ? EnvironmentDiff.Trouble : 0;
    }

    // A repeated variable's message names its own place.
    private static string Message(LintFinding finding) => finding.Message.StartsWith(finding.Place + ", ",
        StringComparison.Ordinal) ? finding.Message[(finding.Place.Length + 2)..] : finding.Message;

    private void PrintJson()
    {
        using var text = new SecretWriter(1024);
        using (var json = new Utf8JsonWriter(text, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartArray();
            foreach (var finding in _findings)
            {
                json.WriteStartObject();
                json.WriteString("rule", finding.Rule);
                json.WriteString("place", finding.Place);
                json.WriteString("message", Message(finding));
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
        _session.Screen.Line(text);
    }
}
