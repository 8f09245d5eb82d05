using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Kist.Kernel.Crypto;
using Kist.Secrets;

namespace Kist.Kernel.Audit;

/// <summary>
/// One sink's key for the hashes that stand in its lines in place of values. It is random, lies in the barrier, and
/// never reaches the log, so a value with little entropy cannot be guessed from a line alone.
/// </summary>
internal sealed class AuditKey
{
    /// <summary>The length of the key in bytes.</summary>
    public const int Bytes = 32;

    private const int TextBytes = 76;

    // Making a keyed context costs three times as much as using one, so they are kept: one for each of a few threads.
    private readonly HmacSha256?[] _contexts = new HmacSha256?[16];
    private readonly byte[] _key;
    private readonly byte[] _ofNothing;

    public AuditKey(ReadOnlySpan<byte> key)
    {
        _key = key.ToArray();
        _ofNothing = new byte[TextBytes];
        Compute([], _ofNothing);
    }

    /// <summary>Writes <c>hmac-sha256:…</c> of <paramref name="value"/>, without quotes.</summary>
    public void Write(LineBuffer to, ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty)
        {
            to.Raw(_ofNothing); // empty strings are frequent (KV's deletion_time)
            return;
        }
        Compute(value, to.Room(TextBytes));
        to.Advance(TextBytes);
    }

    /// <summary>Writes <c>hmac-sha256:…</c> of the text's UTF-8, without quotes.</summary>
    public void Write(LineBuffer to, string value)
    {
        var size = Encoding.UTF8.GetMaxByteCount(value.Length);
        byte[]? rented = null;
        var utf8 = size <= 512 ? stackalloc byte[512] : rented = ArrayPool<byte>.Shared.Rent(size);
        try
        {
            utf8 = utf8[..Encoding.UTF8.GetBytes(value, utf8)];
            Write(to, utf8);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(utf8);
            if (rented is not null) ArrayPool<byte>.Shared.Return(rented);
        }
    }

    private void Compute(ReadOnlySpan<byte> value, Span<byte> to)
    {
        Span<byte> hash = stackalloc byte[HmacSha256.Bytes];
        ref var slot = ref _contexts[Environment.CurrentManagedThreadId % _contexts.Length];
        var context = Interlocked.Exchange(ref slot, null) ?? new HmacSha256(_key);
        context.Hash(value, hash);
        // Another thread of the same slot may have put its own there meanwhile.
        if (Interlocked.CompareExchange(ref slot, context, null) is not null) context.Dispose();
        "hmac-sha256:"u8.CopyTo(to);
        HexText.Write(hash, to[12..]);
    }
}
