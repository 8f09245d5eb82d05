using System.Text;
using Kist.Agent.Answers;
using Kist.Secrets;

namespace Kist.Agent.Tests.Answers;

public sealed class AnswerCacheTests
{
    private static readonly AnswerKey s_own = new(AnswerKey.Agent, "", "/v1/prod/data/db");
    private static readonly AnswerKey s_other = new("someone", "", "/v1/prod/data/db");

    [Fact]
    public void An_answer_is_its_owner_s_alone()
    {
        using var cache = new AnswerCache();
        cache.Keep(s_own, Answer("mine"), cache.LastChange);
        Assert.Null(cache.Find(s_other));
        Assert.Null(cache.Find(s_own with { Namespace = "team" }));
        using var found = cache.Find(s_own);
        Assert.Equal("mine", Encoding.UTF8.GetString(found!.Body.WrittenSpan));
    }

    [Fact]
    public void A_change_outdates_the_answers_of_all_owners()
    {
        using var cache = new AnswerCache();
        cache.Keep(s_own, Answer("a"), cache.LastChange);
        cache.Keep(s_other, Answer("b"), cache.LastChange);
        cache.Keep(s_other with { Target = "/v1/prod/data/api" }, Answer("c", "prod api"), cache.LastChange);
        Assert.Equal([s_own], cache.Outdate("prod db"));
        Assert.True(IsOutdated(cache, s_own));
        Assert.True(IsOutdated(cache, s_other));
        Assert.False(IsOutdated(cache, s_other with { Target = "/v1/prod/data/api" }));
    }

    [Fact]
    public void What_changes_while_it_is_asked_for_is_outdated_from_the_start()
    {
        using var cache = new AnswerCache();
        var since = cache.LastChange;
        cache.Outdate("prod db");
        cache.Keep(s_own, Answer("old"), since);
        Assert.True(IsOutdated(cache, s_own));
        cache.Keep(s_own, Answer("new"), cache.LastChange);
        Assert.False(IsOutdated(cache, s_own));
    }

    [Fact]
    public void What_an_owner_may_have_lost_while_it_is_asked_for_is_outdated_from_the_start()
    {
        using var cache = new AnswerCache();
        var since = cache.LastChange;
        cache.OutdateAll(s_own.Owner);
        Assert.NotEqual(since, cache.LastChange);
        cache.Keep(s_own, Answer("before"), since);
        cache.Keep(s_other, Answer("another's"), since);
        Assert.True(IsOutdated(cache, s_own));
        Assert.False(IsOutdated(cache, s_other));
    }

    [Fact]
    public void What_is_to_be_forgotten_while_it_is_asked_for_is_not_remembered()
    {
        using var cache = new AnswerCache();
        var since = cache.LastChange;
        cache.Drop(static key => key.Owner == "someone");
        cache.Keep(s_other, Answer("withdrawn"), since);
        cache.Keep(s_own, Answer("mine"), since);
        Assert.Null(cache.Find(s_other));
        Assert.False(IsOutdated(cache, s_own));
        since = cache.LastChange;
        cache.Drop(s_own);
        cache.Keep(s_own, Answer("refused since"), since);
        Assert.Null(cache.Find(s_own));
        cache.Keep(s_own, Answer("permitted again"), cache.LastChange);
        Assert.False(IsOutdated(cache, s_own));
    }

    [Fact]
    public void An_answer_that_comes_late_does_not_replace_a_newer_one()
    {
        using var cache = new AnswerCache();
        var (late, since) = (Answer("old"), cache.LastChange);
        cache.Outdate("prod db");
        cache.Keep(s_own, Answer("new"), cache.LastChange);
        cache.Keep(s_own, late, since);
        using var found = cache.Find(s_own);
        Assert.Equal("new", Encoding.UTF8.GetString(found!.Body.WrittenSpan));
        Assert.False(found.IsOutdated);
    }

    [Fact]
    public void When_more_has_changed_than_is_remembered_everything_may_have()
    {
        using var cache = new AnswerCache();
        var since = cache.LastChange;
        for (var i = 0; i < 1000; i++) cache.Outdate($"prod other{i}");
        cache.Keep(s_own, Answer("x"), since);
        Assert.True(IsOutdated(cache, s_own));
    }

    [Fact]
    public void It_forgets_what_was_not_asked_for_the_longest()
    {
        using var cache = new AnswerCache();
        for (var i = 0; i < 70; i++)
            cache.Keep(s_own with { Target = $"/v1/{i}" }, Answer(new string('x', 1 << 20), $"n{i}"), cache.LastChange);
        Assert.Null(cache.Find(s_own with { Target = "/v1/0" }));
        using var last = cache.Find(s_own with { Target = "/v1/69" });
        Assert.NotNull(last);
    }

    [Theory]
    [InlineData(2, "prod/data/a/b", "a/b")]
    [InlineData(2, "prod/metadata/a", "a")]
    [InlineData(2, "prod/subkeys/a", "a")]
    [InlineData(2, "prod/metadata/a/", null)]
    [InlineData(2, "prod/config", null)]
    [InlineData(2, "prod/", null)]
    [InlineData(1, "prod/a/b", "a/b")]
    [InlineData(0, "prod/a", null)]
    public void A_path_tells_of_a_secret(int version, string path, string? secret) =>
        Assert.Equal(secret, new MountInfo("prod/", version).SecretOf(path));

    private static bool IsOutdated(AnswerCache cache, AnswerKey key)
    {
        using var found = cache.Find(key);
        return found!.IsOutdated;
    }

    private static KeptAnswer Answer(string body, string name = "prod db") =>
        new(SecretBytes.FromText(body), "application/json", name)
        {
            Asked = TimeProvider.System.GetTimestamp(), MaxStale = TimeSpan.FromHours(1),
        };
}
