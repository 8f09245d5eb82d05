using System.Text;
using Kist.Cli.Running;

namespace Kist.Cli.Files;

/// <summary>A pipe with a name: what reads it gets the text, and nothing is ever on a disk.</summary>
internal static unsafe class NamedPipe
{
    private const uint OwnerOnly = 0x180; // 0600

    /// <summary>Makes the pipe, and gives the text to whoever opens it, once. It ends with the process.</summary>
    /// <exception cref="IOException">The pipe cannot be made.</exception>
    public static void Serve(string path, ReadOnlyMemory<byte> text)
    {
        fixed (byte* name = Encoding.UTF8.GetBytes(path + '\0'))
            if (Native.MakePipe(name, OwnerOnly) != 0) throw new IOException($"the pipe {path} cannot be made");
        var thread = new Thread(() =>
        {
            try
            {
                using var pipe = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, 0);
                pipe.Write(text.Span);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ObjectDisposedException)
            {
                // The program went away without reading all of it; its exit code says what that means.
                return;
            }
        }) { IsBackground = true };
        thread.Start();
    }
}
