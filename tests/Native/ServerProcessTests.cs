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
