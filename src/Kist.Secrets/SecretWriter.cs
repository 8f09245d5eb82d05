using System.Buffers;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json.Serialization;

namespace Kist.Secrets;

/// <summary>
/// A growing byte buffer for text that may hold secrets (a JSON answer, an encoded record).
/// Pooled; what it leaves behind when it grows or is disposed is zeroed.
/// </summary>
[JsonConverter(typeof(RedactedJson<SecretWriter>))]
[DebuggerDisplay("[REDACTED] {WrittenCount} bytes")]
public sealed class SecretWriter : IBufferWriter<byte>, IDisposable
{
    private byte[]? _array;

    /// <summary>An empty writer with room for <paramref name="capacity"/> bytes.</summary>
    public SecretWriter(int capacity = 512) => _array = ArrayPool<byte>.Shared.Rent(capacity);

    /// <summary>How many bytes have been written.</summary>
    public int WrittenCount { get; private set; }

    /// <summary>The bytes written so far; valid until the next write or <see cref="Dispose"/>.</summary>
    public ReadOnlySpan<byte> WrittenSpan => Array.AsSpan(0, WrittenCount);

    /// <summary>The bytes written so far; valid until the next write or <see cref="Dispose"/>.</summary>
    public ReadOnlyMemory<byte> WrittenMemory => Array.AsMemory(0, WrittenCount);

    private byte[] Array => _array ?? throw new ObjectDisposedException(nameof(SecretWriter));

    /// <summary>Appends <paramref name="bytes"/>.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(GetSpan(bytes.Length));
        WrittenCount += bytes.Length;
    }

    /// <inheritdoc/>
    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Array.Length - WrittenCount);
        WrittenCount += count;
    }

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return Array.AsMemory(WrittenCount);
    }

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return Array.AsSpan(WrittenCount);
    }

    /// <summary>Zeroes what was written and starts again at the beginning.</summary>
    public void Clear()
    {
        CryptographicOperations.ZeroMemory(Array.AsSpan(0, WrittenCount));
        WrittenCount = 0;
    }

    /// <inheritdoc/>
    public override string ToString() => "[REDACTED]";

    /// <summary>Zeroes the bytes and gives the array back. Safe to call twice.</summary>
    public void Dispose()
    {
        var array = Interlocked.Exchange(ref _array, null);
        if (array is null) return;
        CryptographicOperations.ZeroMemory(array.AsSpan(0, WrittenCount));
        WrittenCount = 0;
        ArrayPool<byte>.Shared.Return(array);
    }

    private void Reserve(int sizeHint)
    {
        var array = Array;
        var need = Math.Max(sizeHint, 1);
        if (array.Length - WrittenCount >= need) return;
        var grown = ArrayPool<byte>.Shared.Rent(Math.Max(array.Length * 2, WrittenCount + need));
        array.AsSpan(0, WrittenCount).CopyTo(grown);
        CryptographicOperations.ZeroMemory(array.AsSpan(0, WrittenCount));
        ArrayPool<byte>.Shared.Return(array);
        _array = grown;
    }
}
