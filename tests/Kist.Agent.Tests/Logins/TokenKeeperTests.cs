using System.Collections.Concurrent;
using Kist.Agent.Configuration;
using Kist.Agent.Link;
using Kist.Agent.Logins;
using Kist.Kernel.Node;

namespace Kist.Agent.Tests.Logins;

/// <summary>Logins of every kind, against a server that answers as Vault does.</summary>
public sealed class TokenKeeperTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("kist-agent-").FullName;
    private readonly ConcurrentQueue<string> _log = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_role_logs_in_and_its_secret_id_is_removed()
    {
        using var server = Vault(ttl: 3600);
        await RunAsync(server, Method("approle", ("role_id_file_path", Write("role", "role-1")),
            ("secret_id_file_path", Write("secret", "sid-planted"))), async keeper =>
        {
            Assert.Equal("tok-1", await keeper.TokenAsync(CancellationToken.None));
            var asked = server.Requests[0];
            Assert.Equal(("POST", "/v1/auth/approle/login", """{"role_id":"role-1","secret_id":"sid-planted"}"""),
                (asked.Method, asked.Path, asked.Body));
            Assert.False(File.Exists(Path.Combine(_folder, "secret")));
        });
        Assert.DoesNotContain("planted", string.Join('\n', _log));
    }

    [Theory]
    [InlineData("userpass", "/v1/auth/userpass/login/al%20ice", """{"password":"pw"}""")]
    [InlineData("ldap", "/v1/auth/ldap/login/al%20ice", """{"password":"pw"}""")]
    [InlineData("jwt", "/v1/auth/jwt/login", """{"role":"app","jwt":"pw"}""")]
    [InlineData("kubernetes", "/v1/auth/kubernetes/login", """{"role":"app","jwt":"pw"}""")]
    public async Task Each_method_asks_at_its_path(string type, string path, string body)
    {
        using var server = Vault(ttl: 0);
        var file = Write("file", "pw\n");
        await RunAsync(server, Method(type, ("username", "al ice"), ("password_file_path", file), ("path", file),
            ("token_path", file), ("role", "app"), ("remove_jwt_after_reading", "false")), async keeper =>
        {
            await keeper.TokenAsync(CancellationToken.None);
            Assert.Equal((path, body), (server.Requests[0].Path, server.Requests[0].Body));
        });
    }

    [Fact]
    public async Task A_token_is_renewed_before_its_end_and_then_made_anew()
    {
        using var server = Vault(ttl: 2, renewals: 2);
        await RunAsync(server, Method("userpass", ("username", "a"), ("password_file_path", Write("pw", "x"))),
            async keeper =>
            {
                await UntilAsync(() => keeper.Current == "tok-2");
                Assert.True(server.Requests.Count(r => r.Path == "/v1/auth/token/renew-self") >= 2);
            });
    }

    [Fact]
    public async Task A_new_file_is_a_new_login()
    {
        using var server = new ScriptedServer(asked => asked.Token == "two"
            ? (200, """{"data":{"ttl":0,"renewable":false}}""")
            : (403, """{"errors":["permission denied"]}"""));
        var file = Write("token", "one");
        await RunAsync(server, Method("token_file", ("token_file_path", file)), async keeper =>
        {
            await keeper.FirstTry;
            Assert.Null(keeper.Current);
            Assert.Equal("the server does not know the token of the file", keeper.Trouble);
            Assert.False(keeper.IsServerAway);
            Write("token", "two-");
            Write("token", "two");
            await UntilAsync(() => keeper.Current == "two");
        });
        Assert.Single(_log, line => line.Contains("cannot log in"));
    }

    [Fact]
    public async Task A_token_file_that_others_can_read_is_refused()
    {
        using var server = Vault(ttl: 0);
        var file = Write("token", "one");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        await RunAsync(server, Method("token_file", ("token_file_path", file)), async keeper =>
        {
            await keeper.FirstTry;
            Assert.Equal($"{file} can be read or written by everyone on this machine: chmod 600 {file}",
                keeper.Trouble);
        });
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task A_refused_token_is_looked_at_once_and_replaced()
    {
        var known = true;
        using var server = Vault(ttl: 0, isKnown: () => known);
        await RunAsync(server, Method("userpass", ("username", "a"), ("password_file_path", Write("pw", "x"))),
            async keeper =>
            {
                var token = await keeper.TokenAsync(CancellationToken.None);
                Assert.False(await keeper.SuspectAsync(token, CancellationToken.None));
                Assert.Equal(token, keeper.Current);
                known = false;
                // Not more than once in a second.
                while (!await keeper.SuspectAsync(token, CancellationToken.None)) await Task.Delay(50);
                Assert.Equal("tok-2", keeper.Current);
            });
    }

    // Logins give tok-1, tok-2, …; each token can be renewed so often.
    private static ScriptedServer Vault(int ttl, int renewals = 0, Func<bool>? isKnown = null)
    {
        var (logins, renewed) = (0, 0);
        return new ScriptedServer(asked =>
        {
            if (asked.Path == "/v1/auth/token/lookup-self")
                return isKnown?.Invoke() ?? true ? (200, """{"data":{"ttl":0}}""") : (403, """{"errors":["no"]}""");
            if (asked.Path == "/v1/auth/token/renew-self")
                return ++renewed <= renewals
                    ? (200, $$$"""{"auth":{"lease_duration":{{{ttl}}},"renewable":true}}""")
                    : (403, """{"errors":["permission denied"]}""");
            return (200, $$$"""
                {"auth":{"client_token":"tok-{{{++logins}}}","lease_duration":{{{ttl}}},"renewable":true}}
                """);
        });
    }

    private async Task RunAsync(ScriptedServer server, MethodConfig method, Func<TokenKeeper, Task> test)
    {
        using var stop = new CancellationTokenSource();
        using var link = new ServerLink(new LinkSettings { Address = server.Address });
        var log = new AgentLog((level, text) =>
        {
            if (level >= LogLevel.Info) _log.Enqueue(text);
        });
        var keeper = new TokenKeeper(method, link, log, new AgentMetrics());
        var run = keeper.RunAsync(stop.Token);
        await test(keeper).WaitAsync(TimeSpan.FromSeconds(30));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
    }

    private static MethodConfig Method(string type, params (string Key, string Value)[] settings) =>
        new(type, $"auth/{type}")
        {
            Settings = settings.ToDictionary(s => s.Key, s => s.Value), LeastPause = TimeSpan.FromMilliseconds(50),
            MostPause = TimeSpan.FromMilliseconds(200),
        };

    private string Write(string name, string text)
    {
        var file = Path.Combine(_folder, name);
        WrittenFile.Write(file, System.Text.Encoding.UTF8.GetBytes(text), WrittenFile.OwnerOnly);
        return file;
    }

    private static async Task UntilAsync(Func<bool> holds)
    {
        while (!holds()) await Task.Delay(20);
    }
}
