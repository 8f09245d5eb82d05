using System.Buffers;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json.Serialization;

namespace Kist.Secrets;

/// <summary>
/// A run of secret bytes in a pooled array that is zeroed when the buffer is disposed.
/// It never prints itself, has no implicit conversion to a string, and refuses to be read after disposal.
/// </summary>
[JsonConverter(typeof(RedactedJson<SecretBuffer>))]
[DebuggerDisplay("[REDACTED]")]
public sealed class SecretBuffer : IDisposable
{
    private byte[]? _array;

    private SecretBuffer(byte[] array, int length)
    {
        _array = array;
        Length = length;
    }

    /// <summary>The number of secret bytes.</summary>
    public int Length { get; private set; }

    /// <summary>The secret bytes; valid until <see cref="Dispose"/>.</summary>
    public Span<byte> Span => Array.AsSpan(0, Length);

    /// <summary>The secret bytes as memory; valid until <see cref="Dispose"/>.</summary>
    public ReadOnlyMemory<byte> Memory => Array.AsMemory(0, Length);

    private byte[] Array => _array ?? throw new ObjectDisposedException(nameof(SecretBuffer));

    /// <summary>Rents a buffer of <paramref name="length"/> bytes, all zero.</summary>
    public static SecretBuffer Rent(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        var array = ArrayPool<byte>.Shared.Rent(Math.Max(length, 1));
        array.AsSpan(0, length).Clear();
        return new SecretBuffer(array, length);
    }

    /// <summary>Copies <paramref name="bytes"/> into a new buffer; the source stays the caller's to zero.</summary>
    public static SecretBuffer Copy(ReadOnlySpan<byte> bytes)
    {
        var buffer = Rent(bytes.Length);
        bytes.CopyTo(buffer.Span);
        return buffer;
    }

    /// <summary>Cuts the buffer to its first <paramref name="length"/> bytes and zeroes the rest.</summary>
    public void Truncate(int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length);
        CryptographicOperations.ZeroMemory(Array.AsSpan(length, Length - length));
        Length = length;
    }

    /// <summary>Equality in time that depends on the lengths only.</summary>
    public bool FixedTimeEquals(ReadOnlySpan<byte> other) => CryptographicOperations.FixedTimeEquals(Span, other);

    /// <inheritdoc/>
    public override string ToString() => "[REDACTED]";

    /// <summary>Zeroes the bytes and gives the array back. Safe to call twice.</summary>
    public void Dispose()
    {
        var array = Interlocked.Exchange(ref _array, null);
        if (array is null) return;
        CryptographicOperations.ZeroMemory(array.AsSpan(0, Length));
        ArrayPool<byte>.Shared.Return(array);
    }
}
