using Kist.Formats.Sops;
using Kist.Formats.Sops.Keys;

namespace Kist.Formats.Tests.Sops.Keys;

/// <summary>Data keys for OpenPGP keys, by the real gpg.</summary>
public sealed class PgpKeySourceTests : IDisposable
{
    private readonly KeyHome _home = new();

    public PgpKeySourceTests()
    {
        // The path of the agent's socket is limited to about a hundred letters.
        _home.Variables["GNUPGHOME"] = Directory.CreateDirectory(Path.Combine(_home.Folder, "g")).FullName;
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(_home.Variables["GNUPGHOME"],
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    public void Dispose()
    {
        Gpg("gpgconf", "--kill", "all");
        _home.Dispose();
    }

    [Theory]
    [InlineData("TEST-pgp-rsa3072")]
    [InlineData("TEST-pgp-cv25519")]
    public async Task Gpg_encrypts_and_decrypts(string key)
    {
        Gpg("gpg", "--batch", "--import", KeyHome.Key(key + ".sec.asc"));
        var source = new PgpKeySource(_home.Host);
        var wrapped = await source.Wrap(new PgpMasterKey(Fingerprint(key), "2026-01-01T00:00:00Z"));
        Assert.StartsWith("-----BEGIN PGP MESSAGE-----", wrapped.Enc);
        Assert.EndsWith("-----END PGP MESSAGE-----", wrapped.Enc);
        await source.Opens(wrapped);
    }

    [Fact]
    public async Task The_public_key_encrypts_and_does_not_decrypt()
    {
        Gpg("gpg", "--batch", "--import", KeyHome.Key("TEST-pgp-cv25519.pub.asc"));
        var source = new PgpKeySource(_home.Host);
        var wrapped = await source.Wrap(new PgpMasterKey(Fingerprint("TEST-pgp-cv25519"), ""));
        var message = await source.Fails(wrapped);
        Assert.Contains("gpg cannot decrypt with the secret keys of " + _home.Variables["GNUPGHOME"], message);
        Assert.Contains("No secret key", message);
        Assert.Contains("import the secret key", message);
    }

    [Fact]
    public async Task A_key_that_is_not_there_is_named()
    {
        var outcome = await new PgpKeySource(_home.Host).WrapAsync(
            new PgpMasterKey("93DEECE3813BF31F9FA9D80515496A7DB1542E42", ""), KeyTesting.DataKey,
                CancellationToken.None);
        Assert.Contains("gpg cannot encrypt to 93DEECE3813BF31F9FA9D80515496A7DB1542E42", outcome.Fault!.Message);
        Assert.Contains("import the public key first", outcome.Fault.Message);
    }

    [Theory]
    [InlineData("--output=/tmp/x")]
    [InlineData("alice@example.com")]
    [InlineData("93DE")]
    public async Task A_name_that_is_no_fingerprint_reaches_no_program(string name)
    {
        var outcome = await new PgpKeySource(_home.Host).WrapAsync(
            new PgpMasterKey(name, ""), KeyTesting.DataKey, CancellationToken.None);
        Assert.Contains("is not named by its fingerprint", outcome.Fault!.Message);
    }

    [Theory]
    [InlineData("./gpg", "./gpg is neither a bare name nor an absolute path")]
    [InlineData("../bin/gpg", "../bin/gpg is neither a bare name nor an absolute path")]
    [InlineData("nosuchgpg", "there is no program nosuchgpg in PATH")]
    [InlineData("/nonexistent/gpg", "there is no program /nonexistent/gpg")]
    public async Task SOPS_GPG_EXEC_is_a_bare_name_or_an_absolute_path(string program, string message)
    {
        _home.Variables["SOPS_GPG_EXEC"] = program;
        Assert.Contains(message, await new PgpKeySource(_home.Host).Fails(new PgpMasterKey("", "", "x")));
    }

    [Fact]
    public async Task Another_program_can_stand_for_gpg_and_gets_no_other_keys()
    {
        _home.Variables["SOPS_GPG_EXEC"] = _home.Program("my-gpg",
            "#!/bin/sh\nenv > \"$HOME/env\"\nhead -c 1 > /dev/null\ncat \"$HOME/key\"\n");
        File.WriteAllBytes(Path.Combine(_home.Folder, "key"), KeyTesting.DataKey);
        _home.Variables["SOPS_AGE_KEY"] = _home.Variables["VAULT_TOKEN"] = "sesame";
        await new PgpKeySource(_home.Host).Opens(new PgpMasterKey("", "", "x"));
        var variables = File.ReadAllText(Path.Combine(_home.Folder, "env"));
        Assert.Contains("GNUPGHOME=", variables);
        Assert.DoesNotContain("sesame", variables);
    }

    [Fact]
    public async Task A_folder_of_PATH_that_depends_on_the_current_one_is_passed_over()
    {
        _home.Variables["PATH"] = ":.:bin";
        Assert.Contains("there is no program gpg in PATH",
            await new PgpKeySource(_home.Host).Fails(new PgpMasterKey("", "", "x")));
    }

    private static string Fingerprint(string key) => key == "TEST-pgp-rsa3072" ? Of("rsa3072") : Of("cv25519");

    private static string Of(string kind)
    {
        using var keys = System.Text.Json.JsonDocument.Parse(File.ReadAllText(KeyHome.Key("keys.json")));
        return keys.RootElement.EnumerateObject().Single(k => k.Name.Contains(kind)).Value.GetProperty("fingerprint")
            .GetString()!;
    }

    private void Gpg(string program, params string[] arguments)
    {
        var start = new System.Diagnostics.ProcessStartInfo(program, arguments)
        {
            RedirectStandardError = true, RedirectStandardOutput = true,
        };
        start.Environment["GNUPGHOME"] = _home.Variables["GNUPGHOME"];
        using var process = System.Diagnostics.Process.Start(start)!;
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, error);
    }
}
