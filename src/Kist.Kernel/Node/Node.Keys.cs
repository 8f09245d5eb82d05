using System.Security.Cryptography;
using Kist.Kernel.Barrier;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Seals;
using Kist.Secrets;

namespace Kist.Kernel.Node;

/// <summary>The root key's part of the node's life: initialisation by API, seal status, seal migration.</summary>
public sealed partial class Node
{
    private volatile bool _isInitialized;

    /// <summary>The unseal under way.</summary>
    public Unsealing Unsealing { get; }

    /// <summary>Whether the store has a root key. Asks the store only until it has one.</summary>
    public async ValueTask<bool> IsInitializedAsync(CancellationToken ct)
    {
        if (_isInitialized || Current is not null) return true;
        return _isInitialized = await StoredRootKeyAsync(ct) is not null;
    }

    /// <summary>The state of the seal.</summary>
    public async ValueTask<SealStatus> StatusAsync(CancellationToken ct)
    {
        if (await KeyHolders.LoadAsync(Store, ct) is not { } holders)
            return new SealStatus(Parts.Seal?.Type ?? ShamirSeal.TypeName, false, default, Parts.Seal is not null,
                false, UnsealProgress.None, null);
        return new SealStatus(holders.Root.Config.Type, true, holders.Split, holders.IsRecovery,
            Current is null && IsMigrating(holders.Root.Config), Unsealing.Progress, Current);
    }

    /// <summary>
    /// Initialises the store with the configured seal. With Shamir the node stays sealed, and
    /// <paramref name="split"/> says how the unseal key is handed out; a seal that opens by itself is unsealed at
    /// once, and the split is of a recovery key. The caller hands the keys out and disposes them; they are kept
    /// nowhere.
    /// </summary>
    public ValueTask<(InitialKeys? Keys, Fault? Fault)> InitializeAsync(KeySplit split, CancellationToken ct) =>
        InitializeAsync(split, null, ct);

    /// <summary>
    /// As above, with a root token that the caller has chosen and kept already, so that a crash cannot lose it.
    /// </summary>
    public async ValueTask<(InitialKeys? Keys, Fault? Fault)> InitializeAsync(
        KeySplit split, string? rootToken, CancellationToken ct)
    {
        var kind = Parts.Seal is null ? "seal" : "recovery";
        if (split.Refusal is { } refusal) return (null, Fault.Invalid($"invalid {kind} configuration: {refusal}"));
        if (await IsInitializedAsync(ct)) return (null, AlreadyInitialized);
        using var held = ShamirSeal.Create();
        var shares = held.Split(split.Shares, split.Threshold);
        try
        {
            var recovery = Parts.Seal is { } automatic
                ? await RecoveryKeyStore.MakeAsync(automatic, held, split, ct)
                : null;
            var config = Parts.Seal is null
                ? new SealConfig(held.Type, split.Shares, split.Threshold, SealConfig.NewNonce())
                : new SealConfig(Parts.Seal.Type, 0, 0, SealConfig.NewNonce());
            // Whoever asked may go away meanwhile: the store is initialised either way, or not at all.
            var token = await InitializeAsync(Parts.Seal ?? held, config, recovery, rootToken, CancellationToken.None);
            if (Parts.Seal is not null) await UnsealAsync(Parts.Seal, CancellationToken.None);
            var keys = new InitialKeys(shares, recovery is not null, token);
            shares = [];
            return (keys, null);
        }
        catch (BarrierException)
        {
            // Another node was faster, or the store does not work.
            if (!await IsInitializedAsync(CancellationToken.None)) throw;
            return (null, AlreadyInitialized);
        }
        finally
        {
            foreach (var share in shares) share.Dispose();
        }
    }

    /// <summary>
    /// Replaces <paramref name="oldSeal"/>, which wraps the stored root key, by <paramref name="newSeal"/>: a new
    /// root key, in one batch with the keyring and, for a seal that opens by itself, the check of the recovery key.
    /// <paramref name="held"/> is the key that people hold shares of, before and after: recovery keys become unseal
    /// keys and the other way round. Null: nobody holds any. The node must be sealed and is unsealed afterwards.
    /// </summary>
    public async ValueTask MigrateSealAsync(
        ISeal oldSeal, ISeal newSeal, ShamirSeal? held, KeySplit split, CancellationToken ct)
    {
        await _changing.WaitAsync(ct);
        try
        {
            if (Current is not null) throw new SealException("seal the node first: its root key is in use");
            var stored = await StoredOrThrowAsync(ct);
            using var rootKey = await oldSeal.UnwrapAsync(stored.Wrapped, ct);
            var barrier = await Barrier.Barrier.OpenAsync(Store, rootKey, Clock, ct);
            try
            {
                await RewrapAsync(barrier, newSeal, held, split, ct);
                await PublishAsync(barrier, ct);
            }
            catch
            {
                barrier.Dispose();
                throw;
            }
            Log.SealMigrated(stored.Config.Type, newSeal.Type);
        }
        finally
        {
            _changing.Release();
        }
    }

    internal ValueTask MigrateSealAsync(KeyHolders holders, ShamirSeal held, CancellationToken ct) => MigrateSealAsync(
        holders.IsRecovery ? SealOf(holders.Root.Config.Type) : held, Parts.Seal ?? held, held, holders.Split, ct);

    /// <summary>Whether the configuration names another seal than the one that wraps the root key.</summary>
    internal bool IsMigrating(SealConfig stored) => stored.Type != (Parts.Seal?.Type ?? ShamirSeal.TypeName);

    /// <summary>The configured seal of a type, be it the present or the former one.</summary>
    internal ISeal SealOf(string type)
    {
        if (Parts.Seal?.Type == type) return Parts.Seal;
        if (Parts.OldSeal?.Type == type) return Parts.OldSeal;
        throw new SealException(
            $"the root key is wrapped by the seal \"{type}\", which the configuration does not have; "
            + "keep its stanza, with disabled = \"true\", until the migration is done");
    }

    private static Fault AlreadyInitialized { get; } = Fault.Invalid("Vault is already initialized");

    private async ValueTask RewrapAsync(
        Barrier.Barrier barrier, ISeal seal, ShamirSeal? held, KeySplit split, CancellationToken ct)
    {
        var isShamir = seal.Type == ShamirSeal.TypeName;
        var config = isShamir
            ? new SealConfig(seal.Type, split.Shares, split.Threshold, SealConfig.NewNonce())
            : new SealConfig(seal.Type, 0, 0, SealConfig.NewNonce());
        var recovery = isShamir || held is null ? null : await RecoveryKeyStore.MakeAsync(seal, held, split, ct);
        using var rootKey = SecretBuffer.Rent(KeyWrap.KeyBytes);
        RandomNumberGenerator.Fill(rootKey.Span);
        var wrapped = await seal.WrapAsync(rootKey.Memory, ct);
        await barrier.RekeyAsync(rootKey, batch =>
        {
            RootKeyStore.Put(batch, config, wrapped);
            if (recovery is null) RecoveryKeyStore.Delete(batch);
            else RecoveryKeyStore.Put(batch, recovery);
        }, ct);
    }
}

/// <summary>What initialisation hands out, once. Disposing zeroes the shares.</summary>
/// <param name="Shares">The shares: of the unseal key, or of the recovery key.</param>
/// <param name="AreRecovery">Which of the two.</param>
/// <param name="RootToken">The first token.</param>
public sealed record InitialKeys(IReadOnlyList<SecretBuffer> Shares, bool AreRecovery, string RootToken) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var share in Shares) share.Dispose();
    }

    /// <inheritdoc/>
    public override string ToString() => "[REDACTED]";
}
