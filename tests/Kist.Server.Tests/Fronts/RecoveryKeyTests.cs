using System.Runtime.Versioning;
using Kist.Kernel.Seals;
using Kist.Kernel.Stores;
using Kist.Server.Seals.KeyFile;
using Xunit;

namespace Kist.Server.Tests.Fronts;

/// <summary>A seal that opens by itself: recovery keys, and the ways from one seal to the other.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class RecoveryKeyTests : IDisposable
{
    private readonly string _home = Directory.CreateTempSubdirectory("kist-recovery-").FullName;

    private KeyFileSeal SealOver(IStore store) => new(Path.Combine(_home, "kist.key"), store);

    [Fact]
    public async Task InitialisationUnsealsAtOnceAndHandsOutRecoveryKeys()
    {
        var store = new MemoryStore();
        await using var server = await NodeServer.StartAsync(store, SealOver(store));
        var before = await server.DoAsync("GET", "sys/seal-status");
        Assert.Equal(("keyfile", true), (before.Text("type"), before.GetProperty("recovery_seal").GetBoolean()));
        Assert.Contains("not applicable to seal type keyfile", await server.RefusedAsync(
            400, "PUT", "sys/init", """{"secret_shares":1,"secret_threshold":1}"""), StringComparison.Ordinal);
        var made = await server.DoAsync("PUT", "sys/init", """{"recovery_shares":3,"recovery_threshold":2}""");
        Assert.Empty(made.Texts("keys"));
        Assert.Empty(made.Texts("keys_base64"));
        Assert.Equal(3, made.Texts("recovery_keys").Length);
        Assert.Equal(3, made.Texts("recovery_keys_base64").Length);
        var status = await server.DoAsync("GET", "sys/seal-status");
        Assert.False(status.GetProperty("sealed").GetBoolean());
        Assert.Equal((2, 3), (status.GetProperty("t").GetInt32(), status.GetProperty("n").GetInt32()));
        await server.DoAsync("GET", "auth/token/lookup-self", null, made.Text("root_token"));
    }

    [Fact]
    public async Task RecoveryKeysOpenASealedNodeMakeARootTokenAndCanBeReplaced()
    {
        var store = new MemoryStore();
        await using var server = await NodeServer.StartAsync(store, SealOver(store));
        var made = await server.DoAsync("PUT", "sys/init", """{"recovery_shares":3,"recovery_threshold":2}""");
        var old = made.Texts("recovery_keys").Take(2).ToArray();
        await server.DoAsync("PUT", "sys/seal", null, made.Text("root_token"));
        await server.GiveAsync("sys/unseal", old, "");
        Assert.NotNull(server.Node.Current);

        var begun = await server.DoAsync(
            "PUT", "sys/rekey-recovery-key/init", """{"secret_shares":1,"secret_threshold":1}""");
        Assert.Equal(2, begun.GetProperty("required").GetInt32());
        var done = await server.GiveAsync("sys/rekey-recovery-key/update", old, begun.Text("nonce"));
        var fresh = done.Texts("keys_base64");
        Assert.Equal(1, (await server.DoAsync("GET", "sys/seal-status")).GetProperty("n").GetInt32());

        var attempt = await server.DoAsync("PUT", "sys/generate-root/attempt", "{}");
        await server.RefusedAsync(400, "PUT", "sys/generate-root/update",
            $$"""{"key":"{{old[0]}}","nonce":"{{attempt.Text("nonce")}}"}""");
        var root = await server.GiveAsync("sys/generate-root/update", fresh, attempt.Text("nonce"));
        var token = NodePathTests.Decode(root.Text("encoded_token"), attempt.Text("otp"));
        await server.DoAsync("GET", "auth/token/lookup-self", null, token);
    }

    [Fact]
    public async Task ARekeyOfTheBarrierReplacesTheRootKeyAndHandsOutNothing()
    {
        var store = new MemoryStore();
        await using var server = await NodeServer.StartAsync(store, SealOver(store));
        var made = await server.DoAsync("PUT", "sys/init", """{"recovery_shares":1,"recovery_threshold":1}""");
        var before = (await server.Node.StoredRootKeyAsync(default))!.Wrapped.ToArray();
        var begun = await server.DoAsync("PUT", "sys/rekey/init", """{"secret_shares":5,"secret_threshold":3}""");
        Assert.Equal((1, 1), (begun.GetProperty("t").GetInt32(), begun.GetProperty("n").GetInt32()));
        var done = await server.GiveAsync("sys/rekey/update", made.Texts("recovery_keys"), begun.Text("nonce"));
        Assert.Empty(done.Texts("keys"));
        Assert.NotEqual(before, (await server.Node.StoredRootKeyAsync(default))!.Wrapped.ToArray());
        await server.Node.SealAsync();
        await server.Node.UnsealAsync(SealOver(store), default);
    }

    [Fact]
    public async Task AStoreMovesFromShamirToAKeyFileAndBackWithItsKeysAndData()
    {
        var store = new LastingStore();
        string[] keys;
        string token;
        await using (var shamir = await NodeServer.StartAsync(store))
        {
            var made = await shamir.DoAsync("PUT", "sys/init", """{"secret_shares":3,"secret_threshold":2}""");
            (keys, token) = (made.Texts("keys"), made.Text("root_token"));
        }
        await using (var automatic = await NodeServer.StartAsync(store, SealOver(store)))
        {
            Assert.True((await automatic.DoAsync("GET", "sys/seal-status")).GetProperty("migration").GetBoolean());
            Assert.Contains("migrat", await automatic.RefusedAsync(
                400, "PUT", "sys/unseal", $$"""{"key":"{{keys[0]}}"}"""), StringComparison.Ordinal);
            await MigrateAsync(automatic, keys.Take(2));
            var status = await automatic.DoAsync("GET", "sys/seal-status");
            Assert.Equal(("keyfile", 2, 3, false), (status.Text("type"), status.GetProperty("t").GetInt32(),
                status.GetProperty("n").GetInt32(), status.GetProperty("migration").GetBoolean()));
            await automatic.DoAsync("GET", "auth/token/lookup-self", null, token);
            await automatic.Node.SealAsync();
            await automatic.Node.UnsealAsync(SealOver(store), default);
            await automatic.DoAsync("GET", "auth/token/lookup-self", null, token);
        }
        await using var back = await NodeServer.StartAsync(store, seal: null, oldSeal: SealOver(store));
        await MigrateAsync(back, keys.Skip(1));
        Assert.Equal("shamir", (await back.DoAsync("GET", "sys/seal-status")).Text("type"));
        Assert.Null(await store.GetAsync(RecoveryKeyStore.StoreKey, default));
        File.Delete(Path.Combine(_home, "kist.key"));
        await back.DoAsync("PUT", "sys/seal", null, token);
        await back.GiveAsync("sys/unseal", keys.Take(2), "");
        await back.DoAsync("GET", "auth/token/lookup-self", null, token);
    }

    [Fact]
    public async Task AMissingKeyFileIsSaidInTheLogAndNotToWhoeverAsks()
    {
        var store = new MemoryStore();
        await using var server = await NodeServer.StartAsync(store, SealOver(store));
        var made = await server.DoAsync("PUT", "sys/init", """{"recovery_shares":1,"recovery_threshold":1}""");
        await server.DoAsync("PUT", "sys/seal", null, made.Text("root_token"));
        File.Delete(Path.Combine(_home, "kist.key"));
        var error = await server.RefusedAsync(503, "PUT", "sys/unseal",
            $$"""{"key":"{{made.Texts("recovery_keys")[0]}}"}""");
        Assert.DoesNotContain(_home, error, StringComparison.Ordinal);
        Assert.Null(server.Node.Current);
    }

    public void Dispose() => Directory.Delete(_home, recursive: true);

    private static async Task MigrateAsync(NodeServer server, IEnumerable<string> keys)
    {
        foreach (var key in keys) await server.DoAsync("PUT", "sys/unseal", $$"""{"key":"{{key}}","migrate":true}""");
        Assert.NotNull(server.Node.Current);
    }

    /// <summary>A store that survives the node that closes it.</summary>
    private sealed class LastingStore : IStore
    {
        private readonly MemoryStore _store = new();

        public bool IsShared => _store.IsShared;

        public ValueTask<long> RevisionAsync(CancellationToken ct) => _store.RevisionAsync(ct);

        public ValueTask<Entry?> GetAsync(string key, CancellationToken ct) => _store.GetAsync(key, ct);

        public ValueTask<IReadOnlyList<string>> ScanAsync(
            string prefix, string after, int limit, CancellationToken ct) => _store.ScanAsync(prefix, after, limit, ct);

        public ValueTask<bool> CommitAsync(Batch batch, CancellationToken ct) => _store.CommitAsync(batch, ct);

        public IAsyncEnumerable<Change> WatchAsync(string prefix, long afterRevision, CancellationToken ct) =>
            _store.WatchAsync(prefix, afterRevision, ct);

        public IAsyncEnumerable<StoredEntry> SnapshotAsync(CancellationToken ct) => _store.SnapshotAsync(ct);

        public ValueTask<bool> ReplaceAsync(
            IAsyncEnumerable<StoredEntry> entries, bool overwrites, CancellationToken ct) =>
            _store.ReplaceAsync(entries, overwrites, ct);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
