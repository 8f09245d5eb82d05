using System.Runtime.InteropServices;
using System.Security.Cryptography;

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
        if (ReferenceEquals(_store, store) && _token is { } known && CryptographicOperations.FixedTimeEquals(
            MemoryMarshal.AsBytes(known.AsSpan()), MemoryMarshal.AsBytes(token.AsSpan()))) return _hash;
        (_store, _token, _hash) = (store, token, store.HashOf(token));
        return _hash;
    }
}
