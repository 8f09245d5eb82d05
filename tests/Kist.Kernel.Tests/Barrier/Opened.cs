using System.Security.Cryptography;
using Kist.Kernel.Stores;
using Kist.Secrets;

namespace Kist.Kernel.Tests.Barrier;

using Barrier = Kist.Kernel.Barrier.Barrier;

/// <summary>A fresh barrier with its store and root key.</summary>
internal sealed class Opened : IDisposable
{
    private Opened(MemoryStore store, SecretBuffer rootKey, Barrier barrier) =>
        (Store, RootKey, Barrier) = (store, rootKey, barrier);

    public MemoryStore Store { get; }

    public SecretBuffer RootKey { get; }

    public Barrier Barrier { get; }

    public static async ValueTask<Opened> FreshAsync(TimeProvider? clock = null)
    {
        var store = new MemoryStore();
        var rootKey = NewRootKey();
        var barrier = await Barrier.InitializeAsync(store, rootKey, clock ?? TimeProvider.System, default);
        return new(store, rootKey, barrier);
    }

    public static SecretBuffer NewRootKey()
    {
        var key = SecretBuffer.Rent(32);
        RandomNumberGenerator.Fill(key.Span);
        return key;
    }

    public ValueTask<Barrier> ReopenAsync(TimeProvider? clock = null) =>
        Barrier.OpenAsync(Store, RootKey, clock ?? TimeProvider.System, default);

    public void Dispose()
    {
        Barrier.Dispose();
        RootKey.Dispose();
    }
}
