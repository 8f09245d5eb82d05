using Kist.Testing;
using Xunit;

namespace Kist.Clients.Tests;

/// <summary>The samples climb the ladder from hard-coded values to the server, and print the same on every step.
/// </summary>
public sealed class SampleTests(SharedServer shared)
{
    private const string Values = """
        DATABASE_URL=postgres://shop:tall-ships-9@db.internal/shop
        SIGNING_KEY=signing-key-of-the-sample
        LOG_LEVEL=debug

        """;

    [Theory]
    [InlineData("node", "node main.js", " ./hard-coded")]
    [InlineData("python", "python3 main.py", " hard_coded")]
    public async Task Every_step_prints_the_same(string sample, string program, string hardCoded)
    {
        var server = await shared.GetAsync();
        using var kist = new KistRun(server.Address.GetLeftPart(UriPartial.Authority), server.QuickStart.RootToken);
        foreach (var file in Directory.EnumerateFiles(Path.Combine(KistBinary.RepositoryRoot, "samples", sample)))
            File.Copy(file, Path.Combine(kist.Home, Path.GetFileName(file)));

        var first = await OutputAsync(kist, program + hardCoded);
        Assert.Matches(
            """^\{"order":"order-17","database":"db.internal/shop","user":"shop","signature":"[0-9a-f]{64}"\}""",
            first);

        Write(kist, ".env", Values);
        Assert.Equal(first, await OutputAsync(kist, "$KIST run -- " + program));

        Write(kist, ".kist/config.toml", $$"""
            [env.dev]
            file = "dev.env"
            [env.prod]
            server = "{{server.Address.GetLeftPart(UriPartial.Authority)}}"
            mounts = { app = "prod" }
            """);
        await OutputAsync(kist, "$KIST env import --to app/shop --yes");
        Assert.DoesNotContain("tall-ships", await File.ReadAllTextAsync(Path.Combine(kist.Home, ".env")));
        Assert.Equal(first, await OutputAsync(kist, "$KIST run -- " + program));

        var plain = await OutputAsync(kist, "$KIST env export --format json --only DATABASE_URL,SIGNING_KEY");
        await OutputAsync(kist, "$KIST age keygen -o key 2>/dev/null; "
            + "$KIST file encrypt -i --age $($KIST age keygen -y key) dev.env");
        Assert.DoesNotContain("tall-ships", await File.ReadAllTextAsync(Path.Combine(kist.Home, "dev.env")));
        kist.With("SOPS_AGE_KEY_FILE", Path.Combine(kist.Home, "key"));
        Assert.Equal(first, await OutputAsync(kist, "$KIST run -- " + program));

        var saved = await kist.WithInputAsync(plain, "put", "prod/shop", "-");
        Assert.True(saved.ExitCode == 0, saved.Error);
        Assert.Equal(first, await OutputAsync(kist, "$KIST run --env prod -- " + program));
        Assert.Equal(first, await OutputAsync(kist, "$KIST run --env prod --no-mask -- " + program));
    }

    private static async Task<string> OutputAsync(KistRun kist, string script)
    {
        var ran = await kist.ShellAsync(script);
        Assert.True(ran.ExitCode == 0, ran.Error + ran.Output);
        return ran.Output;
    }

    private static void Write(KistRun kist, string name, string content)
    {
        var path = Path.Combine(kist.Home, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
    }
}
