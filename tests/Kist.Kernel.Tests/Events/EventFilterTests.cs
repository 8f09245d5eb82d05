using Kist.Kernel.Events;
using Xunit;

namespace Kist.Kernel.Tests.Events;

public sealed class EventFilterTests
{
    [Theory]
    [InlineData("*", "", "kv-v2/data-write", "a/data/b", true)]
    [InlineData("kv-v2/data-write", "", "kv-v2/data-write", "a", true)]
    [InlineData("kv-v2/data-write", "", "kv-v2/data-delete", "a", false)]
    [InlineData("kv*", "", "kv-v1/write", "a", true)]
    [InlineData("*write", "", "kv-v1/write", "a", true)]
    [InlineData("kv*data*", "", "kv-v2/data-write", "a", true)]
    [InlineData("kv-v2/*", "", "kv-v1/write", "a", false)]
    [InlineData("*", "prod/data/app", "x", "prod/data/app", true)]
    [InlineData("*", "prod/data/app", "x", "prod/data/app2", false)]
    [InlineData("*", "prod/data/*", "x", "prod/data/a/b", true)]
    [InlineData("*", "prod/data/*", "x", "dev/data/a", false)]
    [InlineData("", "", "x", "a", false)]
    public void PatternsMatchWholeTexts(string type, string path, string isType, string isPath, bool matches) =>
        Assert.Equal(matches, new EventFilter(type, path).Matches(isType, isPath));

    [Fact]
    public void ManyStarsDoNotMultiply() => Assert.False(
        new EventFilter(string.Concat(Enumerable.Repeat("a*", 500)) + "b", "").Matches(new string('a', 1000), ""));

    [Theory]
    [InlineData("17", 17, EventPlace.All)]
    [InlineData("17.0", 17, 0)]
    [InlineData("17.12", 17, 12)]
    public void PlacesAreReadBack(string text, long revision, int index)
    {
        Assert.True(EventPlace.TryParse(text, out var place));
        Assert.Equal(new EventPlace(revision, index), place);
        Assert.Equal(text, place.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("1.")]
    [InlineData("1.-1")]
    [InlineData("1.2.3")]
    [InlineData("x")]
    [InlineData("99999999999999999999")]
    public void OtherTextsAreNoPlaces(string text) => Assert.False(EventPlace.TryParse(text, out _));
}
