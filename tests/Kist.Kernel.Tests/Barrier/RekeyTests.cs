using Kist.Kernel.Barrier;
using Kist.Kernel.Seals;
using Kist.Kernel.Stores;
using Kist.Secrets;
using Xunit;

namespace Kist.Kernel.Tests.Barrier;

using Barrier = Kist.Kernel.Barrier.Barrier;

public sealed class RekeyTests
{
    [Fact]
    public async Task AfterARekeyOnlyTheNewRootKeyOpensAndEverythingReads()
    {
        using var opened = await Opened.FreshAsync();
        using var newKey = Opened.NewRootKey();
        await opened.Barrier.Root.PutAsync("a", new byte[] { 7 }, default);
        await opened.Barrier.RotateAsync(default);
        await opened.Barrier.RekeyAsync(newKey, _ => { }, default);
        await opened.Barrier.Root.PutAsync("b", new byte[] { 8 }, default);
        await opened.Barrier.RotateAsync(default); // the running barrier goes on with the new root key
        await Assert.ThrowsAsync<BarrierException>(async () => await opened.ReopenAsync());
        using var again = await Barrier.OpenAsync(opened.Store, newKey, TimeProvider.System, default);
        using var a = await again.Root.GetAsync("a", default);
        using var b = await again.Root.GetAsync("b", default);
        Assert.Equal((7, 8, 3u), (a!.Span[0], b!.Span[0], again.Status.Term));
    }

    [Fact]
    public async Task NoEntryOpensWithTheOldRootKeyAndNoCopyOfItRemains()
    {
        var store = new MemoryStore();
        using var oldKey = Opened.NewRootKey();
        using var newKey = Opened.NewRootKey();
        using var oldSeal = ShamirSeal.Create();
        using var newSeal = ShamirSeal.Create();
        var oldWrapped = await oldSeal.WrapAsync(oldKey.Memory, default);
        using var barrier = await Barrier.InitializeAsync(store, oldKey, TimeProvider.System,
            batch => RootKeyStore.Put(batch, new SealConfig("shamir", 1, 1, "1"), oldWrapped), default);
        var newWrapped = await newSeal.WrapAsync(newKey.Memory, default);
        await barrier.RekeyAsync(
            newKey, batch => RootKeyStore.Put(batch, new SealConfig("shamir", 3, 2, "2"), newWrapped), default);

        var stored = await RootKeyStore.LoadAsync(store, default);
        Assert.Equal("2", stored!.Config.Nonce);
        await Assert.ThrowsAsync<SealException>(async () => await oldSeal.UnwrapAsync(stored.Wrapped, default));
        using var unwrapped = await newSeal.UnwrapAsync(stored.Wrapped, default);
        Assert.True(unwrapped.FixedTimeEquals(newKey.Span));
        using var old = new KeyTerm(0, default, LockedMemory.Copy(oldKey.Span));
        foreach (var (key, entry) in store.All())
        {
            Assert.Equal(-1, entry.Value.Span.IndexOf(oldKey.Span));
            Assert.Equal(-1, entry.Value.Span.IndexOf(newKey.Span));
            if (Envelope.TermOf(entry.Value.Span) is null) continue;
            var plain = new byte[entry.Value.Length - Envelope.Overhead];
            Assert.Throws<CorruptEntryException>(() => Envelope.Decrypt(old, key, entry.Value.Span, plain));
        }
    }

    [Fact]
    public async Task TheKeyringAndTheWrappedRootKeyChangeInOneBatch()
    {
        using var opened = await Opened.FreshAsync();
        using var newKey = Opened.NewRootKey();
        await opened.Barrier.RekeyAsync(
            newKey, batch => RootKeyStore.Put(batch, new SealConfig("shamir", 1, 1, "1"), new byte[61]), default);
        var store = opened.Store;
        Assert.Equal(store.Raw("core/keyring").Revision, store.Raw("core/root-key").Revision);
        Assert.Equal(store.Raw("core/keyring").Revision, store.Raw("core/seal-config").Revision);
    }

    [Fact]
    public async Task ARekeyThatCannotBeStoredLeavesTheOldRootKeyInPlace()
    {
        using var opened = await Opened.FreshAsync();
        using var newKey = Opened.NewRootKey();
        await Assert.ThrowsAsync<BatchLimitException>(async () => await opened.Barrier.RekeyAsync(
            newKey, batch => batch.Put("core/root-key", new byte[Batch.MaxValueBytes + 1]), default));
        await opened.Barrier.RotateAsync(default);
        using var again = await opened.ReopenAsync();
        Assert.Equal(2u, again.Status.Term);
    }

    [Fact]
    public async Task ANodeWithTheOldRootKeySaysThatItWasReplaced()
    {
        using var opened = await Opened.FreshAsync();
        using var other = await opened.ReopenAsync();
        using var newKey = Opened.NewRootKey();
        await opened.Barrier.RekeyAsync(newKey, _ => { }, default);
        var e = await Assert.ThrowsAsync<BarrierException>(async () => await other.RotateAsync(default));
        Assert.Contains("was replaced", e.Message);
    }
}
