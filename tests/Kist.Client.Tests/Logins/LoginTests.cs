using Kist.Client.Api;
using Kist.Client.Logins;
using Kist.Secrets;

namespace Kist.Client.Tests.Logins;

public sealed class LoginTests(TestServer server)
{
    [Fact]
    public async Task LogsInAgainWhenTheTokenIsRevokedUnderWay()
    {
        await using var root = server.NewClient();
        await using var client = server.NewClient(await UserAsync());
        var first = await client.Tokens.LookUpSelfAsync();
        await root.Tokens.RevokeAsync(first.Accessor);
        var second = await client.Tokens.LookUpSelfAsync();
        Assert.NotEqual(first.Accessor, second.Accessor);
        Assert.Equal(2, client.LoginCount);
    }

    [Fact]
    public async Task ManyWhoAreRefusedAtOnceLogInOnce()
    {
        await using var root = server.NewClient();
        await using var client = server.NewClient(await UserAsync());
        await root.Tokens.RevokeAsync((await client.Tokens.LookUpSelfAsync()).Accessor);
        var found = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => client.Tokens.LookUpSelfAsync()));
        Assert.Single(found.Select(f => f.Accessor).Distinct());
        Assert.Equal(2, client.LoginCount);
    }

    [Fact]
    public async Task ADenialIsNoReasonToLogInAgain()
    {
        await using var client = server.NewClient(await UserAsync());
        for (var i = 0; i < 3; i++)
            Assert.Equal(KistFailure.Denied,
                (await Assert.ThrowsAsync<KistException>(() => client.ReadAsync("secret/data/forbidden"))).Failure);
        Assert.Equal(1, client.LoginCount);
    }

    [Fact]
    public async Task RenewsBeforeTheTimeIsOver()
    {
        await using var root = server.NewClient();
        using var grant = await root.Tokens.CreateAsync(
            new TokenWish { Policies = ["default"], Duration = TimeSpan.FromSeconds(3) });
        await using var client = server.NewClient(TokenLogin.Of(grant.Token.RevealText()));
        await client.Tokens.LookUpSelfAsync();
        // Without a renewal it is gone after three seconds.
        using var past = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        while (!past.IsCancellationRequested)
        {
            Assert.Equal(grant.Accessor, (await client.Tokens.LookUpSelfAsync()).Accessor);
            await Task.Delay(100);
        }
    }

    [Fact]
    public async Task TakesAnotherTokenBeforeTheLongestLifeEnds()
    {
        var user = TestServer.NewName();
        await using var root = server.NewClient();
        await EnableAsync(root);
        using (await root.WriteAsync($"auth/userpass/users/{user}", json =>
        {
            json.WriteString("password", "pw-of-user");
            json.WriteString("token_ttl", "2s");
            json.WriteString("token_max_ttl", "3s");
        })) { }
        await using var client = server.NewClient(PostedLogin.UserPass(user, SecretBytes.FromText("pw-of-user")));
        await client.Tokens.LookUpSelfAsync();
        await TestServer.UntilAsync(() => client.LoginCount >= 3, "it logs in again by itself");
        await client.Tokens.LookUpSelfAsync();
    }

    [Fact]
    public async Task ReadsTheTokenFileAgainWhenItChanges()
    {
        await using var root = server.NewClient();
        using var first = await root.Tokens.CreateAsync(new TokenWish { Policies = ["default"] });
        using var second = await root.Tokens.CreateAsync(new TokenWish { Policies = ["default"] });
        var file = Path.Combine(Directory.CreateTempSubdirectory("kist-token-").FullName, "token");
        File.WriteAllText(file, first.Token.RevealText() + "\n");
        await using var client = server.NewClient(TokenLogin.FromFile(file));
        Assert.Equal(first.Accessor, (await client.Tokens.LookUpSelfAsync()).Accessor);
        File.WriteAllText(file, second.Token.RevealText());
        File.SetLastWriteTimeUtc(file, File.GetLastWriteTimeUtc(file).AddSeconds(1));
        Assert.Equal(second.Accessor, (await client.Tokens.LookUpSelfAsync()).Accessor);
        Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
    }

    [Fact]
    public async Task SaysWhatIsWrongWithATokenAndNeverTheToken()
    {
        await using var revoked = server.NewClient(TokenLogin.Of("kst.hunter2hunter2hunter2"));
        var e = await Assert.ThrowsAsync<KistException>(() => revoked.ReadAsync("secret/data/x"));
        Assert.Equal(KistFailure.Denied, e.Failure);
        Assert.DoesNotContain("hunter2", e.ToString());

        await using var missing = server.NewClient(TokenLogin.FromFile("/nonexistent/token"));
        e = await Assert.ThrowsAsync<KistException>(() => missing.ReadAsync("secret/data/x"));
        Assert.Equal(KistFailure.Settings, e.Failure);
        Assert.Contains("/nonexistent/token", e.Message);

        await using var wrong = server.NewClient(PostedLogin.UserPass("nobody", SecretBytes.FromText("hunter2")));
        e = await Assert.ThrowsAsync<KistException>(() => wrong.ReadAsync("secret/data/x"));
        Assert.DoesNotContain("hunter2", e.ToString());
    }

    [Theory]
    [InlineData("KIST_ADDR=http://k:1,VAULT_ADDR=http://v:1,KIST_TOKEN=a,VAULT_TOKEN=b", "http://k:1/", "given")]
    [InlineData("VAULT_ADDR=http://v:1,VAULT_TOKEN=b", "http://v:1/", "given")]
    [InlineData("KIST_TOKEN_FILE=/x,VAULT_TOKEN=b", "http://127.0.0.1:8200/", "/x")]
    [InlineData("KIST_ADDR=unix:///run/kist.sock", "unix:///run/kist.sock", null)]
    [InlineData("VAULT_AGENT_ADDR=unix:///run/agent.sock,VAULT_ADDR=http://v:1", "unix:///run/agent.sock", null)]
    [InlineData("KIST_AGENT_ADDR=http://a:1,KIST_ADDR=http://k:1", "http://a:1/", null)]
    [InlineData("VAULT_AGENT_ADDR=http://a:1,KIST_ADDR=http://k:1", "http://k:1/", null)]
    public void IsSetByTheEnvironment(string variables, string address, string? login)
    {
        var set = variables.Split(',').Select(v => v.Split('=')).ToDictionary(v => v[0], v => v[1]);
        set["HOME"] = "/nonexistent";
        var options = EnvironmentSettings.Read(set.GetValueOrDefault);
        Assert.Equal(address, options.Address.ToString());
        if (login is null) Assert.Null(options.Login);
        else Assert.Contains(login, options.Login!.Name);
    }

    private async Task<PostedLogin> UserAsync()
    {
        var user = TestServer.NewName();
        await using var root = server.NewClient();
        await EnableAsync(root);
        using (await root.WriteAsync($"auth/userpass/users/{user}", json => json.WriteString("password", "pw-of-user")))
            return PostedLogin.UserPass(user, SecretBytes.FromText("pw-of-user"));
    }

    private static async Task EnableAsync(KistClient root)
    {
        try
        {
            await root.Sys.MountAuthAsync("userpass", "userpass");
        }
        catch (KistException e) when (e.Failure == KistFailure.Invalid)
        {
            // Another test was first.
        }
    }
}
