namespace Kist.Client.Tests.Samples;

/// <summary>samples/aspnet goes from hard-coded values to the server, and is the same program all the way.</summary>
public sealed class ShopTests : IDisposable
{
    private const string Receipt = "Corner shop received payment for order 7, signed 7eaa3f21e88b920d";
    private readonly string _folder = Directory.CreateTempSubdirectory("kist-shop-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Step0IsHardCoded()
    {
        Take("0-hard-coded");
        await using var shop = ShopProcess.Start(_folder, Nothing);
        Assert.Equal(Receipt, await shop.GetAsync("receipts/7"));
    }

    [Fact]
    public async Task Step1IsInTheEnvironment()
    {
        Take("1-environment");
        File.WriteAllText(Path.Combine(_folder, ".env"), "Shop__SigningKey=tall-ships-9\n");
        await using var shop = ShopProcess.Start(_folder, Nothing, KistBinary.Path, "run", "--");
        Assert.Equal(Receipt, await shop.GetAsync("receipts/7"));
    }

    [Fact]
    public async Task Step2IsInAnEncryptedFile()
    {
        Take("2-encrypted-file");
        using var person = new KistRun();
        var made = await person.ShellAsync($$"""
            set -e
            cd '{{_folder}}'
            $KIST age keygen -o key.txt 2> /dev/null
            mkdir -p .kist secrets
            printf '[env.dev]\nfile = "secrets/dev.yaml"\n' > .kist/config.toml
            printf 'app:\n  shop:\n    SigningKey: tall-ships-9\n' > secrets/dev.yaml
            $KIST file encrypt -i --age "$($KIST age keygen -y key.txt)" secrets/dev.yaml
            """);
        Assert.True(made.ExitCode == 0, made.Error);
        Assert.DoesNotContain("tall-ships-9", File.ReadAllText(Path.Combine(_folder, "secrets", "dev.yaml")));
        var key = new Dictionary<string, string> { ["SOPS_AGE_KEY_FILE"] = Path.Combine(_folder, "key.txt") };
        await using var shop = ShopProcess.Start(_folder, key, KistBinary.Path, "run", "--");
        Assert.Equal(Receipt, await shop.GetAsync("receipts/7"));
    }

    [Fact]
    public async Task Step3IsOnAServerAndFollowsIt()
    {
        Take("3-server");
        await using var server = await KistServer.StartQuickAsync();
        var token = server.QuickStart.RootToken;
        await server.SendAsync("POST", "/v1/prod/data/shop", token, """{"data":{"SigningKey":"tall-ships-9"}}""");
        await using var shop = ShopProcess.Start(_folder, new Dictionary<string, string>
        {
            ["KIST_ADDR"] = server.Address.ToString(), ["KIST_TOKEN"] = token,
        });
        Assert.Equal(Receipt, await shop.GetAsync("receipts/7"));
        Assert.Equal("Healthy", await shop.GetAsync("healthz"));

        await server.SendAsync("POST", "/v1/prod/data/shop", token, """{"data":{"SigningKey":"small-boats-3"}}""");
        await TestServer.UntilAsync(async () => await shop.GetAsync("receipts/7") != Receipt, "the new key signs");
        await server.KillAsync();
        Assert.StartsWith("Corner shop received", await shop.GetAsync("receipts/7"));
        Assert.DoesNotContain("tall-ships-9", shop.Output);
    }

    private static Dictionary<string, string> Nothing { get; } = [];

    private void Take(string step)
    {
        var from = Path.Combine(KistBinary.RepositoryRoot, "samples", "aspnet", "steps", step);
        foreach (var file in Directory.GetFiles(from))
            File.Copy(file, Path.Combine(_folder, Path.GetFileName(file)));
    }
}
