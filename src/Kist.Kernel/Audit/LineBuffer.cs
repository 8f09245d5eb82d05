using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using Kist.Secrets;

namespace Kist.Kernel.Audit;

/// <summary>
/// A growing UTF-8 buffer for audit lines. With <c>log_raw</c> it holds secrets, so what it leaves behind is zeroed.
/// Not for use from two threads.
/// </summary>
[DebuggerDisplay("[REDACTED] {Length} bytes")]
internal sealed class LineBuffer(int capacity) : IDisposable
{
    private static readonly JavaScriptEncoder Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;

    private byte[] _array = ArrayPool<byte>.Shared.Rent(capacity);

    public int Length { get; private set; }

    public int Capacity => _array.Length;

    public ReadOnlySpan<byte> Written => _array.AsSpan(0, Length);

    public ReadOnlyMemory<byte> WrittenMemory => _array.AsMemory(0, Length);

    /// <summary>Cuts what was written to its first <paramref name="length"/> bytes.</summary>
    public void Truncate(int length) => Length = length;

    /// <summary>Starts again; an array that one huge entry made larger than <paramref name="maxKept"/> is given
    /// up.</summary>
    /// <param name="maxKept">Bytes.</param>
    /// <param name="zeroes">Whether every value stands in clear (<c>log_raw</c>). Others show hashes, and in clear only
    /// what an operator has named as no secret.</param>
    public void Reset(int maxKept, bool zeroes)
    {
        if (zeroes) CryptographicOperations.ZeroMemory(_array.AsSpan(0, Length));
        Length = 0;
        if (_array.Length <= maxKept) return;
        ArrayPool<byte>.Shared.Return(_array);
        _array = ArrayPool<byte>.Shared.Rent(65_536);
    }

    public void Raw(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Room(bytes.Length));
        Length += bytes.Length;
    }

    public void Raw(byte value)
    {
        Room(1)[0] = value;
        Length++;
    }

    /// <summary>Appends again what was written from <paramref name="start"/> on.</summary>
    public void Repeat(int start, int count)
    {
        Room(count);
        _array.AsSpan(start, count).CopyTo(_array.AsSpan(Length));
        Length += count;
    }

    /// <summary>Room for <paramref name="count"/> bytes behind what was written; <see cref="Advance"/> takes
    /// it.</summary>
    public Span<byte> Room(int count)
    {
        if (_array.Length - Length < count) Grow(count);
        return _array.AsSpan(Length);
    }

    public void Advance(int count) => Length += count;

    /// <summary>
    /// Turns the comma at <paramref name="start"/>, before an object's first field, into its brace; or opens an object
    /// that has no field yet.
    /// </summary>
    public void OpenObjectAt(int start)
    {
        if (start == Length) Raw((byte)'{');
        else _array[start] = (byte)'{';
    }

    /// <summary>A JSON string with its quotes.</summary>
    public void JsonString(string text)
    {
        Raw((byte)'"');
        var from = Encoding.UTF8.GetMaxByteCount(text.Length);
        var room = Room(from);
        var count = Encoding.UTF8.GetBytes(text, room);
        if (Encoder.FindFirstCharacterToEncodeUtf8(room[..count]) < 0) Length += count;
        else Escaped(Encoding.UTF8.GetBytes(text));
        Raw((byte)'"');
    }

    /// <summary>A JSON string with its quotes, from UTF-8 that is not escaped yet.</summary>
    public void JsonString(ReadOnlySpan<byte> utf8)
    {
        Raw((byte)'"');
        if (Encoder.FindFirstCharacterToEncodeUtf8(utf8) < 0) Raw(utf8);
        else Escaped(utf8);
        Raw((byte)'"');
    }

    public void Number(long value)
    {
        Utf8Formatter.TryFormat(value, Room(20), out var count);
        Length += count;
    }

    public void Id(Guid value)
    {
        HexText.Write(value, Room(HexText.IdBytes));
        Length += HexText.IdBytes;
    }

    /// <summary>RFC 3339 in UTC with as many digits of the second as are not zero, without quotes.</summary>
    public void Time(DateTimeOffset value) => Length += Pipeline.GoTime.Write(value, Room(Pipeline.GoTime.MaxLength));

    /// <summary>Zeroes and gives the array back.</summary>
    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_array);
        ArrayPool<byte>.Shared.Return(_array);
        _array = [];
        Length = 0;
    }

    private void Escaped(ReadOnlySpan<byte> utf8)
    {
        while (!utf8.IsEmpty)
        {
            var room = Room(Math.Min(utf8.Length * 6 + 16, 4096));
            var status = Encoder.EncodeUtf8(utf8, room, out var read, out var count);
            Length += count;
            utf8 = utf8[read..];
            if (status is OperationStatus.Done) return;
            if (read == 0 && count == 0) Grow(8192);
        }
    }

    private void Grow(int count)
    {
        var grown = ArrayPool<byte>.Shared.Rent(Math.Max(_array.Length * 2, Length + count));
        Written.CopyTo(grown);
        CryptographicOperations.ZeroMemory(_array.AsSpan(0, Length));
        if (_array.Length > 0) ArrayPool<byte>.Shared.Return(_array);
        _array = grown;
    }
}
