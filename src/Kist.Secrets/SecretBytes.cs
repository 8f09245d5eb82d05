using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;

namespace Kist.Secrets;

/// <summary>
/// A secret value for an application: bytes outside the managed heap, locked into memory where the system permits it,
/// left out of core dumps, zeroed on disposal. It prints as <c>[REDACTED]</c> in logs, interpolation, JSON and the
/// debugger. Safe for several threads; disposal waits for readers.
/// </summary>
[JsonConverter(typeof(RedactedJson<SecretBytes>))]
[DebuggerDisplay("[REDACTED]")]
[DebuggerTypeProxy(typeof(RedactedView))]
public sealed class SecretBytes : IDisposable, IEquatable<SecretBytes>
{
    private readonly Lock _gate = new();
    private LockedSlot? _slot;
    private LockedMemory? _pages;
    private bool _isDisposed;

    private SecretBytes(int length)
    {
        Length = length;
        if (length > LockedSlot.Largest) return;
        _slot = LockedSlot.Rent(length);
        IsLocked = _slot.IsLocked;
    }

    /// <summary>Zeroed even when the owner forgot to dispose.</summary>
    ~SecretBytes() => Release();

    /// <summary>The number of secret bytes.</summary>
    public int Length { get; }

    /// <summary>False when the system refused to lock the pages: they may then reach the swap space.</summary>
    public bool IsLocked { get; private init; }

    /// <summary>Copies <paramref name="secret"/>; the source stays the caller's to zero.</summary>
    public static SecretBytes Copy(ReadOnlySpan<byte> secret)
    {
        if (secret.Length > LockedSlot.Largest)
        {
            var pages = LockedMemory.Copy(secret);
            return new SecretBytes(secret.Length) { _pages = pages, IsLocked = pages.IsLocked };
        }
        var bytes = new SecretBytes(secret.Length);
        secret.CopyTo(bytes._slot!.Bytes);
        return bytes;
    }

    /// <summary>Copies text as UTF-8; the source stays the caller's.</summary>
    public static SecretBytes FromText(ReadOnlySpan<char> text)
    {
        using var utf8 = SecretBuffer.Rent(Encoding.UTF8.GetByteCount(text));
        Encoding.UTF8.GetBytes(text, utf8.Span);
        return Copy(utf8.Span);
    }

    /// <summary>
    /// Calls <paramref name="reader"/> with the secret bytes, which must not leave the call. Throws
    /// <see cref="ObjectDisposedException"/> after disposal.
    /// </summary>
    public TResult Use<TState, TResult>(TState state, SecretReader<TState, TResult> reader)
        where TState : allows ref struct
    {
        ArgumentNullException.ThrowIfNull(reader);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            return _pages is { } pages ? pages.Use(state, reader) : reader(_slot!.Bytes[..Length], state);
        }
    }

    /// <summary>Copies the secret bytes into <paramref name="target"/>, which the caller zeroes.</summary>
    public void CopyTo(Span<byte> target) =>
        Use(target, static (secret, target) => { secret.CopyTo(target); return true; });

    /// <summary>
    /// The secret as text (UTF-8). A <c>string</c> cannot be zeroed and lives until the collector takes it: for
    /// libraries that take nothing else.
    /// </summary>
    public string RevealText() => Use(0, static (secret, _) => Encoding.UTF8.GetString(secret));

    /// <summary>The secret as a new array, which the caller zeroes.</summary>
    public byte[] RevealBytes() => Use(0, static (secret, _) => secret.ToArray());

    /// <summary>Equality in time that depends on the lengths only.</summary>
    public bool FixedTimeEquals(ReadOnlySpan<byte> other) =>
        Use(other, static (secret, other) => CryptographicOperations.FixedTimeEquals(secret, other));

    /// <summary>Equality in time that depends on the lengths only.</summary>
    public bool FixedTimeEquals(SecretBytes other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (ReferenceEquals(this, other)) return true;
        // A copy, so that no two gates are held at once: a.Equals(b) beside b.Equals(a) would wait for ever.
        using var copy = SecretBuffer.Rent(other.Length);
        other.CopyTo(copy.Span);
        return FixedTimeEquals(copy.Span);
    }

    /// <inheritdoc/>
    public bool Equals(SecretBytes? other) => other is not null && FixedTimeEquals(other);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as SecretBytes);

    /// <summary>The same for all of one length: a hash of the bytes would tell something of them.</summary>
    public override int GetHashCode() => Length;

    /// <inheritdoc/>
    public override string ToString() => RedactedView.Mask;

    /// <summary>Zeroes the bytes. Safe to call twice.</summary>
    public void Dispose()
    {
        lock (_gate) Release();
        GC.SuppressFinalize(this);
    }

    private void Release()
    {
        _isDisposed = true;
        _slot?.Return();
        _slot = null;
        _pages?.Dispose();
        _pages = null;
    }
}
