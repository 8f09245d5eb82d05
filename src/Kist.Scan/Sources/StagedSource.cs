using System.Text;

namespace Kist.Scan.Sources;

/// <summary>What the next commit would bring: the contents in the index that differ from the last commit.</summary>
public sealed class StagedSource(ScanContext context, string? folder)
{
    /// <summary>Scans them. A secret that the file held before is not reported: it does not leave with this
    /// commit.</summary>
    public void Scan()
    {
        var staged = new List<(BlobPath New, ObjectId Before)>();
        var found = new List<(Finding Finding, BlobPath Blob)>();
        var guard = new Lock();
        new BlobReader(context, folder, (finding, blob) =>
        {
            lock (guard) found.Add((finding, blob));
        }).Scan(Read(staged));
        if (found.Count == 0) return;
        var before = Before(staged, found);
        foreach (var (finding, blob) in found)
        {
            var key = (blob.Path, finding.Rule.Id, Convert.ToBase64String(finding.Secret.Span));
            if (before.TryGetValue(key, out var count) && count > 0) before[key] = count - 1;
            else context.Hits.Add(new Hit(finding, finding.Origin.Path, null, blob.Id.ToString()));
        }
    }

    // Listed while the git that reads the contents starts.
    private IEnumerable<BlobPath> Read(List<(BlobPath, ObjectId)> staged)
    {
        using var git = GitProcess.Start(folder, input: false, "diff", "--cached", "--raw", "-z", "--no-abbrev", "-M",
            "--no-ext-diff", "--no-textconv", "--no-color", "--ignore-submodules=all", "--diff-filter=d");
        var reader = new RecordReader(git.Output, (byte)0);
        while (reader.Next() is { } raw)
        {
            if (reader.Next() is not { } name) break;
            if (IntroductionLog.IsMove(raw) && reader.Next() is { } target) name = target;
            if (!IntroductionLog.Parse(raw, out var before, out var content) || content.IsNone) continue;
            var path = Encoding.UTF8.GetString(name);
            if (context.Skips(path)) context.Tally.PassOver();
            else
            {
                staged.Add((new BlobPath(content, path), before));
                yield return new BlobPath(content, path);
            }
        }
        if (git.Finish() is { } failure) context.Tally.CannotRead("git index", failure.Replace("fatal: ", ""));
        if (staged.Count == 0 && context.Tally.UnreadCount == 0) context.Tally.Note("nothing is staged");
    }

    private Dictionary<(string, string, string), int> Before(
        List<(BlobPath New, ObjectId Before)> staged, List<(Finding, BlobPath Blob)> found)
    {
        var holding = found.Select(one => one.Blob).ToHashSet();
        var counts = new Dictionary<(string, string, string), int>();
        var guard = new Lock();
        new BlobReader(context with { Tally = new Tally() }, folder, (finding, blob) =>
        {
            var key = (blob.Path, finding.Rule.Id, Convert.ToBase64String(finding.Secret.Span));
            lock (guard) counts[key] = counts.GetValueOrDefault(key) + 1;
        }).Scan(staged.Where(one => !one.Before.IsNone && holding.Contains(one.New))
            .Select(one => new BlobPath(one.Before, one.New.Path)).Distinct());
        return counts;
    }
}
