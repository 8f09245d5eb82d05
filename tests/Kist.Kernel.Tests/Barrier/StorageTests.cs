using System.Text;
using Kist.Kernel.Barrier;
using Kist.Kernel.Stores;
using Xunit;

namespace Kist.Kernel.Tests.Barrier;

public sealed class StorageTests
{
    [Fact]
    public async Task AValueComesBackAndTheStoreNeverSeesIt()
    {
        using var opened = await Opened.FreshAsync();
        var view = opened.Barrier.View("logical/1/");
        await view.PutAsync("name", "canary-value"u8.ToArray(), default);
        using var read = await view.GetAsync("name", default);
        Assert.Equal("canary-value", Encoding.UTF8.GetString(read!.Span));
        Assert.All(opened.Store.All(), e => Assert.Equal(-1, e.Value.Value.Span.IndexOf("canary"u8)));
        Assert.Contains("logical/1/name", opened.Store.All().Select(e => e.Key));
    }

    [Fact]
    public async Task AnAbsentKeyIsNullAndADeletedOneToo()
    {
        using var opened = await Opened.FreshAsync();
        var view = opened.Barrier.View("v/");
        Assert.Null(await view.GetAsync("a", default));
        await view.PutAsync("a", new byte[1], default);
        await view.DeleteAsync("a", default);
        Assert.Null(await view.GetAsync("a", default));
    }

    [Fact]
    public async Task AnEmptyValueIsNotAnAbsentOne()
    {
        using var opened = await Opened.FreshAsync();
        await opened.Barrier.Root.PutAsync("a", Array.Empty<byte>(), default);
        using var read = await opened.Barrier.Root.GetAsync("a", default);
        Assert.Equal(0, read!.Span.Length);
    }

    [Fact]
    public async Task TheLargestValueFitsAndOneByteMoreIsRefused()
    {
        using var opened = await Opened.FreshAsync();
        var root = opened.Barrier.Root;
        await root.PutAsync("a", new byte[Storage.MaxValueBytes], default);
        await Assert.ThrowsAsync<BatchLimitException>(
            async () => await root.PutAsync("a", new byte[Storage.MaxValueBytes + 1], default));
    }

    [Fact]
    public async Task AKeyWithALoneSurrogateIsRefused()
    {
        using var opened = await Opened.FreshAsync();
        await Assert.ThrowsAsync<ArgumentException>(
            async () => await opened.Barrier.Root.PutAsync("a\uD800", new byte[1], default));
    }

    [Fact]
    public async Task DeleteAllRemovesMoreThanABatchAndNothingBesideThePrefix()
    {
        using var opened = await Opened.FreshAsync();
        var view = opened.Barrier.View("v/");
        for (var i = 0; i < 300; i++) await view.PutAsync($"gone/{i}", new byte[1], default);
        await view.PutAsync("gone", new byte[1], default);
        await view.PutAsync("stays", new byte[1], default);
        await view.DeleteAllAsync("gone/", default);
        Assert.Equal(["gone", "stays"], await view.ScanAsync("", "", 0, default));
    }

    [Fact]
    public async Task AfterDisposalEveryCallSaysSealed()
    {
        using var opened = await Opened.FreshAsync();
        var view = opened.Barrier.View("v/");
        await view.PutAsync("a", new byte[1], default);
        opened.Barrier.Dispose();
        await Assert.ThrowsAsync<SealedException>(async () => await view.GetAsync("a", default));
        await Assert.ThrowsAsync<SealedException>(async () => await view.GetAsync("absent", default));
        await Assert.ThrowsAsync<SealedException>(async () => await view.PutAsync("a", new byte[1], default));
        await Assert.ThrowsAsync<SealedException>(async () => await view.DeleteAsync("a", default));
        await Assert.ThrowsAsync<SealedException>(async () => await view.ScanAsync("", "", 0, default));
        await Assert.ThrowsAsync<SealedException>(async () => await view.ListAsync("", "", 0, default));
        await Assert.ThrowsAsync<SealedException>(async () => await view.DeleteAllAsync("", default));
        await Assert.ThrowsAsync<SealedException>(
            async () => await view.TransactAsync(async t => { await t.GetAsync("a"); }, default));
        Assert.Throws<SealedException>(() => opened.Barrier.Status);
        Assert.Throws<SealedException>(() => opened.Barrier.RotationConfig);
    }
}
