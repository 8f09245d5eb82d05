using Kist.Kernel.Seals;
using Kist.Kernel.Stores;
using Kist.Kernel.Tests.Barrier;
using Xunit;

namespace Kist.Kernel.Tests.Seals;

public sealed class RootKeyStoreTests
{
    private static readonly SealConfig Config = new("shamir", 5, 3, "abc");

    [Fact]
    public async Task WhatWasPutIsLoadedAgain()
    {
        var store = new MemoryStore();
        Assert.Null(await RootKeyStore.LoadAsync(store, default));
        var batch = new Batch();
        RootKeyStore.Put(batch, Config, new byte[] { 1, 2 });
        await store.CommitAsync(batch, default);
        var loaded = await RootKeyStore.LoadAsync(store, default);
        Assert.Equal(Config, loaded!.Config);
        Assert.Equal([1, 2], loaded.Wrapped.ToArray());
    }

    [Theory]
    [InlineData("core/seal-config")]
    [InlineData("core/root-key")]
    public async Task AHalfThatIsMissingIsAnError(string missing)
    {
        var store = new MemoryStore();
        var batch = new Batch();
        RootKeyStore.Put(batch, Config, new byte[2]);
        await store.CommitAsync(batch, default);
        await store.CommitAsync(new Batch().Delete(missing), default);
        await Assert.ThrowsAsync<SealException>(async () => await RootKeyStore.LoadAsync(store, default));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("{}")]
    public async Task ADamagedConfigurationIsAnError(string json)
    {
        var store = new MemoryStore();
        var batch = new Batch().Put("core/seal-config", System.Text.Encoding.UTF8.GetBytes(json));
        await store.CommitAsync(batch.Put("core/root-key", new byte[2]), default);
        await Assert.ThrowsAsync<SealException>(async () => await RootKeyStore.LoadAsync(store, default));
    }
}
