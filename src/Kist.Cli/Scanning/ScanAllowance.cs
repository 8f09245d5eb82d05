using System.Security.Cryptography;
using System.Text;
using Kist.Cli.Output;
using Kist.Scan.Ignores;
using Kist.Scan.Sources;

namespace Kist.Cli.Scanning;

/// <summary>Writes down what may stay: one value with a reason, or all that is there today.</summary>
internal static class ScanAllowance
{
    /// <summary>Adds an entry to <c>.kist/scan.toml</c> for the finding whose id begins like this.</summary>
    public static int Allow(
        Session session, IgnoreSet ignores, string root, List<Hit> hits, string id, ScanRequest request)
    {
        var wanted = id.TrimEnd('…', '.');
        var matching = hits.FindAll(hit => ignores.IdOf(hit).StartsWith(wanted, StringComparison.Ordinal));
        var values = matching.Select(ignores.IdOf).Distinct().Count();
        if (wanted.Length < 6 || values != 1)
            return session.Fail(new Problem(values == 0 ? $"no finding has the id {wanted}"
                : $"{wanted} is the beginning of several ids, or too short", "the id as kist scan shows it",
                ScanRun.Incomplete));
        var hit = matching[0];
        var text = new StringBuilder();
        var file = Path.Combine(root, AllowFile.Name);
        if (File.Exists(file)) text.Append(File.ReadAllText(file));
        var names = WithKey(ignores, text);
        if (text.Length > 0 && text[^1] != '\n') text.Append('\n');
        text.Append(AllowFile.Written(names.Of(hit.Finding.Secret.Span), hit.Finding.Rule.Id, ignores.FromTop(hit),
            request.Reason!, request.Expires is { } day ? DateOnly.ParseExact(day, "yyyy-MM-dd") : null));
        Save(file, text.ToString());
        session.Screen.Remark($"Allowed in {AllowFile.Name}: {hit.Finding.Rule.Id} in {hit.Path}. Commit that file");
        if (!session.Json) return 0;
        using var body = new JsonBody();
        session.Screen.Line(body.With("file", AllowFile.Name).With("value", names.Of(hit.Finding.Secret.Span)).Close());
        return 0;
    }

    /// <summary>Takes every finding that no allow-list names as known.</summary>
    public static int WriteBaseline(Session session, IgnoreSet ignores, string root, List<Hit> all)
    {
        var settings = Path.Combine(root, AllowFile.Name);
        var text = new StringBuilder(File.Exists(settings) ? File.ReadAllText(settings) : "");
        var length = text.Length;
        var names = WithKey(ignores, text);
        if (text.Length != length) Save(settings, text.ToString());
        var baseline = new Baseline();
        foreach (var hit in all)
            if (ignores.Reason(hit) is null or "the baseline")
                baseline.Add(names.Of(hit.Finding.Secret.Span), hit.Finding.Rule.Id, ignores.FromTop(hit));
        Save(Path.Combine(root, Baseline.Name), baseline.Written());
        var attributes = Path.Combine(root, ".kist/.gitattributes");
        if (!File.Exists(attributes)) Save(attributes, "scan.baseline merge=union\n");
        session.Screen.Remark(
            $"{baseline.Count} known in {Baseline.Name}. Commit the folder .kist; rotate them all the same");
        if (!session.Json) return 0;
        using var body = new JsonBody();
        session.Screen.Line(body.With("file", Baseline.Name).With("known", baseline.Count).Close());
        return 0;
    }

    // The first value that is named makes the repository's key.
    private static Fingerprints WithKey(IgnoreSet ignores, StringBuilder text)
    {
        if (ignores.Allowed.Key is not null) return ignores.Fingerprints;
        var names = new Fingerprints(RandomNumberGenerator.GetBytes(24));
        text.Insert(0, AllowFile.WrittenHead(names.Key));
        return names;
    }

    private static void Save(string file, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        using var replaced = new ReplacedFile(file);
        replaced.Write(Encoding.UTF8.GetBytes(text));
        replaced.Commit();
    }
}
