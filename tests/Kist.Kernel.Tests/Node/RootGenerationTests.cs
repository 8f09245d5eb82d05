using System.Text;
using Kist.Kernel.Node;
using Kist.Secrets;
using Xunit;

namespace Kist.Kernel.Tests.Node;

public sealed class RootGenerationTests
{
    [Fact]
    public async Task TheLastShareBringsATokenThatOnlyTheOneTimePasswordDecodes()
    {
        await using var scene = new NodeScene();
        var (node, keys) = await scene.StartUnsealedAsync(3, 2);
        using (keys)
        using (var password = RootGeneration.NewPassword())
        {
            var roots = node.Current!.RootGeneration;
            var (begun, _) = await roots.BeginAsync(password, default);
            var (half, _) = await roots.GiveAsync(keys.Shares[0], begun!.Nonce, default);
            Assert.Equal((1, 2, null), (half!.Progress, half.Required, half.EncodedToken));
            Assert.Contains("already been provided",
                (await roots.GiveAsync(keys.Shares[0], begun.Nonce, default)).Fault!.Message);
            var (done, _) = await roots.GiveAsync(keys.Shares[2], begun.Nonce, default);
            var bytes = Convert.FromBase64String(done!.EncodedToken + new string('=', -done.EncodedToken!.Length & 3));
            for (var i = 0; i < bytes.Length; i++) bytes[i] ^= password.Span[i];
            var token = await node.Current.Tokens.LookupAsync(Encoding.ASCII.GetString(bytes), default);
            Assert.Equal(["root"], token!.Policies);
            Assert.False((await roots.StatusAsync(default)).Status!.IsStarted);
        }
    }

    [Fact]
    public async Task APasswordOfAnotherLengthAndAWrongNonceAreRefused()
    {
        await using var scene = new NodeScene();
        var (node, keys) = await scene.StartUnsealedAsync(1, 1);
        using (keys)
        using (var password = RootGeneration.NewPassword())
        using (var tooShort = SecretBuffer.Rent(RootGeneration.PasswordBytes - 1))
        {
            var roots = node.Current!.RootGeneration;
            Assert.Equal("OTP string is wrong length", (await roots.BeginAsync(tooShort, default)).Fault!.Message);
            Assert.Equal("no root generation in progress",
                (await roots.GiveAsync(keys.Shares[0], "", default)).Fault!.Message);
            Assert.Null((await roots.BeginAsync(password, default)).Fault);
            Assert.NotNull((await roots.BeginAsync(password, default)).Fault);
            Assert.StartsWith("incorrect nonce supplied",
                (await roots.GiveAsync(keys.Shares[0], "", default)).Fault!.Message);
            Assert.NotNull(await roots.CancelAsync("other", default));
            Assert.Null(await roots.CancelAsync(null, default));
            Assert.False((await roots.StatusAsync(default)).Status!.IsStarted);
        }
    }

    [Fact]
    public async Task WrongSharesMakeNoToken()
    {
        await using var scene = new NodeScene();
        var (node, keys) = await scene.StartUnsealedAsync(1, 1);
        using (keys)
        using (var password = RootGeneration.NewPassword())
        using (var share = SecretBuffer.Rent(32))
        {
            var before = await node.Current!.Tokens.AccessorsAsync("", 100, default);
            var (begun, _) = await node.Current.RootGeneration.BeginAsync(password, default);
            var (_, fault) = await node.Current.RootGeneration.GiveAsync(share, begun!.Nonce, default);
            Assert.StartsWith("invalid key: ", fault!.Message);
            Assert.Equal(before, await node.Current.Tokens.AccessorsAsync("", 100, default));
        }
    }
}
