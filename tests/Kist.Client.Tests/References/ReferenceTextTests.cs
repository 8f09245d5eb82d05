using Kist.Client.References;

namespace Kist.Client.Tests.References;

public sealed class ReferenceTextTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("nothing here", "nothing here")]
    [InlineData("kist://a/b#c", "<a/b#c>")]
    [InlineData("Host=db;Password=kist://a/b#c;Timeout=5", "Host=db;Password=<a/b#c>;Timeout=5")]
    [InlineData("redis:6379,password=kist://a/b#c,ssl=true", "redis:6379,password=<a/b#c>,ssl=true")]
    [InlineData("postgres://kist://a/b#user:kist://a/b#pw@kist://a/b#host/db?x=1",
        "postgres://<a/b#user>:<a/b#pw>@<a/b#host>/db?x=1")]
    [InlineData("kist://a/b#user:kist://a/b#pw", "<a/b#user>:<a/b#pw>")]
    [InlineData("Bearer \"kist://a/b#c\"", "Bearer \"<a/b#c>\"")]
    [InlineData("https://{kist://a/b#host}.example.com", "https://<a/b#host>.example.com")]
    [InlineData("pre{kist://a/b#c}post", "pre<a/b#c>post")]
    [InlineData("x=kist://a/b#c?default=d;y=1", "x=<a/b#c|d>;y=1")]
    [InlineData("x={kist://a/b#c?default=d;e};y=1", "x=<a/b#c|d;e>;y=1")]
    [InlineData("x=kist://a/b#c?version=2&default=d&y=1", "")]
    [InlineData("https://h/?p=kist://a/b#c&y=1", "https://h/?p=<a/b#c>&y=1")]
    [InlineData("mykist://a/b#c", "mykist://a/b#c")]
    [InlineData("mykist://kist://a/b#c", "mykist://<a/b#c>")]
    [InlineData("{kist://a/b#c}{kist://a/b#d}", "<a/b#c><a/b#d>")]
    public void FindsReferencesInsideAText(string text, string filled)
    {
        var isRead = ReferenceText.TryParse(text, out var parsed, out _);
        Assert.Equal(filled.Length > 0 || text.Length == 0, isRead);
        if (isRead) Assert.Equal(filled, parsed!.Fill(Shown));
    }

    [Fact]
    public void NamesThePlaceOfTheFaultyOne()
    {
        Assert.False(ReferenceText.TryParse("a=kist://a/b#c;b=kist://a", out _, out var fault));
        Assert.Equal(24, fault.Position);
    }

    [Fact]
    public void AValueThatIsFilledInIsNotReadAgain()
    {
        Assert.True(ReferenceText.TryParse("x kist://a/b#c", out var parsed, out _));
        Assert.Equal("x kist://d/e#f", parsed.Fill(_ => "kist://d/e#f"));
    }

    [Fact]
    public void PrintsNoWords() =>
        Assert.DoesNotContain("hunter2", new ReferencePart(0, "hunter2", null).ToString());

    private static string Shown(KistReference reference) =>
        $"<{reference.Path}#{reference.Field}{(reference.Default is { } d ? "|" + d : "")}>";
}
