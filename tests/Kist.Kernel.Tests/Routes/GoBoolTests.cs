using Kist.Kernel.Routes;
using Xunit;

namespace Kist.Kernel.Tests.Routes;

public sealed class GoBoolTests
{
    [Theory]
    [InlineData("1 t T true TRUE True", true)]
    [InlineData("0 f F false FALSE False", false)]
    [InlineData("yes no tRUE fALSE 2 -1 01 on off null", null)]
    public void TextsAreWhatGoTakesThemFor(string texts, bool? wanted)
    {
        foreach (var text in texts.Split(' ')) Assert.Equal(wanted, GoBool.Parse(text));
    }

    [Fact]
    public void NothingSaysNothing()
    {
        Assert.Null(GoBool.Parse(""));
        Assert.Null(GoBool.Parse(null));
        Assert.Null(GoBool.Parse(" true"));
    }
}
