using Kist.Secrets;

namespace Kist.Kernel.Seals;

/// <summary>
/// Guards the root key while the node is sealed. An automatic seal (key file, HSM, another server's transit) can give
/// the root key back without a person; Shamir needs shares.
/// </summary>
public interface ISeal
{
    /// <summary>The name in the configuration and in <c>sys/seal-status</c>: <c>shamir</c>, <c>keyfile</c>, …</summary>
    string Type { get; }

    /// <summary>Encrypts the root key for storage beside the data.</summary>
    ValueTask<byte[]> WrapAsync(ReadOnlyMemory<byte> rootKey, CancellationToken ct);

    /// <summary>
    /// Gives the root key back. Throws <see cref="SealException"/> when the key material is missing, wrong or out of
    /// reach; it must never create new key material over data that exists.
    /// </summary>
    ValueTask<SecretBuffer> UnwrapAsync(ReadOnlyMemory<byte> wrapped, CancellationToken ct);
}

/// <summary>The seal cannot wrap or unwrap. The message says why and what to do, and holds no key material.</summary>
public sealed class SealException(string message, Exception? inner = null) : Exception(message, inner);
