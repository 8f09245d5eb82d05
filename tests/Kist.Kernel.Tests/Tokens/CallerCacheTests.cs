using Kist.Kernel.Tokens;
using Xunit;

namespace Kist.Kernel.Tests.Tokens;

public sealed class CallerCacheTests
{
    private static readonly TokenHash s_token = new(1, 2, 3, 4);

    /// <summary>
    /// A look-up that finds a caller in the old generation puts it into the young one. If the token is revoked in
    /// between, it would be good for ever.
    /// </summary>
    [Fact]
    public void A_token_that_is_revoked_while_it_is_looked_up_does_not_come_back()
    {
        var revived = 0;
        Together.Run(rounds: 100_000, () =>
            {
                var cache = new CallerCache(generationSize: 1);
                cache.Add(s_token, Caller.Anonymous, 1, 1, cache.Epoch);
                cache.Add(new TokenHash(9, 9, 9, 9), Caller.Anonymous, 1, 1, cache.Epoch);
                Assert.True(cache.Count == 2);
                return cache;
            },
            cache => cache.TryGet(s_token, 1, 1, out _),
            cache => cache.Remove($"{1:x16}{2:x16}{3:x16}{4:x16}"),
            cache => revived += cache.TryGet(s_token, 1, 1, out _) ? 1 : 0);
        Assert.Equal(0, revived);
    }
}
