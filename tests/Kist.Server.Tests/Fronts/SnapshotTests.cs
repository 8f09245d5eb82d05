using System.Net;
using Kist.Kernel.Backups;
using Kist.Kernel.Stores;
using Kist.Server.Seals.KeyFile;
using Xunit;

namespace Kist.Server.Tests.Fronts;

/// <summary><c>sys/storage/raft</c>: backups through the API of Vault's snapshots.</summary>
public sealed class SnapshotTests
{
    private const string Snapshot = "sys/storage/raft/snapshot";

    [Fact]
    public async Task ASnapshotBringsBackWhatWasThere()
    {
        await using var server = await NodeServer.StartAsync(new MemoryStore());
        var (root, _) = await SetUpAsync(server);
        await server.DoAsync("POST", "secret/a", """{"v":"before"}""", root);
        var file = await SaveAsync(server, root);
        await server.DoAsync("POST", "secret/a", """{"v":"after"}""", root);
        await server.DoAsync("POST", "secret/b", """{"v":"new"}""", root);
        Assert.Equal((204, ""), await RestoreAsync(server, root, file));
        Assert.Equal("before", await ReadAsync(server, root));
        Assert.Equal(404, (await server.SendAsync("GET", "secret/b", token: root)).Status);
        await server.DoAsync("POST", "secret/a", """{"v":"later"}""", root);
        Assert.Equal("later", await ReadAsync(server, root));
        // And again, also as the client that forces it.
        Assert.Equal((204, ""), await RestoreAsync(server, root, file, "-force"));
        Assert.Equal("before", await ReadAsync(server, root));
    }

    [Fact]
    public async Task TheAnswerIsAnArchiveAsVaultsClientsExpectIt()
    {
        await using var server = await NodeServer.StartAsync(new MemoryStore());
        var (root, _) = await SetUpAsync(server);
        using var request = Get(root);
        using var response = await server.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("application/gzip", response.Content.Headers.ContentType?.ToString());
        Assert.Equal("no-store", response.Headers.CacheControl?.ToString());
        using var reader = await BackupReader.OpenAsync(await response.Content.ReadAsStreamAsync(), default);
        Assert.Equal("shamir", reader.Header.Seal.Type);
        await reader.CheckAsync(default);
    }

    [Theory]
    [InlineData("GET", "sys/storage/raft/configuration", null)]
    [InlineData("GET", "sys/storage/raft/autopilot/state", null)]
    [InlineData("GET", "sys/storage/raft/autopilot/configuration", null)]
    [InlineData("POST", "sys/storage/raft/autopilot/configuration", "{}")]
    [InlineData("POST", "sys/storage/raft/remove-peer", """{"server_id":"n1"}""")]
    public async Task WhatOnlyRaftHasIsAnsweredAsByAVaultWithoutRaft(string method, string path, string? body)
    {
        await using var server = await NodeServer.StartAsync(new MemoryStore());
        var (root, _) = await SetUpAsync(server);
        var (status, answer) = await server.SendAsync(method, path, body, root);
        Assert.Equal(400, status);
        Assert.Equal("raft storage is not in use", answer.GetProperty("errors")[0].GetString());
    }

    [Fact]
    public async Task WithoutTheRightNothingIsSavedOrRestored()
    {
        await using var server = await NodeServer.StartAsync(new MemoryStore());
        var (root, _) = await SetUpAsync(server);
        await server.DoAsync("POST", "secret/a", """{"v":"before"}""", root);
        var file = await SaveAsync(server, root);
        await server.DoAsync("PUT", "sys/policies/acl/backup",
            """{"policy":"path \"sys/storage/raft/snapshot\" { capabilities = [\"read\"] }"}""", root);
        var created = await server.DoAsync("POST", "auth/token/create", """{"policies":["backup"]}""", root);
        var job = created.GetProperty("auth").GetProperty("client_token").GetString()!;
        Assert.NotEmpty(await SaveAsync(server, job));
        await server.DoAsync("POST", "secret/a", """{"v":"after"}""", root);
        Assert.Equal(403, (await RestoreAsync(server, job, file)).Status);
        Assert.Equal(403, (await RestoreAsync(server, job, file, "-force")).Status);
        Assert.Equal(403, (await RestoreAsync(server, "nobody", file)).Status);
        var plain = await server.DoAsync("POST", "auth/token/create", """{"policies":["default"]}""", root);
        var other = plain.GetProperty("auth").GetProperty("client_token").GetString()!;
        Assert.Equal(403, (await server.SendAsync("GET", Snapshot, token: other)).Status);
        Assert.Equal(400, (await server.SendAsync("GET", Snapshot)).Status); // no token at all, as everywhere
        Assert.Equal("after", await ReadAsync(server, root));
    }

    [Fact]
    public async Task ADamagedOrForeignFileChangesNothing()
    {
        await using var server = await NodeServer.StartAsync(new MemoryStore());
        await using var other = await NodeServer.StartAsync(new MemoryStore());
        var (root, _) = await SetUpAsync(server);
        var (theirs, _) = await SetUpAsync(other);
        await server.DoAsync("POST", "secret/a", """{"v":"before"}""", root);
        var file = await SaveAsync(server, root);
        await server.DoAsync("POST", "secret/a", """{"v":"after"}""", root);
        var flipped = (byte[])file.Clone();
        flipped[^700] ^= 1;
        foreach (var bad in new[] { flipped, file[..^1], file[..(file.Length / 2)], [], "no backup"u8.ToArray() })
            Assert.Equal(400, (await RestoreAsync(server, root, bad)).Status);
        foreach (var path in new[] { "", "-force" })
        {
            var (status, text) = await RestoreAsync(server, root, await SaveAsync(other, theirs), path);
            Assert.Equal(400, status);
            Assert.Contains("does not open with this server's keys", text);
        }
        Assert.Equal("after", await ReadAsync(server, root));
        // Writes are let in again.
        await server.DoAsync("POST", "secret/a", """{"v":"later"}""", root);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AnotherClustersBackupNeedsForceAndItsTokensStayBehindUnlessAskedFor(bool withTokens)
    {
        var folder = Directory.CreateTempSubdirectory("kist-snapshot-");
        try
        {
            var (from, to) = (new MemoryStore(), new MemoryStore());
            var path = Path.Combine(folder.FullName, "seal.key");
            await using var old = await NodeServer.StartAsync(from, new KeyFileSeal(path, from));
            await using var next = await NodeServer.StartAsync(to, new KeyFileSeal(path, to));
            var (oldRoot, _) = await SetUpAsync(old);
            var (nextRoot, _) = await SetUpAsync(next);
            await old.DoAsync("POST", "secret/a", """{"v":"theirs"}""", oldRoot);
            await old.DoAsync("POST", "cubbyhole/c", """{"v":"mine"}""", oldRoot);
            await old.DoAsync("POST", "sys/auth/userpass", """{"type":"userpass"}""", oldRoot);
            await old.DoAsync("POST", "sys/policies/acl/reader",
                """{"policy":"path \"secret/*\" { capabilities = [\"read\"] }"}""", oldRoot);
            await old.DoAsync("POST", "auth/userpass/users/ann", """{"password":"pw","policies":"reader"}""", oldRoot);
            var batch = await old.DoAsync("POST", "auth/token/create",
                """{"type":"batch","policies":["reader"]}""", oldRoot);
            var batchToken = batch.GetProperty("auth").GetProperty("client_token").GetString()!;
            var file = await SaveAsync(old, oldRoot);
            var (refused, text) = await RestoreAsync(next, nextRoot, file);
            Assert.Equal(400, refused);
            Assert.Contains("use the snapshot-force API to bypass this check", text);
            var query = withTokens ? "-force?with_tokens=true" : "-force";
            Assert.Equal((204, ""), await RestoreAsync(next, nextRoot, file, query));
            Assert.Equal(403, (await next.SendAsync("GET", "secret/a", token: nextRoot)).Status);
            var expected = withTokens ? 200 : 403;
            foreach (var token in new[] { oldRoot, batchToken })
                Assert.Equal(expected, (await next.SendAsync("GET", "secret/a", token: token)).Status);
            Assert.Equal(expected, (await next.SendAsync("GET", "cubbyhole/c", token: oldRoot)).Status);
            var login = await next.DoAsync("POST", "auth/userpass/login/ann", """{"password":"pw"}""");
            Assert.Equal("theirs", await ReadAsync(
                next, login.GetProperty("auth").GetProperty("client_token").GetString()!));
            // Nothing of theirs is left either, cubbyholes included.
            foreach (var key in await from.ScanAsync(old.Node.Current!.Cubbyholes.Prefix, "", 100, default))
                Assert.Equal(withTokens, await to.GetAsync(key, default) is not null);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task ASnapshotHoldsNoNameAndNoValueInClear()
    {
        await using var server = await NodeServer.StartAsync(new MemoryStore());
        var (root, _) = await SetUpAsync(server);
        await server.DoAsync("POST", "secret/canary-name", """{"v":"canary-value"}""", root);
        var text = System.Text.Encoding.Latin1.GetString(await SaveAsync(server, root));
        Assert.DoesNotContain("canary", text);
        Assert.DoesNotContain("mount/", text);
        Assert.DoesNotContain(root, text);
    }

    private static async Task<(string Root, string Key)> SetUpAsync(NodeServer server)
    {
        var automatic = server.Node.Parts.Seal is not null;
        var init = await server.DoAsync("PUT", "sys/init", automatic
            ? """{"recovery_shares":1,"recovery_threshold":1}"""
            : """{"secret_shares":1,"secret_threshold":1}""");
        var root = init.GetProperty("root_token").GetString()!;
        var key = init.GetProperty(automatic ? "recovery_keys" : "keys")[0].GetString()!;
        if (!automatic) await server.DoAsync("PUT", "sys/unseal", $$"""{"key":"{{key}}"}""");
        await server.DoAsync("POST", "sys/mounts/secret", """{"type":"kv"}""", root);
        return (root, key);
    }

    private static async Task<byte[]> SaveAsync(NodeServer server, string token)
    {
        using var request = Get(token);
        using var response = await server.Http.SendAsync(request);
        response.EnsureSuccessStatusCode();
        return await response.Content.ReadAsByteArrayAsync();
    }

    private static HttpRequestMessage Get(string token) =>
        new(HttpMethod.Get, Snapshot) { Headers = { { "X-Vault-Token", token } } };

    // As `curl --data-binary` sends it, whose content type is that of a form.
    private static async Task<(int Status, string Text)> RestoreAsync(
        NodeServer server, string token, byte[] file, string ending = "")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Snapshot + ending)
        {
            Headers = { { "X-Vault-Token", token } },
            Content = new ByteArrayContent(file)
            {
                Headers = { { "Content-Type", "application/x-www-form-urlencoded" } },
            },
        };
        using var response = await server.Http.SendAsync(request);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    private static async Task<string?> ReadAsync(NodeServer server, string token) =>
        (await server.DoAsync("GET", "secret/a", token: token)).GetProperty("data").GetProperty("v").GetString();
}
