using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Kist.Secrets;

namespace Kist.Cli.Running;

/// <summary>Copies one descriptor to another on a thread of its own: output masked, keys as they are.</summary>
internal sealed unsafe class Pump
{
    private const int Chunk = 16 << 10, StackSize = 256 << 10;
    private readonly Thread _thread;

    private Pump(ThreadStart work)
    {
        _thread = new Thread(work, StackSize) { IsBackground = true };
        _thread.Start();
    }

    /// <summary>Copies masked output. The reading end is closed at the end, so that a writer notices.</summary>
    public static Pump Masked(int from, int to, Func<SecretPatterns> patterns, Action closeFrom) => new(() =>
    {
        var current = patterns();
        var redactor = new Redactor(current);
        using var masked = new SecretWriter(Chunk);
        var buffer = new byte[Chunk];
        while (Read(from, buffer) is > 0 and var read)
        {
            if (patterns() is var newest && newest != current)
            {
                redactor.Flush(masked);
                redactor.Dispose();
                redactor = new Redactor(current = newest);
            }
            redactor.Write(buffer.AsSpan(0, read), masked);
            if (!Write(to, masked.WrittenSpan)) break;
            masked.Clear();
        }
        CryptographicOperations.ZeroMemory(buffer);
        masked.Clear();
        redactor.Flush(masked);
        redactor.Dispose();
        Write(to, masked.WrittenSpan);
        closeFrom();
    });

    /// <summary>Copies keys to a pseudo-terminal until either side ends.</summary>
    public static Pump Keys(int from, int to) => new(() =>
    {
        var buffer = new byte[Chunk];
        while (Read(from, buffer) is > 0 and var read)
            if (!Write(to, buffer.AsSpan(0, read))) break;
        CryptographicOperations.ZeroMemory(buffer);
    });

    /// <summary>Waits until everything is copied.</summary>
    public void Join() => _thread.Join();

    /// <summary>Reads what is there; 0 at the end, which a pseudo-terminal reports as EIO.</summary>
    public static int Read(int from, Span<byte> buffer)
    {
        fixed (byte* to = buffer)
        {
            while (true)
            {
                var read = Native.Read(from, to, (nuint)buffer.Length);
                if (read >= 0) return (int)read;
                if (Marshal.GetLastPInvokeError() != Native.EIntr) return 0;
            }
        }
    }

    /// <summary>Writes everything; false when nobody reads it.</summary>
    public static bool Write(int to, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* from = bytes)
        {
            var done = 0;
            while (done < bytes.Length)
            {
                var written = Native.Write(to, from + done, (nuint)(bytes.Length - done));
                if (written >= 0) done += (int)written;
                else if (Marshal.GetLastPInvokeError() != Native.EIntr) return false;
            }
        }
        return true;
    }
}
