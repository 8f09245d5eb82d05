using System.Security.Cryptography;

namespace Kist.Kernel.Pipeline;

/// <summary>
/// Ids of requests: random UUIDs (RFC 9562, version 4). They name a request and guard nothing, so each thread draws the
/// randomness for many at once instead of asking the system each time.
/// </summary>
public static class RequestId
{
    private const int Batch = 64;

    [ThreadStatic]
    private static byte[]? t_random;

    [ThreadStatic]
    private static int t_left;

    /// <summary>An id that no other request has.</summary>
    public static Guid New()
    {
        if (t_left == 0)
        {
            RandomNumberGenerator.Fill(t_random ??= new byte[Batch * 16]);
            t_left = Batch;
        }
        var bytes = t_random.AsSpan(--t_left * 16, 16);
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x40);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true);
    }
}
