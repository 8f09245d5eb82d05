using Kist.Kernel.Pipeline;
using Kist.Server.Tests.Engines;
using Xunit;

namespace Kist.Server.Tests.Logins.UserPass;

public sealed class RenewalTests
{
    private const string User = "auth/people/users/alice";

    [Fact]
    public async Task A_token_is_renewed_by_what_its_user_says_now()
    {
        await using var live = await StartAsync();
        var token = await LogInAsync(live);
        await live.SendAsync(Operation.Update, User, """{"token_ttl":"1h"}""");
        using var response = await RenewAsync(live, token);
        Assert.Equal(TimeSpan.FromHours(1), response.Token!.Ttl);
    }

    [Fact]
    public async Task Other_policies_end_renewal_until_they_are_the_same_again()
    {
        await using var live = await StartAsync();
        var token = await LogInAsync(live);
        await live.SendAsync(Operation.Update, User + "/policies", """{"policies":"b"}""");
        Assert.Equal("1 error occurred:\n\t* failed to renew entry: policies have changed, not renewing\n\n",
            (await RenewAsync(live, token)).Fault!.Text);
        await live.SendAsync(Operation.Update, User + "/policies", """{"token_policies":["A","default"]}""");
        Assert.NotNull((await RenewAsync(live, token)).Token);
    }

    [Fact]
    public async Task A_token_whose_user_is_gone_lives_on_as_long_as_it_had()
    {
        await using var live = await StartAsync();
        var token = await LogInAsync(live);
        await live.SendAsync(Operation.Delete, User);
        live.Clock.Advance(TimeSpan.FromMinutes(9));
        Assert.Same(Response.None, await RenewAsync(live, token));
        live.Clock.Advance(TimeSpan.FromMinutes(2));
        Assert.Same(Fault.BadToken, (await RenewAsync(live, token)).Fault);
    }

    private static async Task<LiveNode> StartAsync()
    {
        var live = await LiveNode.StartAsync();
        await live.MountAsync("auth/people/", "userpass");
        await live.SendAsync(Operation.Update, User, """{"password":"right","token_policies":"a","token_ttl":"10m"}""");
        return live;
    }

    private static async Task<string> LogInAsync(LiveNode live)
    {
        using var response = await live.SendAsync(
            Operation.Update, "auth/people/login/alice", """{"password":"right"}""", "");
        return response.Token!.Token;
    }

    private static async Task<Response> RenewAsync(LiveNode live, string token) =>
        await live.SendAsync(Operation.Update, "auth/token/renew-self", "", token);
}
