using Kist.Client.Configuration;
using Microsoft.Extensions.Configuration;

namespace Kist.Client.Tests.Guide;

/// <summary>The code in the guide is code that is compiled and run.</summary>
public sealed class GuideTests
{
    [Fact]
    public void EveryBlockOfCodeStandsInTheFileThatItNames()
    {
        var lines = File.ReadAllLines(Path.Combine(KistBinary.RepositoryRoot, "docs", "guide", "dotnet.md"));
        var blocks = 0;
        for (var i = 0; i < lines.Length; i++)
        {
            if (lines[i] is not ("```csharp" or "```jsonc")) continue;
            blocks++;
            Assert.StartsWith("// ", lines[i + 1]);
            var name = lines[i + 1][3..];
            var block = lines.Skip(i + 2).TakeWhile(l => l != "```").Select(l => l.Trim());
            var file = File.ReadAllLines(Path.Combine(KistBinary.RepositoryRoot, name)).Select(l => l.Trim());
            Assert.True(string.Join('\n', file).Contains(string.Join('\n', block), StringComparison.Ordinal),
                $"docs/guide/dotnet.md:{i + 2}: {name} has no such lines");
        }
        Assert.True(blocks >= 6);
    }

    [Fact]
    public async Task TheExamplesDoWhatTheGuideSays()
    {
        await using var server = await KistServer.StartQuickAsync();
        var token = server.QuickStart.RootToken;
        foreach (var (path, json) in new[]
        {
            ("prod/data/shop", """{"data":{"SigningKey":"tall-ships-9"}}"""),
            ("prod/data/database", """{"data":{"password":"pw-1"}}"""),
            ("prod/data/site", """{"data":{"host":"www"}}"""),
            ("prod/data/app", """{"data":{"key":"k1"}}"""), ("prod/data/app", """{"data":{"key":"k2"}}"""),
            ("prod/data/app", """{"data":{"key":"k3"}}"""), ("prod/data/app", """{"data":{"key":"k4"}}"""),
            ("sys/auth/userpass", """{"type":"userpass"}"""),
            ("sys/policies/acl/app", """{"policy":"path \"prod/data/*\" { capabilities = [\"read\"] }"}"""),
            ("auth/userpass/users/app", """{"password":"pw-of-app","token_policies":["app"]}"""),
        })
            Assert.InRange((await server.SendAsync("POST", "/v1/" + path, token, json)).Status, 200, 299);

        var seen = "";
        await Examples.ReadAsync(server.Address, "pw-of-app", value => seen = value);
        Assert.Equal("tall-ships-9", seen);

        await using var client = TestServer.NewClient(server.Address, Kist.Client.Logins.TokenLogin.Of(token));
        await Examples.ConnectAsync(client);
        var file = Path.Combine(KistBinary.RepositoryRoot, "tests", "Kist.Client.Tests", "Guide", "appsettings.json");
        var settings = new ConfigurationBuilder().AddJsonFile(file).AddKist(client).Build();
        Assert.Equal("Host=db;Username=app;Password=pw-1;Timeout=5", settings["ConnectionStrings:Main"]);
        Assert.Equal("https://www.example.com", settings["ConnectionStrings:Site"]);
        Assert.Equal("k3", settings["Old"]);
        Assert.Equal("blue", settings["Color"]);
    }
}
