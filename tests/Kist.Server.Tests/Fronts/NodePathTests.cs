using Kist.Kernel.Node;
using Kist.Kernel.Stores;
using Xunit;

namespace Kist.Server.Tests.Fronts;

public sealed class NodePathTests
{
    private static async Task<(NodeServer Server, string Key, string Token)> UnsealedAsync(Settings? settings = null)
    {
        var server = await NodeServer.StartAsync(new MemoryStore(), settings: settings);
        var made = await server.DoAsync("PUT", "sys/init", """{"secret_shares":1,"secret_threshold":1}""");
        var key = made.Texts("keys_base64")[0];
        await server.DoAsync("PUT", "sys/unseal", $$"""{"key":"{{key}}"}""");
        return (server, key, made.Text("root_token"));
    }

    [Theory]
    [InlineData("sys/health", 200)]
    [InlineData("sys/health?activecode=299", 299)]
    [InlineData("sys/health?activecode=204", 204)]
    [InlineData("sys/health?standbyok=true&perfstandbyok&sealedcode=555&uninitcode=556", 200)]
    [InlineData("sys/health?activecode=junk", 400)]
    [InlineData("sys/health?sealedcode=junk", 400)]
    [InlineData("sys/health?activecode=99", 400)]
    [InlineData("sys/health?activecode=1000", 400)]
    [InlineData("sys/health?drsecondarycode=", 400)]
    public async Task HealthAnswersWithTheCodeThatTheClientAsksFor(string path, int status)
    {
        var (server, _, _) = await UnsealedAsync();
        await using (server)
        {
            var (got, answer) = await server.SendAsync("GET", path);
            Assert.Equal(status, got);
            if (got is 200 or 299) Assert.False(answer.GetProperty("sealed").GetBoolean());
            var (head, empty) = await server.SendAsync("HEAD", path);
            Assert.Equal(status, head);
            Assert.Equal(default, empty);
        }
    }

    [Fact]
    public async Task AnswersWithoutATokenNameNoMountsTokensOrPaths()
    {
        var (server, _, token) = await UnsealedAsync();
        await using (server)
            foreach (var path in (string[])["sys/health", "sys/seal-status", "sys/leader", "sys/init"])
            {
                var text = (await server.DoAsync("GET", path)).ToString();
                Assert.DoesNotContain(token, text, StringComparison.Ordinal);
                Assert.DoesNotContain("cubbyhole", text, StringComparison.Ordinal);
                Assert.DoesNotContain("/", text, StringComparison.Ordinal);
            }
    }

    [Theory]
    [InlineData("sys/unseal", 413)]
    [InlineData("sys/rekey/update", 413)]
    [InlineData("sys/rekey/verify", 413)]
    [InlineData("sys/generate-root/update", 413)]
    [InlineData("sys/init", 413, 300_000)]
    [InlineData("sys/rekey/init", 413, 300_000)]
    [InlineData("sys/unseal", 400, 4_000)]
    public async Task ABodyLargerThanAnyKeyIsRefused(string path, int status, int length = 5_000)
    {
        await using var server = await NodeServer.StartAsync(new MemoryStore());
        await server.RefusedAsync(status, "PUT", path, $$"""{"key":"{{new string('a', length)}}"}""");
    }

    [Theory]
    [InlineData("{bad")]
    [InlineData("[]")]
    [InlineData("""{"key":5}""")]
    [InlineData("""{"key":"zz"}""")]
    [InlineData("""{"key":"a","key":"b"}""")]
    [InlineData("""{"key":{"a":"b"}}""")]
    [InlineData("""{"reset":"perhaps"}""")]
    [InlineData("""{}""")]
    public async Task AMalformedUnsealIsRefusedAndCountsForNothing(string body)
    {
        await using var server = await NodeServer.StartAsync(new MemoryStore());
        await server.DoAsync("PUT", "sys/init", """{"secret_shares":3,"secret_threshold":2}""");
        await server.RefusedAsync(400, "PUT", "sys/unseal", body);
        Assert.Equal(0, (await server.DoAsync("GET", "sys/seal-status")).GetProperty("progress").GetInt32());
    }

    [Theory]
    [InlineData("""{"secret_shares":1,"secret_threshold":1,"pgp_keys":["mQE"]}""", "PGP")]
    [InlineData("""{"secret_shares":1,"secret_threshold":1,"root_token_pgp_key":"mQE"}""", "PGP")]
    [InlineData("""{"secret_shares":1,"secret_threshold":1,"recovery_shares":1}""", "not applicable")]
    [InlineData("""{"secret_shares":"x"}""", "secret_shares")]
    [InlineData("""{"secret_shares":99999999999,"secret_threshold":1}""", "threshold must be greater than one")]
    public async Task AnInitialisationThatCannotBeIsRefusedInWords(string body, string why)
    {
        await using var server = await NodeServer.StartAsync(new MemoryStore());
        Assert.Contains(why, await server.RefusedAsync(400, "PUT", "sys/init", body), StringComparison.Ordinal);
        Assert.False((await server.DoAsync("GET", "sys/init")).GetProperty("initialized").GetBoolean());
    }

    [Fact]
    public async Task AnEmptyListOfPgpKeysIsNoPgp()
    {
        await using var server = await NodeServer.StartAsync(new MemoryStore());
        await server.DoAsync("POST", "sys/init",
            """{"secret_shares":1,"secret_threshold":1,"pgp_keys":[],"root_token_pgp_key":"","stored_shares":0}""");
    }

    [Fact]
    public async Task GenerateRootGivesATokenThatWorks()
    {
        var (server, key, _) = await UnsealedAsync();
        await using (server)
        {
            var before = await server.DoAsync("GET", "sys/generate-root/attempt");
            Assert.False(before.GetProperty("started").GetBoolean());
            var begun = await server.DoAsync("PUT", "sys/generate-root/attempt");
            var password = begun.Text("otp");
            Assert.Equal(begun.GetProperty("otp_length").GetInt32(), password.Length);
            Assert.Equal("", (await server.DoAsync("GET", "sys/generate-root/attempt")).Text("otp"));
            await server.RefusedAsync(400, "PUT", "sys/generate-root/attempt", "{}");
            var done = await server.GiveAsync("sys/generate-root/update", [key], begun.Text("nonce"));
            Assert.True(done.GetProperty("complete").GetBoolean());
            Assert.Equal(done.Text("encoded_token"), done.Text("encoded_root_token"));
            var token = Decode(done.Text("encoded_token"), password);
            var self = await server.DoAsync("GET", "auth/token/lookup-self", null, token);
            Assert.Equal(["root"], self.GetProperty("data").Texts("policies"));
            Assert.Contains("PGP", await server.RefusedAsync(
                400, "PUT", "sys/generate-root/attempt", """{"pgp_key":"mQE"}"""), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task SealingIsForThoseWhoMayAndAnswersOnceSealed()
    {
        var (server, key, token) = await UnsealedAsync();
        await using (server)
        {
            Assert.Equal("1 error occurred:\n\t* missing client token\n\n",
                await server.RefusedAsync(400, "PUT", "sys/seal"));
            Assert.Equal(405, (await server.SendAsync("GET", "sys/seal", null, token)).Status);
            var weak = (await server.DoAsync("PUT", "auth/token/create", """{"policies":["default"]}""", token))
                .GetProperty("auth").Text("client_token");
            Assert.Equal("1 error occurred:\n\t* permission denied\n\n",
                await server.RefusedAsync(403, "PUT", "sys/seal", null, weak));
            await server.DoAsync("PUT", "sys/seal", null, token);
            Assert.True((await server.DoAsync("GET", "sys/seal-status")).GetProperty("sealed").GetBoolean());
            await server.RefusedAsync(503, "PUT", "sys/seal", null, token);
            await server.DoAsync("PUT", "sys/unseal", $$"""{"key":"{{key}}"}""");
            await server.DoAsync("GET", "auth/token/lookup-self", null, token);
        }
    }

    [Fact]
    public async Task SealingAmongRunningRequestsHangsNobody()
    {
        var (server, key, token) = await UnsealedAsync();
        await using (server)
        {
            var reads = Enumerable.Range(0, 64).Select(_ =>
                server.SendAsync("GET", "auth/token/lookup-self", null, token));
            var seals = Enumerable.Range(0, 4).Select(_ => server.SendAsync("PUT", "sys/seal", null, token));
            var all = await Task.WhenAll(reads.Concat(seals)).WaitAsync(TimeSpan.FromSeconds(60));
            Assert.All(all, answer => Assert.Contains(answer.Status, (int[])[200, 204, 503]));
            Assert.Contains(all, answer => answer.Status == 204);
            await server.DoAsync("PUT", "sys/unseal", $$"""{"key":"{{key}}"}""");
            await server.DoAsync("GET", "auth/token/lookup-self", null, token);
        }
    }

    [Fact]
    public async Task SealingIsInTheAuditWithItsAnswer()
    {
        var folder = Directory.CreateTempSubdirectory("kist-seal-").FullName;
        try
        {
            var (server, _, token) = await UnsealedAsync(new Settings { AuditFolders = [folder] });
            await using (server)
            {
                var file = Path.Combine(folder, "audit.log");
                await server.DoAsync("PUT", "sys/audit/file",
                    $$$"""{"type":"file","options":{"file_path":"{{{file}}}"}}""", token);
                await server.DoAsync("PUT", "sys/seal", null, token);
                var lines = File.ReadAllLines(file)
                    .Where(line => line.Contains("\"sys/seal\"", StringComparison.Ordinal));
                Assert.Equal(["request", "response"], lines.Select(line =>
                    System.Text.Json.JsonDocument.Parse(line).RootElement.Text("type")));
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task ACancelMayNameItsAttemptAndMustNameTheRightOne()
    {
        var (server, _, _) = await UnsealedAsync();
        await using (server)
            foreach (var (path, body) in ((string, string)[])
            [
                ("sys/rekey/init", """{"secret_shares":1,"secret_threshold":1}"""), ("sys/generate-root/attempt", "{}"),
            ])
            {
                var begun = await server.DoAsync("PUT", path, body);
                await server.RefusedAsync(400, "DELETE", path, """{"nonce":"another"}""");
                Assert.True((await server.DoAsync("GET", path)).GetProperty("started").GetBoolean());
                await server.DoAsync("DELETE", path, $$"""{"nonce":"{{begun.Text("nonce")}}"}""");
                Assert.False((await server.DoAsync("GET", path)).GetProperty("started").GetBoolean());
                await server.DoAsync("PUT", path, body);
                await server.DoAsync("DELETE", path);
                Assert.False((await server.DoAsync("GET", path)).GetProperty("started").GetBoolean());
            }
    }

    internal static string Decode(string encoded, string password)
    {
        var bytes = Convert.FromBase64String(encoded + new string('=', -encoded.Length & 3));
        return string.Concat(bytes.Select((b, i) => (char)(b ^ password[i])));
    }
}
