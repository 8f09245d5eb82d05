using System.Runtime.InteropServices;

namespace Kist.Cli.Running;

/// <summary>
/// Standard input, output or error, straight from the system. <see cref="Console"/> would set the terminal up for
/// line editing and key pads, which costs time and shows; a file stream would keep an offset of its own and overwrite
/// what other programs append to the same file.
/// </summary>
internal sealed class DescriptorStream(int descriptor) : Stream
{
    private const int BrokenPipe = 32;

    public override bool CanRead => descriptor == 0;
    public override bool CanWrite => descriptor != 0;
    public override bool CanSeek => false;
    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Whether the descriptor is a terminal.</summary>
    public static bool IsTerminal(int descriptor) => OperatingSystem.IsWindows()
        ? !(descriptor == 0 ? Console.IsInputRedirected
            : descriptor == 1 ? Console.IsOutputRedirected : Console.IsErrorRedirected)
        : Native.IsTerminal(descriptor) == 1;

    /// <summary>Standard input, output or error of this process.</summary>
    public static Stream Standard(int descriptor) => !OperatingSystem.IsWindows() ? new DescriptorStream(descriptor)
        : descriptor == 0 ? Console.OpenStandardInput()
        : descriptor == 1 ? Console.OpenStandardOutput() : Console.OpenStandardError();

    public override unsafe int Read(Span<byte> buffer)
    {
        fixed (byte* to = buffer)
        {
            while (true)
            {
                var read = Native.Read(descriptor, to, (nuint)buffer.Length);
                if (read >= 0) return (int)read;
                if (Marshal.GetLastPInvokeError() != Native.EIntr) throw Failed();
            }
        }
    }

    /// <summary>Writes everything. A reader that has gone away is no failure: it has seen what it wanted.</summary>
    public override unsafe void Write(ReadOnlySpan<byte> buffer)
    {
        fixed (byte* from = buffer)
        {
            var done = 0;
            while (done < buffer.Length)
            {
                var written = Native.Write(descriptor, from + done, (nuint)(buffer.Length - done));
                if (written >= 0)
                {
                    done += (int)written;
                    continue;
                }
                var error = Marshal.GetLastPInvokeError();
                if (error == BrokenPipe) return;
                if (error != Native.EIntr) throw Failed();
            }
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));
    public override void Flush() { }
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();

    private static IOException Failed() => new(Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError()));
}
