using Kist.Kernel.Seals;

namespace Kist.Kernel.Node;

/// <summary>What anyone may know of a node's seal (<c>sys/seal-status</c>).</summary>
/// <param name="Type">The seal's type: the stored one, or the configured one while the store is not
/// initialised.</param>
/// <param name="IsInitialized">Whether the store has a root key.</param>
/// <param name="Split">How the keys were handed out: unseal keys, or recovery keys.</param>
/// <param name="IsRecovery">Whether the seal opens by itself and people hold recovery keys.</param>
/// <param name="IsMigrating">Whether the configuration asks for another seal than the stored one.</param>
/// <param name="Progress">The unseal under way.</param>
/// <param name="Kernel">The unsealed kernel, or null.</param>
public sealed record SealStatus(string Type, bool IsInitialized, KeySplit Split, bool IsRecovery, bool IsMigrating,
    UnsealProgress Progress, Unsealed? Kernel);
