using System.Security.Cryptography;
using System.Text;

namespace Kist.Scan.Sources;

/// <summary>
/// The contents that commits brought. Each content is scanned once, however many commits and branches have it; which
/// commit brought a secret is looked up only when there is one.
/// </summary>
/// <param name="cache">What was scanned before; null: nothing is kept.</param>
public sealed class HistorySource(ScanContext context, Repository repository, HistoryCache? cache)
{
    /// <summary>Scans every branch, tag, stash and worktree, back to the first commits.</summary>
    public void ScanAll()
    {
        if (repository.IsShallow)
            context.Tally.Note("the history is cut off (shallow clone): git fetch --unshallow brings the rest");
        var tips = Tips();
        if (tips.Count == 0) return;
        var last = cache?.Load();
        if (last is not null && !last.Tips.SetEquals(tips) && !AreWithin(last.Tips, tips)) last = null;
        var found = new FoundBlobs(last?.Key ?? RandomNumberGenerator.GetBytes(32));
        IReadOnlyList<Introduction>? known = null;
        var fresh = new List<string>(tips);
        if (last is not null)
        {
            last.Restore(found, context.Tally);
            known = last.Introductions;
            foreach (var tip in last.Tips) fresh.Add("^" + tip);
        }
        var before = found.Pairs;
        if (last is null || !last.Tips.SetEquals(tips)) ScanContents(fresh, found);
        if (found.Pairs > before) known = null;
        known ??= Introduced([.. tips], found);
        if (context.Tally.UnreadCount == 0 && !found.Overflowed)
            cache?.Save(new HistoryState(tips, found, known, context.Tally));
        Report(known, found);
    }

    /// <summary>
    /// Scans what a range of commits brought: secrets that stood in a file before the range are not reported.
    /// </summary>
    /// <param name="revisions">As <c>git rev-list</c> takes them: <c>A..B</c>, <c>B</c>, <c>^A</c>,
    /// <c>--not</c>.</param>
    public void ScanRange(params IReadOnlyList<string> revisions)
    {
        foreach (var word in revisions)
            if (word.StartsWith('-') && word is not ("--not" or "--all" or "--branches" or "--tags" or "--remotes")
                && !word.StartsWith("--remotes=", StringComparison.Ordinal))
                throw new GitException("a range is commits, as in A..B; of options it takes --not, --all, --branches, "
                    + "--tags and --remotes");
        var found = new FoundBlobs(RandomNumberGenerator.GetBytes(32));
        ScanContents(revisions, found);
        if (found.Pairs == 0) return;
        var introduced = Introduced(revisions, found);
        var older = new FoundBlobs(found.Key);
        new BlobReader(context with { Tally = new Tally() }, repository.Folder, older.Add).Scan(
            introduced.Where(i => !i.Change.Before.IsNone && !found.Holds(i.Change.Before))
                .Select(i => new BlobPath(i.Change.Before, i.Change.Path)).Distinct());
        bool IsNew(Introduction one) => one.Change.Before.IsNone
            || !(found.Holds(one.Change.Before, one.Secret) || older.Holds(one.Change.Before, one.Secret));
        Report([.. introduced.Where(IsNew)], found);
    }

    private void ScanContents(IReadOnlyList<string> revisions, FoundBlobs found)
    {
        using var counting = GitProcess.StartWith(repository.Folder, revisions, "rev-list", "--count");
        new BlobReader(context, repository.Folder, found.Add, new SeenChunks()).Scan(Contents(revisions));
        using var reader = new StreamReader(counting.Output);
        if (long.TryParse(reader.ReadToEnd(), out var commits)) context.Tally.AddCommits(commits);
        if (found.Overflowed)
            context.Tally.CannotRead("git history", "more secrets than can be kept: fix those shown, then scan again");
    }

    // rev-list names each object once, with the first path under which it comes to it.
    private IEnumerable<BlobPath> Contents(IReadOnlyList<string> revisions, bool isBroken = false)
    {
        // A filter hides that a folder is missing, so a broken history is listed with all that is in it.
        string[] which = isBroken ? ["--missing=print"] : ["--filter=object:type=blob", "--filter-provided-objects"];
        using var git = GitProcess.StartWith(repository.Folder, revisions, ["rev-list", "--objects", .. which]);
        var reader = new RecordReader(git.Output, (byte)'\n');
        while (reader.Next() is { } line)
        {
            if (line is [(byte)'?', ..])
            {
                context.Tally.CannotRead($"object {Encoding.ASCII.GetString(line.AsSpan(1))}", "it is missing");
                continue;
            }
            var space = line.AsSpan().IndexOf((byte)' ');
            if (!ObjectId.TryParse(space < 0 ? line : line.AsSpan(0, space), out var id)) continue;
            var path = space < 0 ? "" : Encoding.UTF8.GetString(line.AsSpan(space + 1));
            if (!context.Skips(path)) yield return new BlobPath(id, path);
            else context.Tally.PassOver();
        }
        if (git.Finish() is not { } failure) yield break;
        if (isBroken || !failure.Contains("missing", StringComparison.Ordinal)) throw new GitException(failure);
        foreach (var blob in Contents(revisions, isBroken: true)) yield return blob;
    }

    /// <summary>The first change, in the order of the history, that brought each secret to each path.</summary>
    private List<Introduction> Introduced(IReadOnlyList<string> revisions, FoundBlobs found)
    {
        var first = new Dictionary<(string Secret, string Path), Change>();
        if (found.Pairs == 0) return [];
        var changes = IntroductionLog.Changes(repository.Folder, revisions, found.Holds,
            failure => context.Tally.CannotRead("git log", failure));
        foreach (var change in changes)
        {
            if (context.Skips(change.Path)) continue;
            foreach (var secret in found.Secrets[change.Content]) first[(secret, change.Path)] = change;
        }
        var introduced = new List<Introduction>(first.Count);
        var named = new HashSet<string>();
        foreach (var ((secret, _), change) in first)
        {
            introduced.Add(new Introduction(secret, change));
            named.Add(secret);
        }
        // A tag may name a file or a tree that no commit has.
        var nobody = new Commit("", "", "", default, "");
        foreach (var (blob, secrets) in found.Secrets)
            foreach (var secret in secrets)
                if (named.Add(secret))
                    introduced.Add(new Introduction(secret, new Change(nobody, found.PathOf(blob), blob, default)));
        return introduced;
    }

    // Lines and columns are those of the content that the first change brought: it is read once more.
    private void Report(IReadOnlyList<Introduction> introduced, FoundBlobs found)
    {
        var wanted = introduced.ToLookup(i => new BlobPath(i.Change.Content, i.Change.Path));
        var again = context with { Tally = new Tally() };
        new BlobReader(again, repository.Folder, (finding, blob) =>
        {
            var secret = found.SecretOf(finding);
            foreach (var one in wanted[blob])
            {
                if (one.Secret != secret) continue;
                var commit = one.Change.Commit is { Id.Length: > 0 } known ? known : null;
                context.Hits.Add(new Hit(finding, finding.Origin.Path, commit, blob.Id.ToString()));
                break;
            }
        }).Scan(wanted.Select(group => group.Key));
        foreach (var unread in again.Tally.Unread) context.Tally.CannotRead(unread.Path, unread.Reason);
    }

    private HashSet<string> Tips()
    {
        var tips = new HashSet<string>(StringComparer.Ordinal);
        // Exit code 1 only says that there is no reference yet.
        using (var git = GitProcess.Start(repository.Folder, input: false, "show-ref", "--head"))
        {
            var reader = new RecordReader(git.Output, (byte)'\n');
            while (reader.Next() is { } line)
                if (line.AsSpan().IndexOf((byte)' ') is > 0 and var end)
                    tips.Add(Encoding.ASCII.GetString(line, 0, end));
            if (git.Finish() is { } failure && failure.StartsWith("fatal:", StringComparison.Ordinal))
                context.Tally.CannotRead("git references", failure["fatal: ".Length..]);
        }
        // Of stashes only the newest has a reference; of other worktrees a detached HEAD has none here.
        foreach (var line in Lines(Path.Combine(repository.CommonDirectory, "logs/refs/stash")))
            if (line.Split(' ', 3) is [_, var id, ..]) AddId(tips, id);
        var worktrees = Path.Combine(repository.CommonDirectory, "worktrees");
        if (Directory.Exists(worktrees))
            foreach (var folder in Directory.EnumerateDirectories(worktrees))
                foreach (var line in Lines(Path.Combine(folder, "HEAD"))) AddId(tips, line);
        return tips;
    }

    private static void AddId(HashSet<string> tips, string id)
    {
        if (ObjectId.TryParse(Encoding.ASCII.GetBytes(id), out var parsed) && !parsed.IsNone) tips.Add(id);
    }

    private static IEnumerable<string> Lines(string file) => File.Exists(file) ? File.ReadLines(file) : [];

    // Whether all that was scanned is still there: after a rebase it may be gone, and is not to be reported.
    private bool AreWithin(HashSet<string> old, HashSet<string> tips)
    {
        using var git = GitProcess.StartWith(
            repository.Folder, [.. old, .. tips.Select(tip => "^" + tip)], "rev-list", "--max-count=1");
        var any = new RecordReader(git.Output, (byte)'\n').Next() is not null;
        return git.Finish() is null && !any;
    }
}

/// <summary>The change that brought a secret to a path.</summary>
/// <param name="Secret">Its name in <see cref="FoundBlobs"/>.</param>
internal sealed record Introduction(string Secret, Change Change);
