using System.Security.Cryptography;
using Kist.Secrets;

namespace Kist.Kernel.Seals;

/// <summary>
/// Wraps the root key with a random unseal key that is stored nowhere: it is handed out in shares and put together from
/// them in locked memory. With one share and a threshold of one the share is the unseal key itself, as in Vault.
/// </summary>
public sealed class ShamirSeal : ISeal, IDisposable
{
    /// <summary>The name in the configuration.</summary>
    public const string TypeName = "shamir";

    private readonly LockedMemory _unsealKey;

    private ShamirSeal(LockedMemory unsealKey) => _unsealKey = unsealKey;

    /// <inheritdoc/>
    public string Type => TypeName;

    /// <summary>A seal with a new unseal key: for initialisation and rekey.</summary>
    public static ShamirSeal Create() => new(LockedMemory.Random(KeyWrap.KeyBytes));

    /// <summary>
    /// The seal whose unseal key was handed out in <paramref name="shares"/>, of which at least
    /// <paramref name="threshold"/> are needed. Throws <see cref="SealException"/> when they are too few or do not fit
    /// together; shares of another set are noticed by <see cref="UnwrapAsync"/>.
    /// </summary>
    public static ShamirSeal FromShares(IReadOnlyList<SecretBuffer> shares, int threshold)
    {
        if (shares.Count < threshold)
            throw new SealException($"{threshold} key shares are needed, {shares.Count} were given");
        if (threshold == 1 && shares.Count == 1) return FromKey(shares[0].Span);
        if (Shamir.WhyNot(shares) is { } reason) throw new SealException(reason);
        using var key = Shamir.Combine(shares);
        return FromKey(key.Span);
    }

    /// <summary>The unseal key in shares, which the caller hands out and disposes. Throws
    /// <see cref="ArgumentException"/> for what <see cref="KeySplit.Refusal"/> refuses.</summary>
    public IReadOnlyList<SecretBuffer> Split(int shares, int threshold)
    {
        if (new KeySplit(shares, threshold).Refusal is { } refusal) throw new ArgumentException(refusal);
        return _unsealKey.Use((shares, threshold), static (key, n) =>
            n.shares == 1 ? [SecretBuffer.Copy(key)] : Shamir.Split(key, n.shares, n.threshold));
    }

    /// <inheritdoc/>
    public ValueTask<byte[]> WrapAsync(ReadOnlyMemory<byte> rootKey, CancellationToken ct) =>
        new(KeyWrap.Wrap(_unsealKey, TypeName, rootKey.Span));

    /// <inheritdoc/>
    public ValueTask<SecretBuffer> UnwrapAsync(ReadOnlyMemory<byte> wrapped, CancellationToken ct) =>
        new(KeyWrap.Unwrap(_unsealKey, TypeName, wrapped.Span) ?? throw new SealException(
            "the key shares do not open this store: one is wrong, or they are not of the same set"));

    /// <summary>Whether the shares make this seal's unseal key.</summary>
    public bool IsOf(IReadOnlyList<SecretBuffer> shares, int threshold)
    {
        try
        {
            using var other = FromShares(shares, threshold);
            return _unsealKey.Use(other._unsealKey, static (mine, theirs) => theirs.Use(mine,
                static (key, expected) => CryptographicOperations.FixedTimeEquals(key, expected)));
        }
        catch (SealException)
        {
            return false;
        }
    }

    /// <summary>Zeroes the unseal key.</summary>
    public void Dispose() => _unsealKey.Dispose();

    private static ShamirSeal FromKey(ReadOnlySpan<byte> key)
    {
        if (key.Length != KeyWrap.KeyBytes)
            throw new SealException($"an unseal key has {KeyWrap.KeyBytes} bytes, these shares make {key.Length}");
        return new ShamirSeal(LockedMemory.Copy(key));
    }
}
