using Kist.Kernel.Tokens;
using Xunit;

namespace Kist.Kernel.Tests.Tokens;

public sealed class CallerCacheTests
{
    private static readonly TokenHash s_token = new(1, 2, 3, 4);
    private static readonly string s_text = $"{1:x16}{2:x16}{3:x16}{4:x16}";
    private readonly CallerCache _cache = new();

    [Fact]
    public void A_caller_is_known_until_the_token_is_revoked()
    {
        _cache.Add(s_token, Caller.Anonymous, 1, 1, _cache.Epoch);
        Assert.True(_cache.TryGet(s_token, 1, 1, out _));
        _cache.Remove(s_text);
        Assert.False(_cache.TryGet(s_token, 1, 1, out _));
    }

    [Fact]
    public void Whoever_read_the_record_before_a_revocation_does_not_add_it_after()
    {
        var epoch = _cache.Epoch;
        _cache.Remove(s_text);
        _cache.Add(s_token, Caller.Anonymous, 1, 1, epoch);
        Assert.False(_cache.TryGet(s_token, 1, 1, out _));
        epoch = _cache.Epoch;
        _cache.Clear();
        _cache.Add(s_token, Caller.Anonymous, 1, 1, epoch);
        Assert.Equal(0, _cache.Count);
    }

    [Theory]
    [InlineData(2, 1)]
    [InlineData(1, 2)]
    public void A_caller_of_other_policies_or_identities_is_not_known(long policies, long identity)
    {
        _cache.Add(s_token, Caller.Anonymous, 1, 1, _cache.Epoch);
        Assert.False(_cache.TryGet(s_token, policies, identity, out _));
    }
}
