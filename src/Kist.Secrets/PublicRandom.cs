using System.Security.Cryptography;

namespace Kist.Secrets;

/// <summary>
/// Random bytes that are no secret: nonces, ids. From the system's generator, but drawn for many uses at once by each
/// thread, because a system call for each costs as much as encrypting a page. Keys and tokens must never come from
/// here: what is drawn ahead lies in ordinary memory.
/// </summary>
public static class PublicRandom
{
    private const int Pool = 1_024;

    [ThreadStatic]
    private static byte[]? t_pool;

    [ThreadStatic]
    private static int t_left;

    /// <summary>Fills <paramref name="bytes"/>. No byte is ever given out twice.</summary>
    public static void Fill(Span<byte> bytes)
    {
        if (bytes.Length > Pool / 4)
        {
            RandomNumberGenerator.Fill(bytes);
            return;
        }
        if (t_left < bytes.Length)
        {
            RandomNumberGenerator.Fill(t_pool ??= new byte[Pool]);
            t_left = Pool;
        }
        t_left -= bytes.Length;
        var drawn = t_pool.AsSpan(t_left, bytes.Length);
        drawn.CopyTo(bytes);
        drawn.Clear();
    }

    /// <summary>A random UUID (RFC 9562, version 4).</summary>
    public static Guid NewGuid()
    {
        Span<byte> bytes = stackalloc byte[16];
        Fill(bytes);
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x40);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true);
    }
}
