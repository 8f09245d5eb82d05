using System.Text;
using Kist.Cli.Output;
using Kist.Scan.Fixes;
using Kist.Scan.Reports;
using Kist.Scan.Sources;

namespace Kist.Cli.Scanning;

/// <summary>
/// `kist scan --fix`: what was found moves to where it belongs, and a reference stays. The values are stored first;
/// only then are files changed, each whole or not at all.
/// </summary>
internal sealed class ScanFix(Session session, string root, string to)
{
    private sealed record Step(Hit Hit, Replacement Replacement, string Name, byte[] Value);

    public int Run(Report report)
    {
        using var target = Target();
        if (target is null)
            return session.Fail(new Problem(
                $"--to takes env, kist://PATH, or an encrypted file that is there; {to} is none of them",
                "kist file protect .env makes .enc.env; then kist scan --fix --to .enc.env", ScanRun.Incomplete));
        if (target.Open() is { } closed) return session.Fail(closed with { ExitCode = ScanRun.Incomplete });
        var steps = new List<Step>();
        var left = new List<(Hit Hit, string Reason)>();
        foreach (var file in report.Hits.GroupBy(hit => hit.Path)) Plan(file, target, steps, left);
        if (steps.Count > 0)
        {
            if (target.Save() is { } unsaved) return session.Fail(unsaved with { ExitCode = ScanRun.Incomplete });
            foreach (var file in steps.GroupBy(step => step.Hit.Path)) Rewrite(file.Key, [.. file], target);
        }
        foreach (var (hit, reason) in left)
            session.Screen.Warn($"left as it is: {hit.Path}:{hit.Finding.StartLine} ({hit.Finding.Rule.Id}): {reason}");
        Tell(report, steps, target);
        if (session.Json)
        {
            using var body = new JsonBody();
            session.Screen.Line(body.With("store", target.Name)
                .With("moved", [.. steps.Select(step => $"{step.Hit.Path}:{step.Hit.Finding.StartLine} {step.Name}")])
                .With("left", [.. left.Select(one => $"{one.Hit.Path}:{one.Hit.Finding.StartLine} {one.Reason}")])
                .Close());
        }
        if (report.Tally.UnreadCount > 0) return ScanRun.Incomplete;
        return left.Count > 0 ? 1 : 0;
    }

    private IFixTarget? Target() => to == "env" ? new DotenvTarget(root)
        : to.StartsWith("kist://", StringComparison.Ordinal) ? new ServerTarget(session, to["kist://".Length..])
        : File.Exists(to) ? new EncryptedFileTarget(session, to) : null;

    private static void Plan(IEnumerable<Hit> hits, IFixTarget target, List<Step> steps, List<(Hit, string)> left)
    {
        byte[]? content = null;
        var end = 0;
        foreach (var hit in hits.OrderBy(hit => hit.Finding.Offset))
        {
            if (target.IsStore(hit.Path))
            {
                left.Add((hit, "it is where it belongs; make sure that git ignores this file"));
                continue;
            }
            if (hit.Path.Contains('!') || !File.Exists(hit.Path))
            {
                left.Add((hit, "it does not lie in a file that can be changed"));
                continue;
            }
            content ??= File.ReadAllBytes(hit.Path);
            if (Replacement.Plan(content, hit.Finding, hit.Path, out var reason) is not { } planned)
            {
                left.Add((hit, reason));
                continue;
            }
            if (steps.Count > 0 && steps[^1].Hit.Path == hit.Path && planned.Start < end) continue; // the same string
            end = planned.Start + planned.Length;
            var value = content.AsSpan(planned.ValueStart, planned.ValueLength).ToArray();
            steps.Add(new Step(hit, planned, target.Add(planned.Name, value), value));
        }
    }

    private void Rewrite(string path, List<Step> steps, IFixTarget target)
    {
        var content = File.ReadAllBytes(path);
        using var file = new ReplacedFile(path);
        var at = 0;
        var import = steps[0].Replacement.Needs == "import os" ? Imports.PythonPlace(content) : null;
        if (import is { } place)
        {
            file.Write(content.AsSpan(0, place));
            file.Write("import os\n"u8);
            at = place;
        }
        foreach (var step in steps)
        {
            file.Write(content.AsSpan(at, step.Replacement.Start - at));
            file.Write(Encoding.UTF8.GetBytes(step.Replacement.Form.Replace("NAME", step.Name)));
            at = step.Replacement.Start + step.Replacement.Length;
        }
        file.Write(content.AsSpan(at));
        file.Commit();
        foreach (var step in steps)
        {
            session.Screen.Remark($"{path}:{step.Hit.Finding.StartLine}: {step.Name} now comes from {target.Name}");
            if (import is null && step.Replacement.Needs is { } needs
                && !Encoding.UTF8.GetString(content).Contains(needs))
                session.Screen.Warn($"{path} needs: {needs}");
        }
    }

    private void Tell(Report report, List<Step> steps, IFixTarget target)
    {
        if (steps.Count == 0 && report.Hits.Count == 0)
        {
            session.Screen.Remark("There is nothing to fix: no secrets found");
            return;
        }
        if (steps.Count > 0) session.Screen.Remark($"\nRun it with: {target.RunWith}");
        session.Screen.Remark(
            "\nRotate these: they stood in files that others may have seen, and git keeps what was committed");
        foreach (var rule in report.Hits.GroupBy(hit => hit.Finding.Rule.Id))
            session.Screen.Remark($"  {Report.Title(rule.First())}: {rule.First().Finding.Rule.Remedy}");
    }
}
