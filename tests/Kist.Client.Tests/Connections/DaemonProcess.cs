using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Kist.Client.Tests.Connections;

/// <summary>A server program of Debian's on a loopback port, with a folder that goes with it.</summary>
internal sealed class DaemonProcess : IDisposable
{
    // Ends the server when the test program ends, however that ends: its standard input is closed then.
    private const string Guard = "\"$@\" & cat > /dev/null; kill -TERM $! 2> /dev/null; wait";
    private readonly Process _process;
    private readonly StringBuilder _output = new();

    private DaemonProcess(string folder, int port, string[] command)
    {
        (Folder, Port) = (folder, port);
        var start = new ProcessStartInfo("sh", ["-c", Guard, "sh", .. command])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Its folder.</summary>
    public string Folder { get; }

    /// <summary>Its port on 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>Starts a program and waits until its port answers; <paramref name="command"/> gets folder and port.
    /// </summary>
    public static async Task<DaemonProcess> StartAsync(Func<string, int, string[]> command)
    {
        var folder = Directory.CreateTempSubdirectory("kist-daemon-").FullName;
        var port = Loopback.FreePort();
        var daemon = new DaemonProcess(folder, port, command(folder, port));
        await TestServer.UntilAsync(async () =>
        {
            Assert.False(daemon._process.HasExited, daemon.Output);
            try
            {
                using var probe = new TcpClient();
                await probe.ConnectAsync(IPAddress.Loopback, port);
                return true;
            }
            catch (SocketException)
            {
                return false;
            }
        }, "the server listens");
        return daemon;
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private string Output
    {
        get { lock (_output) return _output.ToString(); }
    }

    private void Keep(string? line)
    {
        lock (_output) _output.AppendLine(line);
    }
}
