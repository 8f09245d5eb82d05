using System.Text;
using Kist.Formats.Age;
using Kist.Secrets;

namespace Kist.Formats.Tests.Age;

/// <summary>Files go both ways between this library and the age program.</summary>
public sealed class InteropTests
{
    private static readonly int[] s_lengths = [0, 1, 47, 48, 65535, 65536, 65537, 600_000];

    [Fact]
    public void Native_keys_work_on_both_sides()
    {
        using var programs = new Programs();
        using var identity = X25519Identity.Generate();
        using var text = new SecretWriter();
        identity.Write(text);
        File.WriteAllBytes(programs["key"], text.WrittenSpan.ToArray());
        Assert.Equal(identity.Recipient + "\n",
            Encoding.ASCII.GetString(programs.Run("age-keygen", "-y", programs["key"])));
        BothWays(programs, [identity], identity.Recipient.ToString(), programs["key"]);
    }

    [Fact]
    public void Keys_that_age_made_are_read()
    {
        using var programs = new Programs();
        var file = programs.Run("age-keygen");
        File.WriteAllBytes(programs["key"], file);
        var identities = AgeIdentity.ParseFile(file, "key");
        Assert.Null(identities.Fault);
        var recipient = identities.Value![0].Recipients().Value![0].ToString()!;
        Assert.Contains("# public key: " + recipient, Encoding.ASCII.GetString(file));
        BothWays(programs, identities.Value!, recipient, programs["key"]);
    }

    [Theory]
    [InlineData("-t", "ed25519")]
    [InlineData("-t", "rsa", "-b", "2048")]
    [InlineData("-t", "rsa", "-b", "3072", "-m", "PEM")]
    [InlineData("-t", "rsa", "-b", "2048", "-m", "PKCS8")]
    public void Keys_of_ssh_keygen_work_on_both_sides(params string[] kind)
    {
        using var programs = new Programs();
        programs.Run("ssh-keygen", ["-q", .. kind, "-N", "", "-C", "alice@example.com", "-f", programs["key"]]);
        var identities = AgeIdentity.ParseFile(File.ReadAllBytes(programs["key"]), "key");
        Assert.Null(identities.Fault);
        var line = File.ReadAllText(programs["key.pub"]).Trim();
        Assert.Equal(line.Replace(" alice@example.com", ""), identities.Value![0].Recipients().Value![0].ToString());
        BothWays(programs, identities.Value!, line, programs["key"]);
    }

    [Fact]
    public void An_ed25519_key_in_PKCS8_is_the_same_key()
    {
        using var programs = new Programs();
        programs.Run("openssl", "genpkey", "-algorithm", "ed25519", "-out", programs["key"]);
        var identities = AgeIdentity.ParseFile(File.ReadAllBytes(programs["key"]), "key");
        Assert.Null(identities.Fault);
        var der = programs.Run("openssl", "pkey", "-in", programs["key"], "-pubout", "-outform", "DER");
        var blob = Convert.FromBase64String(identities.Value![0].Recipients().Value![0].ToString()!.Split(' ')[1]);
        Assert.Equal(der[^32..], blob[^32..]);
    }

    [Fact]
    public void A_file_for_many_opens_with_each_of_them()
    {
        using var programs = new Programs();
        programs.Run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", programs["ssh"]);
        File.WriteAllBytes(programs["key"], programs.Run("age-keygen"));
        string[] keys = ["ssh", "key"];
        var recipients = keys.Select(k => AgeIdentity.ParseFile(File.ReadAllBytes(programs[k]), k).Value![0]
            .Recipients().Value![0]).ToList();
        var file = AgeFile.Encrypt("value"u8, recipients).Value!;
        foreach (var key in keys)
            Assert.Equal("value"u8.ToArray(), programs.Run(file, "age", "-d", "-i", programs[key]));
    }

    private static void BothWays(
        Programs programs, IReadOnlyList<IAgeIdentity> identities, string recipient, string keyFile)
    {
        var recipients = AgeRecipient.Parse(recipient);
        Assert.Null(recipients.Fault);
        foreach (var length in s_lengths)
        {
            var plain = new byte[length];
            new Span<byte>(plain).Fill((byte)length);
            foreach (var armor in new[] { false, true })
            {
                var ours = AgeFile.Encrypt(plain, [recipients.Value!], armor);
                Assert.Equal(plain, programs.Run(ours.Value!, "age", "-d", "-i", keyFile));
                string[] flags = armor ? ["-a"] : [];
                var theirs = programs.Run(plain, "age", ["-r", recipient, .. flags]);
                var (fault, back) = AgeData.Decrypt(theirs, identities);
                Assert.Null(fault);
                Assert.Equal(plain, back);
            }
        }
    }
}
