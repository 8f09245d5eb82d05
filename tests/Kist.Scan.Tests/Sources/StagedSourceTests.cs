namespace Kist.Scan.Tests.Sources;

public sealed class StagedSourceTests
{
    [Fact]
    public void What_is_staged_counts_and_not_what_lies_in_the_folder()
    {
        using var folder = new Folder().Init();
        folder.Write("a.txt", Sample.Line());
        folder.Git("add", "a.txt");
        folder.Write("a.txt", "clean by now\n");
        folder.Write("b.txt", Sample.Line(2));

        var hit = Assert.Single(folder.Staged());
        Assert.Equal("a.txt", hit.Path);
        Assert.Equal(1, folder.Tally.Files);
    }

    [Fact]
    public void A_secret_that_the_file_had_before_is_not_reported_and_a_second_one_is()
    {
        using var folder = new Folder().Init();
        folder.Commit("a.txt", Sample.Line(1));
        folder.Write("a.txt", "moved down\n" + Sample.Line(1));
        folder.Git("add", "a.txt");
        Assert.Empty(folder.Staged());

        folder.Write("a.txt", "moved down\n" + Sample.Line(1) + Sample.Line(2));
        folder.Git("add", "a.txt");
        Assert.Equal(3, Assert.Single(folder.Staged()).Finding.StartLine);
    }

    [Fact]
    public void A_renamed_file_is_compared_with_what_it_was()
    {
        using var folder = new Folder().Init();
        folder.Commit("a.txt", Sample.Line(1) + "one\ntwo\nthree\n");
        folder.Git("mv", "a.txt", "b.txt");

        Assert.Empty(folder.Staged());
    }

    [Fact]
    public void Nothing_staged_is_said()
    {
        using var folder = new Folder().Init();
        folder.Commit("a.txt", "text\n");

        Assert.Empty(folder.Staged());
        Assert.Contains("nothing is staged", folder.Tally.Notes);
        Assert.Equal(0, folder.Tally.UnreadCount);
    }

    [Fact]
    public void Where_there_is_no_repository_that_is_an_error()
    {
        using var folder = new Folder();

        folder.Staged();
        Assert.Equal(1, folder.Tally.UnreadCount);
    }
}
