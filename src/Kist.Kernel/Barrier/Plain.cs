using System.Buffers;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json.Serialization;
using Kist.Secrets;

namespace Kist.Kernel.Barrier;

/// <summary>
/// One decrypted entry in a pooled array that is zeroed when the entry is disposed.
/// <see cref="Revision"/> is the store's revision of the entry.
/// </summary>
[JsonConverter(typeof(RedactedJson<Plain>))]
[DebuggerDisplay("[REDACTED]")]
public sealed class Plain : IDisposable
{
    private readonly int _length;
    private byte[]? _array;

    internal Plain(int length, long revision)
    {
        _array = ArrayPool<byte>.Shared.Rent(Math.Max(length, 1));
        _length = length;
        Revision = revision;
    }

    /// <summary>The decrypted bytes; valid until <see cref="Dispose"/>.</summary>
    public ReadOnlySpan<byte> Span => Writable;

    /// <summary>The decrypted bytes; valid until <see cref="Dispose"/>.</summary>
    public ReadOnlyMemory<byte> Memory => Array.AsMemory(0, _length);

    /// <summary>The store's revision of the entry; 0 for a value that the same transaction wrote before reading it.
    /// </summary>
    public long Revision { get; }

    internal Span<byte> Writable => Array.AsSpan(0, _length);

    private byte[] Array => _array ?? throw new ObjectDisposedException(nameof(Plain));

    /// <inheritdoc/>
    public override string ToString() => "[REDACTED]";

    /// <summary>Zeroes the bytes and gives the array back. Safe to call twice.</summary>
    public void Dispose()
    {
        var array = Interlocked.Exchange(ref _array, null);
        if (array is null) return;
        CryptographicOperations.ZeroMemory(array.AsSpan(0, _length));
        ArrayPool<byte>.Shared.Return(array);
    }
}
