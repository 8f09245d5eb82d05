using Kist.Kernel.Barrier;
using Kist.Kernel.Seals;
using Kist.Secrets;
using Xunit;

namespace Kist.Kernel.Tests.Node;

public sealed class UnsealingTests
{
    [Fact]
    public async Task TheSameShareTwiceCountsOnceAndAResetForgetsIt()
    {
        await using var scene = new NodeScene();
        var (node, keys) = await scene.StartInitializedAsync(3, 2);
        using (keys)
        {
            Assert.Equal((0, ""), (node.Unsealing.Progress.Given, node.Unsealing.Progress.Nonce));
            Assert.Null(await node.Unsealing.GiveAsync(keys.Shares[0], false, default));
            Assert.Null(await node.Unsealing.GiveAsync(keys.Shares[0], false, default));
            Assert.Equal(1, node.Unsealing.Progress.Given);
            Assert.NotEmpty(node.Unsealing.Progress.Nonce);
            Assert.Null(await node.Unsealing.ResetAsync(default));
            Assert.Equal((0, ""), (node.Unsealing.Progress.Given, node.Unsealing.Progress.Nonce));
            Assert.Null(node.Current);
        }
    }

    [Fact]
    public async Task SharesOfAnotherServerAreRefusedAndForgottenAsAWhole()
    {
        await using var scene = new NodeScene();
        await using var elsewhere = new NodeScene();
        var (node, keys) = await scene.StartInitializedAsync(3, 2);
        var (_, others) = await elsewhere.StartInitializedAsync(3, 2);
        using (keys)
        using (others)
        {
            Assert.Null(await node.Unsealing.GiveAsync(keys.Shares[0], false, default));
            var fault = await node.Unsealing.GiveAsync(others.Shares[1], false, default);
            Assert.StartsWith("invalid key: ", fault!.Message);
            Assert.Equal(0, node.Unsealing.Progress.Given);
            Assert.Null(node.Current);
            await NodeScene.UnsealAsync(node, keys.Shares.Take(2));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(32)]
    [InlineData(34)]
    [InlineData(4000)]
    public async Task AShareOfAWrongLengthIsNotKept(int length)
    {
        await using var scene = new NodeScene();
        var (node, keys) = await scene.StartInitializedAsync(3, 2);
        using (keys)
        using (var share = SecretBuffer.Rent(length))
        {
            Assert.StartsWith("invalid key: ", (await node.Unsealing.GiveAsync(share, false, default))!.Message);
            Assert.Equal(0, node.Unsealing.Progress.Given);
        }
    }

    [Fact]
    public async Task NothingIsTakenBeforeInitialisationAndNothingIsResetWhenUnsealed()
    {
        await using var scene = new NodeScene();
        using var share = SecretBuffer.Rent(33);
        var fault = await scene.Start().Unsealing.GiveAsync(share, false, default);
        Assert.Equal("Vault is not initialized", fault!.Message);
        var (node, keys) = await scene.StartUnsealedAsync(1, 1);
        using (keys)
        {
            Assert.Equal("vault is unsealed", (await node.Unsealing.ResetAsync(default))!.Message);
            Assert.Null(await node.Unsealing.GiveAsync(keys.Shares[0], false, default));
            Assert.NotNull(await node.Unsealing.GiveAsync(keys.Shares[0], true, default));
        }
    }

    [Fact]
    public async Task WhatWasUnsealedIsOfNoUseAfterSealing()
    {
        await using var scene = new NodeScene();
        var (node, keys) = await scene.StartUnsealedAsync(1, 1);
        using (keys)
        {
            var kernel = node.Current!;
            await node.SealAsync();
            Assert.Null(node.Current);
            await Assert.ThrowsAsync<SealedException>(async () =>
                await kernel.Core.GetAsync("mounts-generation", default));
            await Assert.ThrowsAsync<SealedException>(async () => await kernel.Rekey.StatusAsync(default));
        }
    }

    [Fact]
    public async Task SealingAndUnsealingAtOnceLeavesANodeThatCanBeUnsealed()
    {
        await using var scene = new NodeScene();
        var (node, keys) = await scene.StartUnsealedAsync(1, 1);
        using (keys)
        {
            var seals = Enumerable.Range(0, 20).Select(_ => Task.Run(() => node.SealAsync().AsTask()));
            var unseals = Enumerable.Range(0, 20).Select(_ => Task.Run(async () =>
                Assert.Null(await node.Unsealing.GiveAsync(keys.Shares[0], false, default))));
            await Task.WhenAll(seals.Concat(unseals));
            await NodeScene.UnsealAsync(node, keys.Shares);
            Assert.NotNull(await node.Current!.Tokens.LookupAsync(keys.RootToken, default));
        }
    }

    [Fact]
    public async Task UnsealingReadsNeitherLeasesNorSecretsHoweverManyThereAre()
    {
        var store = new CountingStore();
        await using var scene = new NodeScene { Store = store };
        var (node, keys) = await scene.StartUnsealedAsync(1, 1);
        using (keys)
        {
            for (var i = 0; i < 2_000; i++)
            {
                await node.Current!.Barrier.View("mount/x/").PutAsync($"secret-{i:D5}", "v"u8.ToArray(), default);
                await node.Current!.Barrier.View("lease/").PutAsync($"id/far-{i:D5}", "v"u8.ToArray(), default);
            }
            await node.SealAsync();
            store.Reset();
            await NodeScene.UnsealAsync(node, keys.Shares);
            Assert.InRange(store.Keys, 1, 200);
            Assert.Equal(0, store.KeysUnder("mount/x/"));
        }
    }
}
