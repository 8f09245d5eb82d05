using System.Security.Cryptography;
using Kist.Secrets;

namespace Kist.Kernel.Seals;

/// <summary>
/// Key shares that come in one by one, from several people: for unseal, rekey and the generation of a root token.
/// Not for two threads at once. Disposing or resetting it zeroes what was given.
/// </summary>
public sealed class ShareCollection : IDisposable
{
    private readonly List<SecretBuffer> _shares = [];

    /// <summary>A collection for a key of which <paramref name="threshold"/> shares are needed.</summary>
    public ShareCollection(int threshold)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threshold, 1);
        Threshold = threshold;
        Nonce = NewNonce();
    }

    /// <summary>Names this attempt, so that a share-holder can tell that it is the one they agreed to. Lower-case UUID.
    /// </summary>
    public string Nonce { get; private set; }

    /// <summary>How many shares are needed.</summary>
    public int Threshold { get; }

    /// <summary>How many different shares were given.</summary>
    public int Progress => _shares.Count;

    /// <summary>Whether the shares are enough.</summary>
    public bool IsComplete => _shares.Count >= Threshold;

    /// <summary>What was given; stays the collection's.</summary>
    public IReadOnlyList<SecretBuffer> Shares => _shares;

    /// <summary>Adds a share (copied). Returns false, and changes nothing, when the same share is there already.
    /// </summary>
    public bool Add(ReadOnlySpan<byte> share)
    {
        foreach (var there in _shares)
            if (there.FixedTimeEquals(share)) return false;
        _shares.Add(SecretBuffer.Copy(share));
        return true;
    }

    /// <summary>Forgets every share and begins a new attempt with a new nonce.</summary>
    public void Reset()
    {
        Forget();
        Nonce = NewNonce();
    }

    /// <summary>Zeroes every share.</summary>
    public void Dispose() => Forget();

    /// <summary>Zeroes every share; the attempt goes on under its nonce.</summary>
    public void Forget()
    {
        foreach (var share in _shares) share.Dispose();
        _shares.Clear();
    }

    private static string NewNonce() => new Guid(RandomNumberGenerator.GetBytes(16)).ToString();
}
