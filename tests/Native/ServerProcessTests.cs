using Kist.Testing;
using Xunit;

namespace Kist.Native.Tests;

public sealed class ServerProcessTests
{
    [Fact]
    public async Task ADevServerAnswersThatItIsHealthy()
    {
        await using var server = await KistServer.StartDevAsync();

        var answer = await server.SendAsync("GET", "/v1/sys/health");

        Assert.Equal(200, answer.Status);
        Assert.True((bool)answer.Json!["initialized"]!);
        Assert.False((bool)answer.Json!["sealed"]!);
    }

    [Theory]
    [InlineData(Signals.Terminate)]
    [InlineData(Signals.Interrupt)]
    public async Task ASignalToStopEndsTheServerWithExitCodeZero(int signal)
    {
        await using var server = await KistServer.StartDevAsync();

        server.Signal(signal);

        Assert.Equal(0, await server.WaitForExitAsync());
    }

    [Theory]
    [InlineData(">&-")]
    [InlineData(">&- 2>&-")]
    [InlineData("<&- >&- 2>&-")]
    [InlineData(">/dev/full 2>/dev/full")]
    public async Task AServerWhoseOutputGoesNowhereServes(string outputs)
    {
        var folder = Directory.CreateTempSubdirectory("kist-silent-");
        File.WriteAllText(Path.Combine(folder.FullName, "kist.hcl"), $$"""
            storage "inmem" {}
            listener "tcp" { address = "127.0.0.1:0" }
            pid_file = "{{folder}}/pid"
            """);
        using (var server = KistProcess.Start(
            folder.FullName, ["server", "-config=kist.hcl"], null, "sh", "-c", $"exec \"$0\" \"$@\" {outputs}"))
        {
            // Written last, when everything else has worked.
            while (!File.Exists(Path.Combine(folder.FullName, "pid")) && !server.HasExited) await Task.Delay(20);
            server.Signal(Signals.Terminate);
            Assert.Equal(0, await server.WaitForExitAsync(TimeSpan.FromSeconds(15)));
        }
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task AFileThatCannotBeWrittenEndsTheStartWithItsReason()
    {
        var folder = Directory.CreateTempSubdirectory("kist-pid-");
        File.WriteAllText(Path.Combine(folder.FullName, "kist.hcl"), """
            storage "inmem" {}
            listener "tcp" { address = "127.0.0.1:0" }
            pid_file = "/nowhere/kist.pid"
            """);
        var (exitCode, output) = await KistProcess.RunAsync(folder.FullName, ["server", "-config=kist.hcl"]);
        folder.Delete(recursive: true);
        Assert.Equal(1, exitCode);
        Assert.Contains("/nowhere/kist.pid", output);
    }

    [Theory] // security.md J09
    [InlineData("0.0.0.0:0")]
    [InlineData("[::]:0")]
    [InlineData(":8299")]
    [InlineData("192.0.2.1:8299")]
    public async Task DevModeRefusesAnAddressThatIsNotLoopback(string address)
    {
        var (exitCode, output) = await KistProcess.RunAsync(
            Path.GetTempPath(), ["server", "-dev", "-dev-root-token-id=root", $"-dev-listen-address={address}"]);

        Assert.NotEqual(0, exitCode);
        Assert.Contains("loopback", output, StringComparison.OrdinalIgnoreCase);
    }

    [Fact] // security.md J09
    public async Task DevModeWarnsThatItIsNotForProduction()
    {
        await using var server = await KistServer.StartDevAsync();

        await server.StopAsync();

        Assert.Contains("WARNING", server.Log, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("dev", server.Log, StringComparison.OrdinalIgnoreCase);
    }
}
