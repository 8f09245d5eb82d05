using Kist.Kernel.Seals;
using Kist.Secrets;

namespace Kist.Kernel.Node;

/// <summary>A rekey under way: the old shares given so far and, once they were enough and verification is asked for,
/// the new key and the new shares given back. Disposing zeroes all of it.</summary>
internal sealed class RekeyAttempt(KeySplit split, bool verifies, int threshold) : IDisposable
{
    public KeySplit Split { get; } = split;

    public bool Verifies { get; } = verifies;

    public ShareCollection Given { get; } = new(threshold);

    /// <summary>The new key, handed out and not yet in force.</summary>
    public ShamirSeal? Made { get; private set; }

    public ShareCollection? Returned { get; private set; }

    /// <summary>Takes over the new key and waits for its shares to come back.</summary>
    public void Expect(ShamirSeal made)
    {
        Made = made;
        Returned = new ShareCollection(Split.Threshold);
    }

    public void Dispose()
    {
        Given.Dispose();
        Made?.Dispose();
        Returned?.Dispose();
    }
}

/// <summary>What anyone may know of a rekey.</summary>
/// <param name="Nonce">Names the attempt; empty when there is none.</param>
/// <param name="IsStarted">Whether there is one.</param>
/// <param name="Split">How the new keys are handed out.</param>
/// <param name="Progress">How many old shares were given.</param>
/// <param name="Required">How many old shares are needed.</param>
/// <param name="Verifies">Whether the new shares must come back before they count.</param>
/// <param name="VerificationNonce">Names the verification; null before it begins.</param>
/// <param name="Verified">How many new shares came back.</param>
public sealed record RekeyStatus(string Nonce, bool IsStarted, KeySplit Split, int Progress, int Required,
    bool Verifies, string? VerificationNonce, int Verified);

/// <summary>How a rekey stands after a share. Disposing zeroes the new shares.</summary>
/// <param name="Status">The attempt, as it was before its end when the share ended it.</param>
public sealed record RekeyProgress(RekeyStatus Status) : IDisposable
{
    /// <summary>Whether the step is done: the new shares are here, or the verification is over.</summary>
    public bool IsComplete { get; init; }

    /// <summary>The new shares; empty when nobody gets one.</summary>
    public IReadOnlyList<SecretBuffer> Shares { get; init; } = [];

    /// <summary>Names the verification that now begins; null when there is none.</summary>
    public string? VerificationNonce { get; init; }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var share in Shares) share.Dispose();
    }

    /// <inheritdoc/>
    public override string ToString() => "[REDACTED]";
}
