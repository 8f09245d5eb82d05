using System.Security.Cryptography;
using Kist.Kernel.Audit;
using Kist.Kernel.Routes;
using Kist.Kernel.Seals;
using Kist.Kernel.Stores;
using Kist.Secrets;

namespace Kist.Kernel.Node;

/// <summary>
/// The life of the process: it owns the store and knows how the root key is guarded. <see cref="Current"/> is
/// everything that exists while unsealed; it appears whole and is dropped whole.
/// </summary>
public sealed partial class Node : IAsyncDisposable
{
    private readonly SemaphoreSlim _changing = new(1, 1);
    private Unsealed? _current;
    private int _disposed;
    private Settings _settings;

    /// <summary>A sealed node over a store. Nothing is read yet.</summary>
    public Node(NodeParts parts, Settings settings)
    {
        Parts = parts;
        _settings = settings;
        Engines = parts.Engines.ToDictionary(e => (e.Type, e.IsLogin));
        Unsealing = new Unsealing(this);
    }

    /// <summary>What the host gave this node.</summary>
    public NodeParts Parts { get; }

    /// <summary>The store.</summary>
    public IStore Store => Parts.Store;

    /// <summary>The clock.</summary>
    public TimeProvider Clock => Parts.Clock;

    /// <summary>Where events go.</summary>
    public NodeLog Log => Parts.Log;

    /// <summary>The kinds of engine, by type and whether they are logins.</summary>
    public IReadOnlyDictionary<(string Type, bool IsLogin), EngineKind> Engines { get; }

    /// <summary>The configuration; a reload replaces it.</summary>
    public Settings Settings
    {
        get => Volatile.Read(ref _settings);
        set => Volatile.Write(ref _settings, value);
    }

    /// <summary>Everything that exists while unsealed; null while sealed.</summary>
    public Unsealed? Current => Volatile.Read(ref _current);

    /// <summary>Ends the streams of events: the front is about to stop, and waits for requests that run.</summary>
    public void EndStreams() => Current?.EndStreams();

    /// <summary>The streams of events that are open.</summary>
    public Events.StreamPlaces Streams { get; } = new();

    /// <summary>What was asked of this process so far, for the metrics.</summary>
    public Pipeline.RequestCounts Counts { get; } = new();

    /// <summary>When the node was unsealed, or null.</summary>
    public DateTimeOffset? UnsealedAt { get; private set; }

    /// <summary>The stored root key and how it is wrapped; null when the store is not initialised.</summary>
    public ValueTask<StoredRootKey?> StoredRootKeyAsync(CancellationToken ct) => RootKeyStore.LoadAsync(Store, ct);

    /// <summary>
    /// Initialises an empty store: a new root key, wrapped by <paramref name="seal"/>, a new keyring, all in one
    /// batch; then makes a root token (<paramref name="rootToken"/>, or null for a new one) and returns it. The node
    /// stays sealed. Throws <see cref="Barrier.BarrierException"/> when the store is initialised already.
    /// </summary>
    public ValueTask<string> InitializeAsync(ISeal seal, SealConfig config, string? rootToken, CancellationToken ct) =>
        InitializeAsync(seal, config, null, rootToken, ct);

    /// <summary>
    /// Opens the store with its root key, as <paramref name="seal"/> gives it back. Does nothing when already
    /// unsealed. Throws <see cref="SealException"/> when the seal cannot, <see cref="Barrier.BarrierException"/>
    /// when the key does not fit.
    /// </summary>
    public async ValueTask UnsealAsync(ISeal seal, CancellationToken ct)
    {
        await _changing.WaitAsync(ct);
        try
        {
            if (Current is not null) return;
            var stored = await StoredOrThrowAsync(ct);
            using var rootKey = await seal.UnwrapAsync(stored.Wrapped, ct);
            var started = Clock.GetTimestamp();
            await PublishAsync(await Barrier.Barrier.OpenAsync(Store, rootKey, Clock, ct), ct);
            Log.Unsealed(Clock.GetElapsedTime(started));
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Seals: no request gets in any more, the chores stop, the keys are zeroed.</summary>
    public async ValueTask SealAsync()
    {
        await _changing.WaitAsync();
        try
        {
            if (Interlocked.Exchange(ref _current, null) is not { } kernel) return;
            UnsealedAt = null;
            await kernel.DisposeAsync();
            Log.Sealed();
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Seals and closes the store. Safe to call twice.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        await SealAsync();
        await Store.DisposeAsync();
        Unsealing.Dispose();
        _changing.Dispose();
    }

    private async ValueTask<string> InitializeAsync(
        ISeal seal, SealConfig config, StoredRecoveryKey? recovery, string? rootToken, CancellationToken ct)
    {
        await _changing.WaitAsync(ct);
        try
        {
            if (await RootKeyStore.LoadAsync(Store, ct) is not null)
            {
                _isInitialized = true;
                throw new Barrier.BarrierException("the store is initialised already; it was not changed");
            }
            using var rootKey = SecretBuffer.Rent(KeyWrap.KeyBytes);
            RandomNumberGenerator.Fill(rootKey.Span);
            var wrapped = await seal.WrapAsync(rootKey.Memory, ct);
            var barrier = await Barrier.Barrier.InitializeAsync(Store, rootKey, Clock, batch =>
            {
                RootKeyStore.Put(batch, config, wrapped);
                if (recovery is not null) RecoveryKeyStore.Put(batch, recovery);
            }, ct);
            await using var kernel = await OpenAsync(barrier, ct);
            var token = await kernel.Tokens.CreateRootAsync(rootToken, ct);
            Log.Initialized(seal.Type);
            return token;
        }
        finally
        {
            _changing.Release();
        }
    }

    private async ValueTask<StoredRootKey> StoredOrThrowAsync(CancellationToken ct) =>
        await RootKeyStore.LoadAsync(Store, ct) ?? throw new SealException("the store is not initialised");

    private async ValueTask PublishAsync(Barrier.Barrier barrier, CancellationToken ct)
    {
        var kernel = await OpenAsync(barrier, ct);
        UnsealedAt = Clock.GetUtcNow();
        Volatile.Write(ref _current, kernel);
    }

    /// <summary>Builds the kernel; if that fails, the keys are zeroed.</summary>
    private async ValueTask<Unsealed> OpenAsync(Barrier.Barrier barrier, CancellationToken ct)
    {
        try
        {
            return await Unsealed.OpenAsync(this, barrier, ct);
        }
        catch
        {
            barrier.Dispose();
            throw;
        }
    }
}

/// <summary>What the host builds a node from.</summary>
/// <param name="Store">Where the ciphertext lies; the node closes it.</param>
/// <param name="Seal">A seal that opens by itself, or null for Shamir shares.</param>
/// <param name="Engines">The kinds of engine.</param>
/// <param name="Sinks">Makes the audit sinks, by type; asked with the configuration as it is then.</param>
/// <param name="Clock">The clock.</param>
/// <param name="Log">Where events go.</param>
/// <param name="Version">The program's version, as clients see it.</param>
public sealed record NodeParts(IStore Store, ISeal? Seal, IReadOnlyList<EngineKind> Engines,
    Func<Settings, IReadOnlyDictionary<string, AuditSinkMaker>> Sinks, TimeProvider Clock, NodeLog Log, string Version)
{
    /// <summary>The seal that is to be replaced (its stanza has <c>disabled = "true"</c>); null when there is
    /// none.</summary>
    public ISeal? OldSeal { get; init; }
}
