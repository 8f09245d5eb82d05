using System.Globalization;
using Kist.Cli.Output;
using Kist.Scan;
using Kist.Scan.Reports;

namespace Kist.Cli.Scanning;

/// <summary>`kist scan --explain`: why a line fires, why it does not, or what a rule looks for.</summary>
internal static class ScanExplanation
{
    private const long MaxBytes = 16 << 20;

    public static int Show(Session session, Scanner scanner, string what)
    {
        foreach (var rule in scanner.Rules)
            if (rule.Id == what) return Show(session, rule);
        var (path, line) = Split(what);
        if (!File.Exists(path))
            return session.Fail(new Problem($"{what} is neither a rule nor a file",
                "--explain FILE:LINE, or a rule's id",
                ScanRun.Incomplete));
        if (new FileInfo(path).Length > MaxBytes)
            return session.Fail(new Problem($"{path} has more than 16 MiB", "explain a smaller part",
                ScanRun.Incomplete));
        var shown = 0;
        foreach (var judgement in scanner.Explain(File.ReadAllBytes(path), new PieceInfo { Path = path }))
        {
            if (line is { } wanted && judgement.Line != wanted) continue;
            shown++;
            session.Screen.Heading($"{TableReport.Shown(path)}:{judgement.Line}:{judgement.Column}  "
                + $"{(judgement.IsFinding ? "reported" : "not reported")}  {judgement.Rule.Id}");
            session.Screen.Line($"    value   {TableReport.Shown(judgement.Masked)}");
            session.Screen.Line($"    why     {TableReport.Shown(judgement.Why)}");
        }
        if (shown == 0)
            session.Screen.Line($"{TableReport.Shown(what)}: no rule looked closer: nothing there has the form "
                + "of a secret that a rule knows, and no name suggests one");
        return 0;
    }

    private static int Show(Session session, Rule rule)
    {
        session.Screen.Heading($"{rule.Id}  {Report.Word(rule.Severity)}");
        session.Screen.Line($"    what      {rule.What}");
        session.Screen.Line($"    provider  {rule.Provider}");
        session.Screen.Line($"    next      {rule.Remedy}");
        return 0;
    }

    private static (string Path, int? Line) Split(string what)
    {
        var colon = what.LastIndexOf(':');
        return colon > 0 && int.TryParse(what.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture,
            out var line)
            ? (what[..colon], line) : (what, null);
    }
}
