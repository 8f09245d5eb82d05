using System.Globalization;
using System.Text.Json;
using Kist.Scan.Sources;

namespace Kist.Scan.Ignores;

/// <summary>One line of a <c>.gitleaksignore</c>: <c>[commit:]file:rule:line</c>.</summary>
internal sealed record GitleaksEntry(string? Commit, string File, string Rule, int Line)
{
    public static GitleaksEntry? Parse(string line)
    {
        var parts = line.Split(':');
        if (parts.Length < 3 || !int.TryParse(parts[^1], NumberStyles.None, CultureInfo.InvariantCulture,
            out var number))
            return null;
        var named = parts.Length > 3 && parts[0].Length is 40 or 64 && parts[0].All(char.IsAsciiHexDigit);
        return new GitleaksEntry(named ? parts[0] : null, string.Join(':', parts[(named ? 1 : 0)..^2]),
            parts[^2], number);
    }

    /// <summary>Whether it names this finding; rules that Kist does not have are compared by place alone.</summary>
    public bool Names(Hit hit, string path, Func<string, bool> isRule) =>
        (File == path || File == hit.Path) && Line == hit.Finding.StartLine
        && (Commit is null || Commit == hit.Commit?.Id) && (Rule == hit.Finding.Rule.Id || !isRule(Rule));
}

/// <summary>A baseline as gitleaks writes it: its JSON report of an earlier scan.</summary>
internal sealed class GitleaksBaseline
{
    private readonly Dictionary<string, List<(int Line, string? Secret, string Commit)>> _files =
        new(StringComparer.Ordinal);

    public int Count { get; private set; }

    /// <summary>Reads a report; throws <see cref="JsonException"/> or <see cref="InvalidOperationException"/> when it
    /// is none.</summary>
    public static GitleaksBaseline Read(ReadOnlyMemory<byte> json)
    {
        var baseline = new GitleaksBaseline();
        using var document = JsonDocument.Parse(json);
        if (document.RootElement.ValueKind == JsonValueKind.Null) return baseline; // what an empty report is in Go
        foreach (var one in document.RootElement.EnumerateArray())
        {
            var file = Text(one, "File");
            var secret = Text(one, "Secret");
            // What was cut or replaced by --redact can only be known by its place.
            var hidden = secret.Length == 0 || secret == "REDACTED" || secret.EndsWith("...", StringComparison.Ordinal)
                || secret.Contains('…') || secret.Contains("***", StringComparison.Ordinal);
            if (!baseline._files.TryGetValue(file, out var entries)) baseline._files[file] = entries = [];
            entries.Add((one.GetProperty("StartLine").GetInt32(), hidden ? null : secret, Text(one, "Commit")));
            baseline.Count++;
        }
        return baseline;
    }

    public bool Holds(Hit hit, string path)
    {
        if (!_files.TryGetValue(path, out var entries) && !_files.TryGetValue(hit.Path, out entries)) return false;
        foreach (var (line, secret, commit) in entries)
        {
            if (commit.Length > 0 && hit.Commit is not null && commit != hit.Commit.Id) continue;
            if (secret is null ? line == hit.Finding.StartLine : Same(secret, hit.Finding)) return true;
        }
        return false;
    }

    // gitleaks and Kist may draw a secret's borders differently: one within the other is the same.
    private static bool Same(string secret, Finding finding)
    {
        var found = System.Text.Encoding.UTF8.GetString(finding.Secret.Span);
        return found.Contains(secret, StringComparison.Ordinal)
            || (found.Length >= 8 && secret.Contains(found, StringComparison.Ordinal));
    }

    private static string Text(JsonElement one, string member) =>
        one.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
}
