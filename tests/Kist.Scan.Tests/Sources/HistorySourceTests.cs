using Kist.Scan.Sources;

namespace Kist.Scan.Tests.Sources;

public sealed class HistorySourceTests
{
    [Fact]
    public void A_deleted_secret_is_found_with_the_commit_that_brought_it()
    {
        using var folder = new Folder().Init();
        folder.Commit("a.txt", "nothing\n");
        var brought = folder.Commit("config.py", "x = 1\n" + Sample.Line(), "Zoë <zoe@example.com>");
        folder.Commit("config.py", "x = 2\n" + Sample.Line());
        folder.Commit("config.py", "x = 3\n");

        var hit = Assert.Single(folder.History());
        Assert.Equal(brought, hit.Commit!.Id);
        Assert.Equal(("Zoë", "zoe@example.com"), (hit.Commit.Author, hit.Commit.Email));
        Assert.Equal(DateTimeOffset.Parse("2024-02-03T04:05:06+01:00"), hit.Commit.Date);
        Assert.Equal("change config.py", hit.Commit.Message);
        Assert.Equal(("config.py", 2), (hit.Path, hit.Finding.StartLine));
        Assert.Equal(4, folder.Tally.Commits);
    }

    [Fact]
    public void Branches_tags_stashes_and_merges_are_looked_through()
    {
        using var folder = new Folder().Init();
        folder.Commit("base", "base\n");
        folder.Git("checkout", "-q", "-b", "side");
        folder.Commit("side.txt", Sample.Line(1));
        folder.Git("checkout", "-q", "main");
        folder.Commit("main.txt", "main\n");
        folder.Git("merge", "-q", "--no-commit", "side");
        folder.Commit("merged.txt", Sample.Line(2));
        foreach (var number in (int[])[3, 4])
        {
            folder.Write("base", Sample.Line(number));
            folder.Write($"untracked{number}", Sample.Line(number + 10));
            folder.Git("stash", "-q", "-u");
        }
        folder.Git("checkout", "-q", "--detach");
        folder.Commit("tagged.txt", Sample.Line(5));
        folder.Git("tag", "-a", "-m", "a tag", "v1");
        folder.Git("checkout", "-q", "main");

        var hits = folder.History();
        Assert.Equal(["base", "base", "merged.txt", "side.txt", "tagged.txt", "untracked3", "untracked4"],
            hits.Select(hit => hit.Path));
        Assert.All(hits, hit => Assert.NotNull(hit.Commit));
        Assert.Equal(folder.Git("rev-parse", "side"), hits[3].Commit!.Id);
        Assert.Equal(folder.Git("rev-parse", "main"), hits[2].Commit!.Id);
    }

    [Fact]
    public void A_content_that_lies_in_two_places_is_read_once_and_shown_twice()
    {
        using var folder = new Folder().Init();
        folder.Write("a/one.txt", Sample.Line());
        var first = folder.Commit("b/two.txt", Sample.Line());

        var hits = folder.History();
        Assert.Equal(["a/one.txt", "b/two.txt"], hits.Select(hit => hit.Path));
        Assert.All(hits, hit => Assert.Equal(first, hit.Commit!.Id));
        Assert.Equal(1, folder.Tally.Files);
    }

    [Fact]
    public void A_tag_on_a_content_that_no_commit_has_is_found()
    {
        using var folder = new Folder().Init();
        folder.Commit("a.txt", "nothing\n");
        folder.Write("b.txt", Sample.Line());
        folder.Git("tag", "content", folder.Git("hash-object", "-w", "b.txt"));
        File.Delete(folder["b.txt"]);

        Assert.Null(Assert.Single(folder.History()).Commit);
    }

    [Fact]
    public void An_unchanged_history_is_not_read_again_and_a_longer_one_only_where_it_grew()
    {
        using var folder = new Folder().Init();
        for (var i = 0; i < 5; i++) folder.Commit($"f{i}", $"text {i}\n");
        var brought = folder.Commit("s.txt", Sample.Line());
        var cache = new HistoryCache(Repository.Open(folder.Root), "1");
        var first = folder.History(cache);
        var counted = folder.Tally;

        Assert.True(File.Exists(folder[".git/kist/scan-history.json"]));
        Assert.DoesNotContain(Sample.Token(), File.ReadAllText(folder[".git/kist/scan-history.json"]));
        // What was read already may even be gone.
        var old = folder.Git("rev-parse", "HEAD:f0");
        var gone = folder[$".git/objects/{old[..2]}/{old[2..]}"];
        File.Move(gone, gone + ".kept");
        var again = folder.History(cache);
        Assert.Equal(first.Select(Shown), again.Select(Shown));
        Assert.Equal((counted.Files, counted.Bytes, counted.Commits, 0L),
            (folder.Tally.Files, folder.Tally.Bytes, folder.Tally.Commits, folder.Tally.UnreadCount));

        File.Move(gone + ".kept", gone);
        folder.Commit("f1", "more\n");
        var second = folder.Commit("t.txt", Sample.Line(2));
        var grown = folder.History(cache);
        Assert.Equal([brought, second], grown.Select(hit => hit.Commit!.Id));
        Assert.Equal(8, folder.Tally.Commits);
        Assert.Equal(0, folder.Tally.UnreadCount);
        File.Delete(gone);
        Assert.Equal(1, NewTally(folder, new HistoryCache(Repository.Open(folder.Root), "2")).UnreadCount);
    }

    [Fact]
    public void What_a_rewrite_took_out_is_reported_no_more()
    {
        using var folder = new Folder().Init();
        folder.Commit("a.txt", "nothing\n");
        folder.Commit("b.txt", Sample.Line());
        var cache = new HistoryCache(Repository.Open(folder.Root), "1");
        Assert.Single(folder.History(cache));

        folder.Git("reset", "-q", "--hard", "HEAD~1");
        Assert.Empty(folder.History(cache));
    }

    [Fact]
    public void A_range_reports_what_it_brings_and_not_what_was_there()
    {
        using var folder = new Folder().Init();
        folder.Commit("old.txt", Sample.Line(1) + "a\n");
        folder.Git("branch", "base");
        folder.Commit("old.txt", Sample.Line(1) + "b\n");
        folder.Git("mv", "old.txt", "moved.txt");
        folder.Commit("x", "x\n");
        var brought = folder.Commit("moved.txt", Sample.Line(1) + "b\n" + Sample.Line(2));
        folder.Commit("moved.txt", "clean\n");

        var hit = Assert.Single(folder.Range("base..main"));
        Assert.Equal((brought, 3), (hit.Commit!.Id, hit.Finding.StartLine));
        Assert.Equal(4, folder.Tally.Commits);
    }

    [Fact]
    public void A_missing_and_a_damaged_object_are_named_and_the_rest_is_scanned()
    {
        using var folder = new Folder().Init();
        for (var i = 0; i < 20; i++) folder.Commit($"f{i:00}", Sample.Line(i));
        var missing = folder.Git("rev-parse", "HEAD:f03");
        var damaged = folder.Git("rev-parse", "HEAD:f11");
        File.Delete(folder[$".git/objects/{missing[..2]}/{missing[2..]}"]);
        var file = $".git/objects/{damaged[..2]}/{damaged[2..]}";
        folder.Shell($"chmod u+w {file}; echo junk > {file}");

        var hits = folder.History();
        Assert.Equal(18, hits.Count);
        Assert.Equal(2, folder.Tally.UnreadCount);
        Assert.Contains(folder.Tally.Unread, unread => unread.Path.Contains(missing));
        Assert.Contains(folder.Tally.Unread, unread => unread.Path.StartsWith("f11", StringComparison.Ordinal));
    }

    [Fact]
    public void A_history_without_some_of_its_trees_is_reported()
    {
        using var folder = new Folder().Init();
        folder.Commit("a/b.txt", "text\n");
        var tree = folder.Git("rev-parse", "HEAD:a");
        File.Delete(folder[$".git/objects/{tree[..2]}/{tree[2..]}"]);

        folder.History();
        Assert.NotEqual(0, folder.Tally.UnreadCount);
    }

    [Fact]
    public void A_shallow_clone_is_scanned_and_said_to_be_one()
    {
        using var folder = new Folder().Init();
        folder.Commit("a.txt", Sample.Line(1));
        folder.Commit("b.txt", Sample.Line(2));
        using var clone = new Folder();
        clone.Git("clone", "-q", "--depth", "1", "file://" + folder.Root, "c");

        var hits = new Hits();
        new HistorySource(clone.Context(hits), Repository.Open(clone["c"]), null).ScanAll();
        Assert.Equal(["a.txt", "b.txt"], hits.Sorted().Select(hit => hit.Path));
        Assert.Contains(clone.Tally.Notes, note => note.Contains("shallow"));
    }

    [Fact]
    public void A_worktree_sees_the_whole_history_and_an_empty_repository_none()
    {
        using var folder = new Folder().Init();
        Assert.Empty(folder.History());
        folder.Commit("a.txt", Sample.Line());
        folder.Git("worktree", "add", "-q", "--detach", "tree");
        folder.Shell("cd tree && echo '" + Sample.Line(2).Trim() + "' > b.txt && git add . && git commit -qm b");

        Assert.Equal(2, folder.History().Count);
        var hits = new Hits();
        new HistorySource(folder.Context(hits), Repository.Open(folder["tree"]), null).ScanAll();
        Assert.Equal(2, hits.Count);
    }

    [Fact]
    public void Large_contents_and_many_small_ones_are_all_read()
    {
        using var folder = new Folder().Init();
        for (var i = 0; i < 300; i++) folder.Write($"d{i % 7}/f{i}", Sample.Line(i) + new string('x', i * 10) + "\n");
        folder.Write("large", string.Concat(Enumerable.Repeat("some words in a line\n", 200_000)) + Sample.Line(1000));
        folder.Commit("last", "end\n");
        folder.Git("gc", "-q");

        var hits = folder.History();
        Assert.Equal(301, hits.Count);
        Assert.Equal(200_001, Assert.Single(hits, hit => hit.Path == "large").Finding.StartLine);
    }

    private static Tally NewTally(Folder folder, HistoryCache cache)
    {
        folder.History(cache);
        return folder.Tally;
    }

    private static string Shown(Hit hit) => $"{hit.Path}:{hit.Finding.StartLine} {hit.Commit} {hit.Blob}";
}
