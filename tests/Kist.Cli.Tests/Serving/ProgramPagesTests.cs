using Kist.Cli.Serving;
using Xunit;

namespace Kist.Cli.Tests.Serving;

public sealed class ProgramPagesTests
{
    /// <summary>The program goes on; what it has written stays.</summary>
    [Fact]
    public void CodeIsLetGoOfAndComesBack()
    {
        var written = Enumerable.Range(0, 100_000).ToArray();
        for (var i = 0; i < 3; i++) Assert.Equal(OperatingSystem.IsLinux(), ProgramPages.GiveBack() > 0);
        Assert.Equal(Enumerable.Range(0, 100_000), written);
    }
}
