using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json.Serialization;

namespace Kist.Secrets;

/// <summary>Reads secret bytes in place; the span must not leave the call.</summary>
public delegate TResult SecretReader<in TState, out TResult>(ReadOnlySpan<byte> secret, TState state)
    where TState : allows ref struct;

/// <summary>
/// Long-lived key bytes in whole pages outside the managed heap: the garbage collector never copies them, they are
/// locked into memory where the system permits it, left out of core dumps, and zeroed on disposal.
/// The bytes are lent for the time of one call only, so that no reader can see pages that have been given back.
/// </summary>
[JsonConverter(typeof(RedactedJson<LockedMemory>))]
[DebuggerDisplay("[REDACTED]")]
public sealed unsafe class LockedMemory : IDisposable
{
    private readonly Lock _gate = new();
    private readonly nuint _bytes;
    private byte* _pages;

    private LockedMemory(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        var page = (nuint)Environment.SystemPageSize;
        Length = length;
        _bytes = ((nuint)length + page - 1) / page * page;
        _pages = (byte*)NativeMemory.AlignedAlloc(_bytes, page);
        NativeMemory.Clear(_pages, _bytes);
        IsLocked = MemoryPages.TryLock(_pages, _bytes);
        MemoryPages.LeaveOutOfDumps(_pages, _bytes);
    }

    /// <summary>The pages are given back even when the owner forgot to dispose.</summary>
    ~LockedMemory() => Release(null);

    /// <summary>The number of secret bytes.</summary>
    public int Length { get; }

    /// <summary>False when the system refused to lock the pages (no right, or the limit on locked memory): they may
    /// then reach the swap space. Everything else holds.</summary>
    public bool IsLocked { get; }

    /// <summary>Copies <paramref name="secret"/> into locked pages; the source stays the caller's to zero.</summary>
    public static LockedMemory Copy(ReadOnlySpan<byte> secret)
    {
        var memory = new LockedMemory(secret.Length);
        secret.CopyTo(new Span<byte>(memory._pages, secret.Length));
        return memory;
    }

    /// <summary>Fills locked pages with <paramref name="length"/> bytes from the system's generator.</summary>
    public static LockedMemory Random(int length)
    {
        var memory = new LockedMemory(length);
        RandomNumberGenerator.Fill(new Span<byte>(memory._pages, length));
        return memory;
    }

    /// <summary>
    /// Calls <paramref name="reader"/> with the secret bytes. Disposal waits for the call to end.
    /// Throws <see cref="ObjectDisposedException"/> after disposal.
    /// </summary>
    public TResult Use<TState, TResult>(TState state, SecretReader<TState, TResult> reader)
        where TState : allows ref struct
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_pages is null, this);
            return reader(new ReadOnlySpan<byte>(_pages, Length), state);
        }
    }

    /// <summary>Copies the secret bytes into <paramref name="target"/>, which the caller zeroes.</summary>
    public void CopyTo(Span<byte> target) =>
        Use(target, static (secret, target) => { secret.CopyTo(target); return true; });

    /// <inheritdoc/>
    public override string ToString() => "[REDACTED]";

    /// <summary>Zeroes the bytes and gives the pages back. Safe to call twice.</summary>
    public void Dispose() => Dispose(null);

    /// <summary>As above; a test looks at the pages in <paramref name="whenZeroed"/>, before they are given back.
    /// </summary>
    internal void Dispose(Action? whenZeroed)
    {
        lock (_gate) Release(whenZeroed);
        GC.SuppressFinalize(this);
    }

    private void Release(Action? whenZeroed)
    {
        if (_pages is null) return;
        CryptographicOperations.ZeroMemory(new Span<byte>(_pages, Length));
        whenZeroed?.Invoke();
        MemoryPages.AdmitToDumps(_pages, _bytes);
        if (IsLocked) MemoryPages.Unlock(_pages, _bytes);
        NativeMemory.AlignedFree(_pages);
        _pages = null;
    }
}
