using System.Diagnostics;
using Kist.Testing;
using Xunit;

namespace Kist.Native.Tests.Faults;

/// <summary>
/// The audit's medium fails or hangs under a running server (security.md G07): no secret leaves unseen, nobody waits
/// without end, health says why, a second sink keeps the server going.
/// </summary>
public sealed class AuditFaultTests : IClassFixture<FaultyServer>
{
    private readonly FaultyServer _faulty;

    public AuditFaultTests(FaultyServer server)
    {
        _faulty = server;
        _faulty.Disk.Heal(); // whatever a test before may have left
    }

    [Theory]
    [InlineData(Errno.NoSpace, "no space is left for the audit log")]
    [InlineData(Errno.InputOutput, "cannot write to the audit log")]
    public async Task NothingIsServedThatTheAuditCannotTake(int errno, string reason)
    {
        Assert.Equal(200, (await _faulty.PutAsync()).Status);

        _faulty.Disk.Fail(errno, DiskCall.Append);

        FaultyServer.Refuses(500, "failed to audit request", await _faulty.PutAsync());
        var read = await _faulty.AsRootAsync("GET", "/v1/secret/data/name-1");
        FaultyServer.Refuses(500, "no audit sink took the entry", read);
        Assert.DoesNotContain("value-", read.Text, StringComparison.Ordinal);
        Assert.Contains(reason, Assert.Single(await _faulty.ProblemsAsync()), StringComparison.Ordinal);
        Assert.Contains(reason, _faulty.Server.Log, StringComparison.Ordinal);
        _faulty.Disk.Heal();
        await _faulty.IsWholeAsync();
    }

    [Fact]
    public async Task OneFullDiskForStoreAndAuditIsSurvivedToo()
    {
        Assert.Equal(200, (await _faulty.PutAsync()).Status);

        _faulty.Disk.Fail(Errno.NoSpace, DiskCall.Append, DiskCall.Write);

        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => _faulty.PutAsync()));
        Assert.All(answers, answer => FaultyServer.Refuses(500, "failed to audit request", answer));
        _faulty.Disk.Heal();
        await _faulty.IsWholeAsync();
    }

    [Fact]
    public async Task AWriteThatHangsIsGivenUpByEverybodyAndGoesOnWhenTheDiskDoes()
    {
        Assert.Equal(200, (await _faulty.PutAsync()).Status);
        _faulty.Disk.Hang(DiskCall.Append);

        // The first one's own thread hangs in the write; the others wait for it.
        var waiting = Enumerable.Range(0, 12).Select(_ => _faulty.PutAsync()).ToArray();
        await _faulty.Disk.Hit;
        Assert.All(await Task.WhenAll(waiting), answer => FaultyServer.Refuses(500, "failed to audit", answer));

        FaultyServer.Refuses(500, "no audit sink took the entry",
            await _faulty.AsRootAsync("GET", "/v1/secret/data/name-1"));
        Assert.Contains("has not come back within 1 s", Assert.Single(await _faulty.ProblemsAsync()),
            StringComparison.Ordinal);
        _faulty.Disk.Heal();
        await Security.Eventually.HoldsAsync(async () => (await _faulty.ProblemsAsync()).Length == 0);
        await _faulty.IsWholeAsync();
    }

    [Fact]
    public async Task ASecondSinkKeepsTheServerGoing()
    {
        var enabled = await _faulty.AsRootAsync(
            "PUT", "/v1/sys/audit/second", """{"type":"file","options":{"file_path":"stdout"}}""");
        Assert.True(enabled.Status == 204, enabled.Text);
        _faulty.Disk.Hang(DiskCall.Append);

        var waiting = Enumerable.Range(0, 12).Select(_ => _faulty.PutAsync()).ToArray();
        await _faulty.Disk.Hit;
        Assert.All(await Task.WhenAll(waiting), answer => Assert.Equal(200, answer.Status));
        Assert.Equal(200, (await _faulty.PutAsync()).Status);
        Assert.Single(await _faulty.ProblemsAsync());

        _faulty.Disk.Heal();
        await Security.Eventually.HoldsAsync(async () => (await _faulty.ProblemsAsync()).Length == 0);
        Assert.Equal(204, (await _faulty.AsRootAsync("DELETE", "/v1/sys/audit/second")).Status);
        await _faulty.IsWholeAsync();
    }

    [Fact]
    public async Task ASealAndAStopDoNotWaitForAWriteThatHangs()
    {
        _faulty.Disk.Hang(DiskCall.Append);
        var waiting = _faulty.PutAsync();
        await _faulty.Disk.Hit;
        FaultyServer.Refuses(500, "failed to audit", await waiting);

        _faulty.Server.Signal(Signals.Terminate);

        Assert.Equal(0, await _faulty.Server.WaitForExitAsync(TimeSpan.FromSeconds(25)));
        _faulty.Disk.Heal();
        await _faulty.Server.RestartAsync();
        await _faulty.IsWholeAsync();
    }

    [Fact]
    public async Task ALineThatACrashCutOffIsRemovedAtTheNextStart()
    {
        Assert.Equal(200, (await _faulty.PutAsync()).Status);
        await _faulty.Server.KillAsync();
        var file = _faulty.Server.QuickStart.AuditFile;
        await using (var log = new FileStream(file, FileMode.Open)) log.SetLength(log.Length - 40);
        var (exitCode, output) = await KistProcess.RunAsync(_faulty.Server.Directory, ["audit", "verify", file]);
        Assert.True(exitCode != 0, output);
        Assert.Contains("line", output, StringComparison.Ordinal);

        await _faulty.Server.RestartAsync();

        await _faulty.IsWholeAsync();
    }

    [Theory]
    [InlineData("fifo")]
    [InlineData("folder")]
    [InlineData("link")]
    public async Task WhatIsNoRegularFileIsNoSink(string kind)
    {
        var path = Path.Combine(_faulty.Server.QuickStart.AuditFolder, kind);
        if (kind == "folder") Directory.CreateDirectory(path);
        else if (kind == "link") File.CreateSymbolicLink(path, _faulty.Server.QuickStart.AuditFile);
        else using (var made = Process.Start("mkfifo", [path])) await made.WaitForExitAsync();

        var answer = await _faulty.AsRootAsync(
            "PUT", $"/v1/sys/audit/{kind}", $$$"""{"type":"file","options":{"file_path":"{{{path}}}"}}""");

        Assert.Equal(400, answer.Status);
        Assert.Equal(200, (await _faulty.PutAsync()).Status);
    }
}
