using System.Text;

namespace Kist.Scan.Tests.Sources;

public sealed class TreeSourceTests
{
    [Fact]
    public void What_git_ignores_is_left_out_at_every_depth()
    {
        using var folder = new Folder().Init();
        folder.Write(".gitignore", "*.local\n/build/\n");
        folder.Write("src/.gitignore", "private\n!keep.local\n");
        folder.Write(".git/info/exclude", "excluded.txt\n");
        foreach (var path in (string[])["a.txt", "b.local", "build/c", "src/d", "src/private/e", "src/keep.local",
            "excluded.txt"]) folder.Write(path, Sample.Line());

        Assert.Equal(["a.txt:1", "src/d:1", "src/keep.local:1"], folder.Tree());
        Assert.Equal(7, folder.Tree(asGit: false).Length);
    }

    [Fact]
    public void The_users_own_ignore_file_counts_too()
    {
        using var folder = new Folder().Init();
        folder.Write("mine", "secret.txt\n");
        folder.Git("config", "core.excludesFile", folder["mine"]);
        folder.Write("secret.txt", Sample.Line());
        folder.Write("other.txt", Sample.Line());

        Assert.Equal(["other.txt:1"], folder.Tree());
    }

    [Fact]
    public void A_tracked_file_is_scanned_although_it_is_ignored_now()
    {
        using var folder = new Folder().Init();
        folder.Commit("prod.env.txt", Sample.Line());
        folder.Write(".gitignore", "*.env.txt\n");

        Assert.Equal(["prod.env.txt:1"], folder.Tree());
    }

    [Fact]
    public void A_named_folder_is_scanned_although_it_is_ignored()
    {
        using var folder = new Folder().Init();
        folder.Write(".gitignore", "out\n");
        folder.Write("out/a.txt", Sample.Line());

        Assert.Equal(["out/a.txt:1"], folder.Tree("out"));
    }

    [Fact]
    public void Repositories_and_submodules_within_are_scanned()
    {
        using var folder = new Folder().Init();
        folder.Commit("a.txt", "nothing\n");
        folder.Shell("git init -q inner && cd inner && git commit -q --allow-empty -m first");
        folder.Write("inner/b.txt", Sample.Line());
        folder.Shell("git init -q other && cd other && git commit -q --allow-empty -m first");
        folder.Git("-c", "protocol.file.allow=always", "submodule", "-q", "add", folder["other"], "sub");
        folder.Write("sub/c.txt", Sample.Line(2));

        Assert.Equal(["inner/b.txt:1", "sub/c.txt:1"], folder.Tree());
    }

    [Fact]
    public void Without_git_everything_is_scanned_but_vendored_folders_and_binary_content()
    {
        using var folder = new Folder();
        folder.Write(".gitignore", "a.txt\n");
        folder.Write("a.txt", Sample.Line());
        folder.Write("node_modules/p/b.js", Sample.Line());
        folder.Write("c.png", Sample.Line());
        folder.Write("d.bin", "\0\u0001\u0002" + Sample.Line());

        Assert.Equal(["a.txt:1"], folder.Tree());
        Assert.Equal(2, folder.Tally.PassedOver);
        Assert.Equal(["node_modules/p/b.js:1"], folder.Tree("node_modules"));
    }

    [Fact]
    public void Links_are_not_followed_and_pipes_not_waited_for()
    {
        using var folder = new Folder();
        folder.Write("a/b.txt", Sample.Line());
        folder.Shell("ln -s .. a/up; ln -s b.txt a/link; ln -s loop a/loop; ln -s /dev/zero a/zero; mkfifo a/pipe");

        Assert.Equal(["a/b.txt:1"], folder.Tree());
        Assert.Equal(0, folder.Tally.UnreadCount);
    }

    [Fact]
    public void Names_may_be_anything()
    {
        using var folder = new Folder();
        folder.Write("text", Sample.Line());
        folder.Shell("""
            cp text "$(printf 'new\nline')"; cp text "$(printf 'esc\033[31m')"; cp text "$(printf 'bad\377utf8')"
            cp text -- "-rf"; cp text "$(printf 'x%.0s' {1..250})"; rm text
            """);

        Assert.Equal(5, folder.Tree().Length);
        folder.Init();
        Assert.Equal(5, folder.Tree().Length);
        folder.Git("add", "-A");
        Assert.Equal(5, folder.Staged().Count);
        folder.Git("commit", "-q", "-m", "names");
        Assert.Equal(5, folder.History().Count);
    }

    [Fact]
    public void A_line_without_end_is_read_in_pieces()
    {
        using var folder = new Folder();
        var junk = string.Concat(Enumerable.Repeat("lorem ipsum dolor ", 300_000));
        folder.Write("long.txt", junk + Sample.Line() + junk + Sample.Line(2));

        Assert.Equal(2, folder.Tree().Length);
        Assert.Equal(1, folder.Tally.Files);
        Assert.Equal(new FileInfo(folder["long.txt"]).Length, folder.Tally.Bytes);
    }

    [Fact]
    public void Lines_are_counted_across_pieces_and_nothing_is_found_twice()
    {
        using var folder = new Folder();
        var text = new StringBuilder();
        for (var i = 1; i <= 60_000; i++)
            text.Append(i % 1000 == 0 ? Sample.Line(i) : "the quick brown fox jumps over the lazy dog and runs away\n");
        folder.Write("long.txt", text.ToString());

        Assert.Equal(Enumerable.Range(1, 60).Select(i => $"long.txt:{i * 1000}").Order(StringComparer.Ordinal),
            folder.Tree().Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("utf-16")]
    [InlineData("utf-16BE")]
    public void Utf16_is_text(string encoding)
    {
        using var folder = new Folder();
        var kind = Encoding.GetEncoding(encoding);
        folder.Write("a.txt", [.. kind.GetPreamble(), .. kind.GetBytes("first\r\n" + Sample.Line())]);

        Assert.Equal(["a.txt:2"], folder.Tree());
    }

    [Fact]
    public void What_is_not_there_is_said()
    {
        using var folder = new Folder();

        Assert.Empty(folder.Tree("missing"));
        Assert.Equal(1, folder.Tally.UnreadCount);
    }

    [Fact]
    public void A_broken_repository_is_scanned_without_git()
    {
        using var folder = new Folder().Init();
        folder.Write("a.txt", Sample.Line());
        folder.Write(".git/HEAD", "nonsense");

        Assert.Equal(["a.txt:1"], folder.Tree());
        Assert.NotEmpty(folder.Tally.Notes);
    }
}
