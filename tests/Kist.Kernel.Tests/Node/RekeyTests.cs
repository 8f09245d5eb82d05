using Kist.Kernel.Barrier;
using Kist.Kernel.Node;
using Kist.Kernel.Seals;
using Kist.Secrets;
using Xunit;
using LiveNode = Kist.Kernel.Node.Node;

namespace Kist.Kernel.Tests.Node;

public sealed class RekeyTests
{
    private static async Task<string> BeginAsync(LiveNode node, int shares, int threshold, bool verifies = false)
    {
        var (status, fault) = await node.Current!.Rekey.BeginAsync(new KeySplit(shares, threshold), verifies, default);
        Assert.Null(fault);
        return status!.Nonce;
    }

    private static async Task<RekeyProgress> GiveAllAsync(LiveNode node, IEnumerable<SecretBuffer> shares, string nonce)
    {
        RekeyProgress? last = null;
        foreach (var share in shares)
        {
            (last, var fault) = await node.Current!.Rekey.GiveAsync(share, nonce, default);
            Assert.Null(fault);
        }
        Assert.True(last!.IsComplete);
        return last;
    }

    [Fact]
    public async Task AfterARekeyOnlyTheNewSharesOpenAndTheOldRootKeyOpensNothing()
    {
        await using var scene = new NodeScene();
        var (node, keys) = await scene.StartUnsealedAsync(3, 2);
        using (keys)
        {
            var before = (await node.StoredRootKeyAsync(default))!;
            using var oldSeal = ShamirSeal.FromShares([keys.Shares[0], keys.Shares[1]], 2);
            using var oldRootKey = await oldSeal.UnwrapAsync(before.Wrapped, default);
            using var made = await GiveAllAsync(node, keys.Shares.Take(2), await BeginAsync(node, 4, 3));
            Assert.Equal(4, made.Shares.Count);

            var after = (await node.StoredRootKeyAsync(default))!;
            Assert.Equal((4, 3), (after.Config.Shares, after.Config.Threshold));
            Assert.NotEqual(before.Config.Nonce, after.Config.Nonce);
            await node.SealAsync();
            await Assert.ThrowsAsync<BarrierException>(async () =>
                await Kernel.Barrier.Barrier.OpenAsync(scene.Store, oldRootKey, TimeProvider.System, default));
            foreach (var key in await scene.Store.ScanAsync("", "", 1000, default))
            {
                var value = (await scene.Store.GetAsync(key, default))!.Value.Value;
                Assert.True(value.Span.IndexOf(before.Wrapped.Span) < 0, key);
                Assert.True(value.Span.IndexOf(oldRootKey.Span) < 0, key);
            }
            Assert.Null(await node.Unsealing.GiveAsync(keys.Shares[0], false, default));
            Assert.Null(await node.Unsealing.GiveAsync(keys.Shares[1], false, default));
            Assert.NotNull(await node.Unsealing.GiveAsync(keys.Shares[2], false, default));
            Assert.Null(node.Current);
            await NodeScene.UnsealAsync(node, made.Shares.Skip(1));
            Assert.NotNull(await node.Current!.Tokens.LookupAsync(keys.RootToken, default));
        }
    }

    [Fact]
    public async Task WithVerificationTheOldSharesAreGoodUntilEnoughNewOnesCameBack()
    {
        await using var scene = new NodeScene();
        var (node, keys) = await scene.StartUnsealedAsync(1, 1);
        using (keys)
        {
            using var made = await GiveAllAsync(node, keys.Shares, await BeginAsync(node, 2, 2, verifies: true));
            Assert.NotNull(made.VerificationNonce);
            Assert.Equal(1, (await node.StoredRootKeyAsync(default))!.Config.Shares);

            var rekey = node.Current!.Rekey;
            var (restarted, _) = await rekey.RestartVerificationAsync(default);
            Assert.NotEqual(made.VerificationNonce, restarted!.VerificationNonce);
            var (_, wrong) = await rekey.VerifyAsync(made.Shares[0], made.VerificationNonce!, default);
            Assert.StartsWith("incorrect nonce supplied", wrong!.Message);
            var nonce = restarted.VerificationNonce!;
            var (half, _) = await rekey.VerifyAsync(made.Shares[0], nonce, default);
            Assert.False(half!.IsComplete);
            var (_, twice) = await rekey.VerifyAsync(made.Shares[0], nonce, default);
            Assert.Contains("already been provided", twice!.Message);
            var (whole, fault) = await rekey.VerifyAsync(made.Shares[1], nonce, default);
            Assert.Null(fault);
            Assert.True(whole!.IsComplete);
            Assert.Equal(2, (await node.StoredRootKeyAsync(default))!.Config.Shares);
            await node.SealAsync();
            await NodeScene.UnsealAsync(node, made.Shares);
        }
    }

    [Fact]
    public async Task WrongSharesBringNothingAndTheAttemptGoesOn()
    {
        await using var scene = new NodeScene();
        await using var elsewhere = new NodeScene();
        var (node, keys) = await scene.StartUnsealedAsync(3, 2);
        var (_, others) = await elsewhere.StartInitializedAsync(3, 2);
        using (keys)
        using (others)
        {
            var nonce = await BeginAsync(node, 1, 1);
            var rekey = node.Current!.Rekey;
            Assert.StartsWith("incorrect nonce supplied",
                (await rekey.GiveAsync(keys.Shares[0], "other", default)).Fault!.Message);
            Assert.Null((await rekey.GiveAsync(others.Shares[0], nonce, default)).Fault);
            Assert.StartsWith("invalid key: ", (await rekey.GiveAsync(keys.Shares[0], nonce, default)).Fault!.Message);
            Assert.Equal(0, (await rekey.StatusAsync(default)).Status!.Progress);
            using var made = await GiveAllAsync(node, keys.Shares.Skip(1), nonce);
            Assert.Single(made.Shares);
        }
    }

    [Fact]
    public async Task ACancelWithAnotherNonceIsRefusedAndOneWithoutCanBe()
    {
        await using var scene = new NodeScene();
        var (node, keys) = await scene.StartUnsealedAsync(1, 1);
        using (keys)
        {
            var nonce = await BeginAsync(node, 1, 1);
            var rekey = node.Current!.Rekey;
            Assert.NotNull(await rekey.CancelAsync("other", default));
            Assert.True((await rekey.StatusAsync(default)).Status!.IsStarted);
            node.Settings = node.Settings with { CancelNeedsNonce = true };
            Assert.NotNull(await rekey.CancelAsync(null, default));
            Assert.Null(await rekey.CancelAsync(nonce, default));
            Assert.False((await rekey.StatusAsync(default)).Status!.IsStarted);
            node.Settings = node.Settings with { CancelNeedsNonce = false };
            await BeginAsync(node, 1, 1);
            Assert.Null(await rekey.CancelAsync(null, default));
            Assert.False((await rekey.StatusAsync(default)).Status!.IsStarted);
        }
    }

    [Fact]
    public async Task OneAttemptRunsAtATimeAndSealingEndsIt()
    {
        await using var scene = new NodeScene();
        var (node, keys) = await scene.StartUnsealedAsync(1, 1);
        using (keys)
        {
            await BeginAsync(node, 1, 1);
            var (_, second) = await node.Current!.Rekey.BeginAsync(new KeySplit(1, 1), false, default);
            Assert.Equal("rekey already in progress", second!.Message);
            await node.SealAsync();
            await NodeScene.UnsealAsync(node, keys.Shares);
            Assert.False((await node.Current!.Rekey.StatusAsync(default)).Status!.IsStarted);
        }
    }

    [Fact]
    public async Task RecoveryKeysCannotBeChangedWhereThereAreNone()
    {
        await using var scene = new NodeScene();
        var (node, keys) = await scene.StartUnsealedAsync(1, 1);
        using (keys)
            Assert.Equal("recovery rekeying not supported",
                (await node.Current!.RecoveryRekey.StatusAsync(default)).Fault!.Message);
    }
}
