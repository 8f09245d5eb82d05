using Xunit;

namespace Kist.Native.Tests.Faults;

/// <summary>
/// The store's medium fails under a running server (security.md F04): the answer says so, reads go on, nothing that was
/// acknowledged is lost, and no restart is needed when the cause is gone.
/// </summary>
public sealed class StoreFaultTests : IClassFixture<FaultyServer>
{
    private readonly FaultyServer _faulty;

    public StoreFaultTests(FaultyServer server)
    {
        _faulty = server;
        _faulty.Disk.Heal(); // whatever a test before may have left
    }

    [Theory]
    [InlineData(Errno.NoSpace, 507, "the storage is full")]
    [InlineData(Errno.OverQuota, 507, "the storage is full")]
    [InlineData(Errno.ReadOnly, 503, "the storage is read-only")]
    [InlineData(Errno.InputOutput, 503, "the storage cannot be reached")]
    public async Task AWriteThatFailsSaysWhyAndReadsGoOn(int errno, int status, string text)
    {
        Assert.Equal(200, (await _faulty.PutAsync()).Status);

        _faulty.Disk.Fail(errno, DiskCall.Write);

        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => _faulty.PutAsync()));
        Assert.All(answers, answer => FaultyServer.Refuses(status, text, answer));
        await _faulty.AllIsThereAsync();
        _faulty.Disk.Heal();
        await _faulty.IsWholeAsync();
    }

    [Fact]
    public async Task AnFsyncThatFailsIsNeverAnsweredAsAWriteThatSucceeded()
    {
        Assert.Equal(200, (await _faulty.PutAsync()).Status);

        _faulty.Disk.Fail(Errno.InputOutput, DiskCall.Sync);

        FaultyServer.Refuses(503, "the storage cannot be reached", await _faulty.PutAsync());
        await _faulty.AllIsThereAsync();
        _faulty.Disk.Heal();
        await _faulty.IsWholeAsync();
    }

    [Theory]
    [InlineData(nameof(DiskCall.Write))]
    [InlineData(nameof(DiskCall.Sync))]
    public async Task AWriteThatTheDiskNeverAnswersIsGivenUpAndReadsGoOn(string call)
    {
        Assert.Equal(200, (await _faulty.PutAsync()).Status);

        _faulty.Disk.Hang(Enum.Parse<DiskCall>(call));

        var stuck = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => _faulty.PutAsync()));
        Assert.All(stuck, answer => FaultyServer.Refuses(503, "the storage cannot be reached", answer));
        FaultyServer.Refuses(503, "the storage cannot be reached", await _faulty.PutAsync()); // at once
        await _faulty.AllIsThereAsync();
        _faulty.Disk.Heal();
        while ((await _faulty.PutAsync()).Status != 200) await Task.Yield();
        await _faulty.IsWholeAsync();
    }

    [Fact]
    public async Task TokensAndMountsFailAsSecretsDo()
    {
        _faulty.Disk.Fail(Errno.NoSpace, DiskCall.Write);

        FaultyServer.Refuses(507, "the storage is full",
            await _faulty.AsRootAsync("POST", "/v1/auth/token/create", "{}"));
        FaultyServer.Refuses(507, "the storage is full",
            await _faulty.AsRootAsync("POST", "/v1/sys/mounts/new", """{"type":"kv"}"""));
        FaultyServer.Refuses(507, "the storage is full",
            await _faulty.AsRootAsync("PUT", "/v1/sys/policies/acl/new", """{"policy":"path \"a\" {}"}"""));
        _faulty.Disk.Heal();
        Assert.Equal(204, (await _faulty.AsRootAsync("POST", "/v1/sys/mounts/new", """{"type":"kv"}""")).Status);
        Assert.Equal(204, (await _faulty.AsRootAsync("DELETE", "/v1/sys/mounts/new")).Status);
        await _faulty.IsWholeAsync();
    }

    [Fact]
    public async Task AStoreThatCannotBeOpenedForLackOfRoomSaysSo()
    {
        Assert.Equal(200, (await _faulty.PutAsync()).Status);
        await _faulty.Server.StopAsync();
        _faulty.Disk.Fail(Errno.NoSpace, DiskCall.Write);

        var failure = await Assert.ThrowsAsync<InvalidOperationException>(_faulty.Server.RestartAsync);

        Assert.Contains("make room", failure.Message, StringComparison.Ordinal);
        _faulty.Disk.Heal();
        await _faulty.Server.RestartAsync();
        await _faulty.IsWholeAsync();
    }

    [Fact]
    public async Task AServerThatStartsWithoutRoomForItsAuditIsSealedUntilThereIsSome()
    {
        Assert.Equal(200, (await _faulty.PutAsync()).Status);
        await _faulty.Server.StopAsync();
        _faulty.Disk.Fail(Errno.NoSpace, DiskCall.Append);

        await _faulty.Server.RestartAsync();

        Assert.Equal(503, (await _faulty.Server.SendAsync("GET", "/v1/sys/health")).Status);
        FaultyServer.Refuses(503, "sealed", await _faulty.AsRootAsync("GET", "/v1/secret/data/name-1"));
        Assert.True(_faulty.Server.Log.Contains("no space is left for the audit log", StringComparison.Ordinal),
            _faulty.Server.Log);
        _faulty.Disk.Heal();
        await Security.Eventually.HoldsAsync(async () =>
            (await _faulty.Server.SendAsync("GET", "/v1/sys/health")).Status == 200);
        await _faulty.IsWholeAsync();
    }
}
