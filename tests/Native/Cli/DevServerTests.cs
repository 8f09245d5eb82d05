using Kist.Testing;
using Xunit;

namespace Kist.Native.Tests.Cli;

/// <summary><c>kist server -dev</c> as a person at the same machine uses it.</summary>
public sealed class DevServerTests
{
    [Fact]
    public async Task The_next_commands_find_the_token_and_the_mount()
    {
        await using var server = await KistServer.StartDevAsync();
        using var kist = new KistRun(server.Address.GetLeftPart(UriPartial.Authority), token: null)
            .With("HOME", server.Directory);

        (await kist.RunAsync("put", "secret/x", "a=1", "-q")).Succeeded();

        Assert.Equal("1", (await kist.RunAsync("get", "secret/x", "a")).Succeeded());
        Assert.Contains("Root Token: " + KistServer.DevRootToken, server.Log);
    }

    [Fact]
    public async Task Vaults_variables_say_where_the_server_is()
    {
        await using var server = await KistServer.StartDevAsync("-dev-no-store-token");
        using var kist = new KistRun(token: null)
            .With("VAULT_ADDR", server.Address.GetLeftPart(UriPartial.Authority))
            .With("HOME", server.Directory);

        (await kist.RunAsync("get", "secret/x")).Failed(2, "no token was sent", "kist login");
        kist.With("VAULT_TOKEN", KistServer.DevRootToken);
        (await kist.RunAsync("get", "secret/x")).Failed(2, "there is no secret", "kist list secret");
    }
}
