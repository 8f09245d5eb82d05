using System.Text;
using Kist.Formats.Age;
using Kist.Secrets;

namespace Kist.Formats.Tests.Age;

/// <summary>SSH keys with a passphrase, as ssh-keygen writes them.</summary>
public sealed class ProtectedSshTests
{
    [Theory]
    [InlineData("ed25519", "aes256-ctr", 16)]
    [InlineData("ed25519", "aes128-cbc", 1)]
    [InlineData("ed25519", "aes192-ctr", 3)]
    [InlineData("rsa", "aes256-ctr", 2)]
    public void The_passphrase_opens_what_was_encrypted_to_the_key(string type, string cipher, int rounds)
    {
        using var programs = new Programs();
        programs.Run("ssh-keygen", "-q", "-t", type, "-N", "open sesame", "-Z", cipher, "-a", $"{rounds}", "-f",
            programs["id"]);
        Assert.True(AgeRecipient.Parse(File.ReadAllText(programs["id.pub"])).Try(out var recipient, out _));
        using var file = new MemoryStream();
        Assert.Null(AgeFile.Encrypt(new MemoryStream("secret"u8.ToArray()), file, [recipient]));
        var asked = new List<string>();
        Assert.True(AgeIdentity.ParseFile(File.ReadAllBytes(programs["id"]), "id", Asking(asked, "open sesame"))
            .Try(out var identities, out var fault), fault?.Message);
        for (var i = 0; i < 2; i++)
        {
            using var plain = AgeFile.Decrypt(file.ToArray(), identities).Value!;
            Assert.Equal("secret", Encoding.UTF8.GetString(plain.Span));
        }
        Assert.Equal(["Enter passphrase for SSH key \"id\""], asked);
    }

    [Fact]
    public void Nobody_is_asked_for_a_file_of_somebody_else_and_a_wrong_passphrase_is_told()
    {
        using var programs = new Programs();
        programs.Run("ssh-keygen", "-q", "-t", "ed25519", "-N", "open sesame", "-a", "1", "-f", programs["id"]);
        var asked = new List<string>();
        var identity = AgeIdentity.ParseFile(
            File.ReadAllBytes(programs["id"]), "id", Asking(asked, "sesame")).Value!.Single();
        using var other = X25519Identity.Generate();
        using var file = new MemoryStream();
        AgeFile.Encrypt(new MemoryStream([1]), file, [other.Recipient]);
        Assert.Equal(AgeFaultKind.NoMatch, AgeFile.Decrypt(file.ToArray(), [identity]).Fault!.Kind);
        Assert.Empty(asked);
        file.SetLength(0);
        AgeFile.Encrypt(new MemoryStream([1]), file, identity.Recipients().Value!);
        Assert.Equal("the passphrase of the SSH key id is not the right one",
            AgeFile.Decrypt(file.ToArray(), [identity]).Error);
    }

    [Fact]
    public void Without_anybody_to_ask_it_says_so()
    {
        using var programs = new Programs();
        programs.Run("ssh-keygen", "-q", "-t", "ed25519", "-N", "x", "-a", "1", "-f", programs["id"]);
        var identity = AgeIdentity.ParseFile(File.ReadAllBytes(programs["id"]), "id").Value!.Single();
        using var file = new MemoryStream();
        AgeFile.Encrypt(new MemoryStream([1]), file, identity.Recipients().Value!);
        Assert.Equal("the SSH key id has a passphrase, and nobody can be asked for it",
            AgeFile.Decrypt(file.ToArray(), [identity]).Error);
    }

    private static AgeHost Asking(List<string> asked, string answer) => new()
    {
        AskSecret = prompt =>
        {
            asked.Add(prompt);
            return AgeOutcome<SecretBuffer>.Of(SecretBuffer.Copy(Encoding.UTF8.GetBytes(answer)));
        },
    };
}
