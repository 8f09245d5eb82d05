using System.Runtime.InteropServices;

namespace Kist.Kernel.Tokens;

/// <summary>
/// The keyed hash of the token that a connection sent last, because a client that keeps its connection sends the same
/// one again and the hash is a tenth of a read's work. One for each connection; not for use from two threads.
/// </summary>
public sealed class TokenMemo
{
    private TokenStore? _store;
    private string? _token;
    private TokenHash _hash;

    /// <summary>The hash of <paramref name="token"/> with the key of <paramref name="store"/>.</summary>
    internal TokenHash HashOf(string token, TokenStore store)
    {
        // In fixed time: a proxy may send requests of many clients over one connection.
        if (ReferenceEquals(_store, store) && _token is { } known && IsSame(known, token)) return _hash;
        (_store, _token, _hash) = (store, token, store.HashOf(token));
        return _hash;
    }

    /// <summary>
    /// Takes as long wherever the two differ. CryptographicOperations.FixedTimeEquals does too, but byte by byte and
    /// never optimised, which for a token is a hundredth of a read.
    /// </summary>
    internal static bool IsSame(ReadOnlySpan<char> one, ReadOnlySpan<char> other)
    {
        if (one.Length != other.Length) return false;
        ulong difference = 0;
        var words = MemoryMarshal.Cast<char, ulong>(one);
        var otherWords = MemoryMarshal.Cast<char, ulong>(other);
        for (var i = 0; i < words.Length; i++) difference |= words[i] ^ otherWords[i];
        for (var i = words.Length * 4; i < one.Length; i++) difference |= (uint)(one[i] ^ other[i]);
        return difference == 0;
    }
}
