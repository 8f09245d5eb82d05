using System.Text;
using Kist.Server.Stores.Sqlite;
using Xunit;

namespace Kist.Server.Tests.Stores.Sqlite;

public sealed class RowIdTests
{
    [Fact]
    public void RowsOfOneDirectoryLieSideBySide()
    {
        Assert.Single(Enumerable.Range(0, 100).Select(i => RowId.DirectoryOf(Of($"mount/one/s/app/{i}"))).Distinct());
        Assert.NotEqual(RowId.DirectoryOf(Of("mount/one/s/app")), RowId.DirectoryOf(Of("mount/two/s/app")));
        Assert.Equal(RowId.DirectoryOf(Of("token/id/a")), RowId.DirectoryOf(Of("token/id/b/c/d")));
    }

    [Fact]
    public void IdsAreShortAndSeldomMeet()
    {
        var ids = Enumerable.Range(0, 100_000).Select(i => Of($"mount/one/s/{i}")).ToHashSet();
        Assert.All(ids, id => Assert.InRange(id, 0, (1L << 48) - 1));
        // Of n ids of 32 bits about n²/2³³ meet another.
        Assert.InRange(ids.Count, 99_980, 100_000);
    }

    /// <summary>A store whose rows lie elsewhere than these numbers say is read in two steps more for each.</summary>
    [Theory]
    [InlineData("", 0)]
    [InlineData("a", 3_321_022_567)]
    [InlineData("core/keyring", 248_599_103_495_412)]
    [InlineData("mount/64ea270e-d87a-4b6e-9a30-628cab216776/s/bench/0438909", 65_470_333_979_154)]
    public void TheNumbersStay(string key, long id) => Assert.Equal(id, Of(key));

    private static long Of(string key) => RowId.Of(Encoding.UTF8.GetBytes(key));
}
