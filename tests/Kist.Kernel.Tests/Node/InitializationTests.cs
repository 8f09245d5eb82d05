using System.Text;
using Kist.Kernel.Seals;
using Kist.Kernel.Stores;
using Xunit;

namespace Kist.Kernel.Tests.Node;

public sealed class InitializationTests
{
    [Fact]
    public async Task AShamirNodeStaysSealedUntilEnoughSharesAreGiven()
    {
        await using var scene = new NodeScene();
        var (node, keys) = await scene.StartInitializedAsync(5, 3);
        using (keys)
        {
            Assert.True(await node.IsInitializedAsync(default));
            Assert.Null(node.Current);
            Assert.False(keys.AreRecovery);
            Assert.Equal(5, keys.Shares.Count);
            await NodeScene.UnsealAsync(node, keys.Shares.Skip(2));
            var root = await node.Current!.Tokens.LookupAsync(keys.RootToken, default);
            Assert.Equal(["root"], root!.Policies);
        }
    }

    [Fact]
    public async Task OfTwoNodesThatInitialiseAtOnceExactlyOneWinsAndItsSharesOpenBoth()
    {
        for (var round = 0; round < 20; round++)
        {
            await using var scene = new NodeScene();
            var (one, two) = (scene.Start(), scene.Start());
            var both = await Task.WhenAll(
                Task.Run(() => one.InitializeAsync(new KeySplit(1, 1), default).AsTask()),
                Task.Run(() => two.InitializeAsync(new KeySplit(1, 1), default).AsTask()));
            var winner = Assert.Single(both, outcome => outcome.Keys is not null);
            var loser = Assert.Single(both, outcome => outcome.Fault is not null);
            Assert.Equal("Vault is already initialized", loser.Fault!.Message);
            using var keys = winner.Keys!;
            await NodeScene.UnsealAsync(one, keys.Shares);
            await NodeScene.UnsealAsync(two, keys.Shares);
            Assert.NotNull(await two.Current!.Tokens.LookupAsync(keys.RootToken, default));
        }
    }

    [Theory]
    [InlineData(0, 0, "shares must be at least one")]
    [InlineData(-1, 1, "shares must be at least one")]
    [InlineData(5, 0, "threshold must be at least one")]
    [InlineData(5, 1, "threshold must be greater than one for multiple shares")]
    [InlineData(5, 6, "threshold cannot be larger than shares")]
    [InlineData(256, 3, "shares must be less than 256")]
    public async Task ASplitThatCannotBeIsRefusedAndNothingIsWritten(int shares, int threshold, string why)
    {
        await using var scene = new NodeScene();
        var (keys, fault) = await scene.Start().InitializeAsync(new KeySplit(shares, threshold), default);
        Assert.Null(keys);
        Assert.Equal("invalid seal configuration: " + why, fault!.Message);
        Assert.Empty(await scene.Store.ScanAsync("", "", 10, default));
    }

    [Fact]
    public async Task NeitherSharesNorTheRootTokenLieInTheStoreOrInTheLog()
    {
        await using var scene = new NodeScene();
        var (_, keys) = await scene.StartInitializedAsync(1, 1);
        using (keys)
        {
            var token = Encoding.ASCII.GetBytes(keys.RootToken);
            foreach (var key in await scene.Store.ScanAsync("", "", 1000, default))
            {
                var value = (await scene.Store.GetAsync(key, default))!.Value.Value;
                Assert.True(value.Span.IndexOf(keys.Shares[0].Span) < 0, key);
                Assert.True(value.Span.IndexOf(token) < 0, key);
            }
            Assert.DoesNotContain(scene.Log, line => line.Contains(keys.RootToken, StringComparison.Ordinal));
        }
    }
}
