using Kist.Scan.Ignores;
using Kist.Scan.Sources;

namespace Kist.Scan.Tests;

/// <summary>This repository, as its own <c>.kist/scan.toml</c> has it.</summary>
public sealed class RepositoryTests
{
    [Fact]
    public void NothingIsFoundInItThatItDoesNotAllow()
    {
        var root = Root();
        // What was unpacked from an archive has no list of its files, and whatever was built among them.
        if (!Repository.Holds(root)) return;
        var (tally, hits) = (new Tally(), new Hits());
        var context = new ScanContext(new Scanner(new ScanSettings()), new ScanLimits(), tally, hits, 2);
        var ignores = IgnoreSet.Load(root, [], null, new DateOnly(2026, 1, 1), _ => true);

        new TreeSource(context, asGit: true).Scan(root);

        Assert.Null(ignores.Problem);
        Assert.Equal(0, tally.UnreadCount);
        Assert.InRange(tally.Files, 1000, long.MaxValue);
        Assert.Empty(hits.Sorted().Where(hit => ignores.Reason(hit) is null).Select(hit => hit.Finding.ToString()));
        Assert.Empty(ignores.Remarks(everything: true));
    }

    private static string Root()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Kist.slnx"))) return folder.FullName;
        throw new DirectoryNotFoundException("no Kist.slnx above " + AppContext.BaseDirectory);
    }
}
