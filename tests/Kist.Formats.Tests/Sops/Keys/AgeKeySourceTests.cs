using Kist.Formats.Age;
using Kist.Formats.Sops;
using Kist.Formats.Sops.Keys;
using Kist.Secrets;

namespace Kist.Formats.Tests.Sops.Keys;

/// <summary>Data keys for age recipients, and every place where identities are looked for.</summary>
public sealed class AgeKeySourceTests : IDisposable
{
    private const string Alice = "age1d4zd73ypudpc7vqha478dzzxzs73p7ntekv0cpgk6kfe8g5hadfsqn2f55";
    private readonly KeyHome _home = new();

    public void Dispose() => _home.Dispose();

    private static string AliceKey => File.ReadAllText(KeyHome.Key("TEST-age-alice.txt"));
    private static string AliceIdentity => AliceKey.Split('\n').Single(l => l.StartsWith("AGE-SECRET-KEY"));
    private static string Ssh(string name) => File.ReadAllText(KeyHome.Key(name));

    [Fact]
    public async Task An_entry_is_an_armored_file_that_the_age_program_opens()
    {
        using var source = new AgeKeySource(_home.Host);
        var wrapped = await source.Wrap(new AgeMasterKey(Alice));
        Assert.StartsWith("-----BEGIN AGE ENCRYPTED FILE-----\n", wrapped.Enc);
        Assert.EndsWith("-----END AGE ENCRYPTED FILE-----\n", wrapped.Enc);
        using var programs = new Tests.Age.Programs();
        File.WriteAllText(programs["enc"], wrapped.Enc);
        Assert.Equal(KeyTesting.DataKey,
            programs.Run("age", "-d", "-i", KeyHome.Key("TEST-age-alice.txt"), programs["enc"]));
    }

    [Theory]
    [InlineData("SOPS_AGE_KEY")]
    [InlineData("SOPS_AGE_KEY on one line")]
    [InlineData("SOPS_AGE_KEY_FILE")]
    [InlineData("SOPS_AGE_KEY_CMD")]
    [InlineData("SOPS_AGE_KEY_CMD by recipient")]
    [InlineData("keys.txt")]
    [InlineData("XDG_CONFIG_HOME")]
    [InlineData("a protected file")]
    public async Task Identities_of_every_place_open_it(string place)
    {
        switch (place)
        {
            case "SOPS_AGE_KEY": _home.Variables["SOPS_AGE_KEY"] = AliceKey; break;
            case "SOPS_AGE_KEY on one line":
                var bob = File.ReadAllLines(KeyHome.Key("TEST-age-bob.txt")).Last(l => l.StartsWith("AGE-"));
                _home.Variables["SOPS_AGE_KEY"] = $"{bob} {AliceIdentity}";
                break;
            case "SOPS_AGE_KEY_FILE": _home.Variables["SOPS_AGE_KEY_FILE"] = KeyHome.Key("TEST-age-alice.txt"); break;
            case "SOPS_AGE_KEY_CMD":
                _home.Variables["SOPS_AGE_KEY_CMD"] = $"cat '{KeyHome.Key("TEST-age-alice.txt")}'";
                break;
            case "SOPS_AGE_KEY_CMD by recipient":
                _home.Put("keys/" + Alice, AliceKey);
                _home.Variables["SOPS_AGE_KEY_CMD"] = _home.Program("find-key",
                    "#!/bin/sh\ncat \"$HOME/$1/$SOPS_AGE_RECIPIENT\"\n")
                    + " \"keys\"";
                break;
            case "keys.txt": _home.Put(".config/sops/age/keys.txt", AliceKey); break;
            case "XDG_CONFIG_HOME":
                _home.Put("xdg/sops/age/keys.txt", AliceKey);
                _home.Variables["XDG_CONFIG_HOME"] = Path.Combine(_home.Folder, "xdg");
                break;
            case "a protected file":
                using (var plain = new MemoryStream(System.Text.Encoding.ASCII.GetBytes(AliceKey)))
                using (var output = new MemoryStream())
                {
                    Assert.Null(AgeFile.Encrypt(plain, output, [new ScryptRecipient("sesame"u8, logN: 2)],
                        armor: true));
                    _home.Put(".config/sops/age/keys.txt", System.Text.Encoding.ASCII.GetString(output.ToArray()));
                }
                _home.Age = new AgeHost
                {
                    AskSecret = static _ => AgeOutcome<SecretBuffer>.Of(SecretBuffer.Copy("sesame"u8)),
                };
                break;
        }
        using var source = new AgeKeySource(_home.Host);
        await source.Opens(await source.Wrap(new AgeMasterKey(Alice)));
    }

    [Theory]
    [InlineData("TEST-ssh-ed25519", ".ssh/id_ed25519", null)]
    [InlineData("TEST-ssh-rsa", ".ssh/id_rsa", null)]
    [InlineData("TEST-ssh-ed25519", "key", "SOPS_AGE_SSH_PRIVATE_KEY_FILE")]
    [InlineData("TEST-ssh-rsa", "key", "SOPS_AGE_SSH_PRIVATE_KEY_CMD")]
    public async Task Ssh_keys_open_what_was_encrypted_to_them(string key, string file, string? variable)
    {
        var path = _home.Put(file, Ssh(key));
        if (variable is not null) _home.Variables[variable] = variable.EndsWith("CMD") ? $"cat {path}" : path;
        using var source = new AgeKeySource(_home.Host);
        await source.Opens(await source.Wrap(new AgeMasterKey(Ssh(key + ".pub").Trim())));
    }

    [Fact]
    public async Task A_post_quantum_recipient_is_opened_by_its_key()
    {
        _home.Variables["SOPS_AGE_KEY_FILE"] = KeyHome.Key("TEST-age-pq.txt");
        var recipient = File.ReadAllLines(KeyHome.Key("TEST-age-pq.txt")).First(l => l.Contains("age1pq1"));
        using var source = new AgeKeySource(_home.Host);
        await source.Opens(await source.Wrap(new AgeMasterKey(recipient[recipient.IndexOf("age1pq1")..].Trim())));
    }

    [Fact]
    public async Task A_place_that_is_broken_does_not_stop_the_others()
    {
        _home.Variables["SOPS_AGE_KEY"] = "sesame";
        _home.Variables["SOPS_AGE_KEY_FILE"] = "/nonexistent/keys.txt";
        _home.Variables["SOPS_AGE_KEY_CMD"] = "false";
        _home.Put(".ssh/id_rsa", "garbage");
        _home.Put(".config/sops/age/keys.txt", AliceKey);
        using var source = new AgeKeySource(_home.Host);
        await source.Opens(await source.Wrap(new AgeMasterKey(Alice)));
    }

    [Fact]
    public async Task Without_a_key_it_says_where_keys_were_looked_for_and_what_to_do()
    {
        using var source = new AgeKeySource(_home.Host);
        var message = await source.Fails(await source.Wrap(new AgeMasterKey(Alice)));
        Assert.StartsWith("there is no age identity; looked at: ", message);
        foreach (var place in (string[])["SOPS_AGE_KEY is not set", "SOPS_AGE_KEY_FILE is not set",
            "SOPS_AGE_KEY_CMD is not set", ".config/sops/age/keys.txt is not there", ".ssh/id_ed25519 is not there"])
            Assert.Contains(place, message);
        Assert.Contains("point SOPS_AGE_KEY_FILE to the file", message);
    }

    [Fact]
    public async Task With_the_wrong_key_it_names_the_places_and_never_the_key()
    {
        _home.Variables["SOPS_AGE_KEY"] = AliceIdentity;
        _home.Variables["SOPS_AGE_KEY_FILE"] = "/nonexistent/keys.txt";
        _home.Variables["SOPS_AGE_KEY_CMD"] = "sh/../sh -c true";
        using var source = new AgeKeySource(_home.Host);
        var bob = "age1e6t8uydmk3vjdyvy7xtrrc66px9k3mylc9vld2l99p7gfwk4csuqay53x4";
        var message = await source.Fails(await source.Wrap(new AgeMasterKey(bob)));
        Assert.StartsWith("no age identity fits; looked at: ", message);
        Assert.Contains("SOPS_AGE_KEY (1 identity)", message);
        Assert.Contains("SOPS_AGE_KEY_FILE (/nonexistent/keys.txt) is not there", message);
        Assert.Contains("sh/../sh is neither a bare name nor an absolute path", message);
        Assert.DoesNotContain(AliceIdentity[..30], message);
    }

    [Fact]
    public async Task A_damaged_entry_is_told_from_a_missing_key()
    {
        _home.Variables["SOPS_AGE_KEY"] = AliceKey;
        using var source = new AgeKeySource(_home.Host);
        var wrapped = await source.Wrap(new AgeMasterKey(Alice));
        var at = wrapped.Enc.Length - 60;
        var other = wrapped.Enc[at] == 'A' ? 'B' : 'A';
        Assert.Contains("the encrypted data key is damaged",
            await source.Fails(wrapped with { Enc = wrapped.Enc[..at] + other + wrapped.Enc[(at + 1)..] }));
    }
}
