using Kist.Kernel.Pipeline;
using Kist.Kernel.Seals;
using Kist.Kernel.Stores;
using Kist.Secrets;

namespace Kist.Kernel.Node;

/// <summary>
/// The people who hold shares, as the store knows them: of the unseal key with Shamir, of the recovery key with a
/// seal that opens by itself. Read anew for each step, because another node may have changed it.
/// </summary>
internal sealed record KeyHolders(StoredRootKey Root, StoredRecoveryKey? Recovery)
{
    private const int FewestBytes = 16, MostBytes = KeyWrap.KeyBytes + 1;

    /// <summary>What is said where shares are asked for and none were handed out.</summary>
    public static Fault Nobody { get; } =
        Fault.Invalid("nobody holds keys of this server: there is nobody who could authorise this");

    /// <summary>The people behind the store's keys; null when the store is not initialised.</summary>
    public static async ValueTask<KeyHolders?> LoadAsync(IStore store, CancellationToken ct)
    {
        if (await RootKeyStore.LoadAsync(store, ct) is not { } root) return null;
        return new KeyHolders(root, (await RecoveryKeyStore.LoadAsync(store, ct))?.Key);
    }

    /// <summary>Whether the seal opens by itself, so that shares are of the recovery key.</summary>
    public bool IsRecovery => Root.Config.Type != ShamirSeal.TypeName;

    /// <summary>How the key was handed out; zeros when nobody holds a share.</summary>
    public KeySplit Split => IsRecovery
        ? Recovery?.Split ?? default
        : new KeySplit(Root.Config.Shares, Root.Config.Threshold);

    /// <summary>Names this set of shares.</summary>
    public string Nonce => IsRecovery ? Recovery?.Nonce ?? "" : Root.Config.Nonce;

    /// <summary>What can be said of one share by itself.</summary>
    public Fault? RefusalOf(SecretBuffer share) => share.Length switch
    {
        _ when Split.Shares == 0 => Nobody,
        < FewestBytes => Fault.Invalid($"invalid key: key is shorter than minimum {FewestBytes} bytes"),
        > MostBytes => Fault.Invalid($"invalid key: key is longer than maximum {MostBytes} bytes"),
        _ when share.Length != Split.ShareBytes =>
            Fault.Invalid($"invalid key: the keys of this server have {Split.ShareBytes} bytes"),
        _ => null,
    };

    /// <summary>
    /// Puts the shares together and checks that they make the right key: the unseal key, or the recovery key. Shares
    /// that do not are a fault; a seal that cannot be asked is a <see cref="SealException"/>.
    /// </summary>
    public async ValueTask<(ShamirSeal? Held, Fault? Fault)> ProveAsync(
        IReadOnlyList<SecretBuffer> shares, Node node, CancellationToken ct)
    {
        var locked = Root.Wrapped;
        using var check = IsRecovery
            ? await RecoveryKeyStore.UnwrapAsync(Recovery!, node.SealOf(Root.Config.Type), ct)
            : null;
        if (check is not null) locked = check.Memory;
        ShamirSeal? held = null;
        try
        {
            held = ShamirSeal.FromShares(shares, Split.Threshold);
            using var opened = await held.UnwrapAsync(locked, ct);
            if (!IsRecovery || RecoveryKeyStore.IsKnownText(opened)) return (held, null);
        }
        catch (SealException e)
        {
            held?.Dispose();
            return (null, Fault.Invalid("invalid key: " + e.Message));
        }
        held.Dispose();
        return (null, Fault.Invalid("invalid key: the key shares are not of this server"));
    }
}
