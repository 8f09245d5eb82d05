namespace Kist.Kernel.Barrier;

/// <summary>The barrier cannot be opened or changed: wrong root key, damaged keyring, store not initialised.
/// The message says which and holds no key material.</summary>
public sealed class BarrierException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The barrier was closed: the node is sealed.</summary>
public sealed class SealedException() : Exception("the barrier is sealed");

/// <summary>A stored entry is not what this barrier wrote under this key: damaged, moved, or written with another key.
/// The message names the key only.</summary>
public sealed class CorruptEntryException(string key, Exception? inner = null)
    : Exception($"the stored entry '{key}' is damaged or does not belong here", inner)
{
    /// <summary>The whole store key of the entry.</summary>
    public string Key { get; } = key;
}

/// <summary>A transaction lost against others too often, or a condition it was given does not hold.</summary>
public sealed class ConflictException(string message) : Exception(message);

/// <summary>A stored entry was opened, and what is in it is not of the form that its owner writes. The message names
/// the part, never a value.</summary>
public sealed class MalformedRecordException(string part) : Exception($"a stored record is malformed: {part}");

/// <summary>Another node has taken over the work that this batch belonged to; nothing was written.</summary>
public sealed class TermLostException() : Exception("another node has taken over this work");
