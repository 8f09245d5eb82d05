using System.Text;
using CsCheck;
using Kist.Formats.Age;
using Kist.Secrets;

namespace Kist.Formats.Tests.Age;

/// <summary>Keys as people write them: into files, with mistakes.</summary>
public sealed class KeyTextTests
{
    private const string Alice = "age1d4zd73ypudpc7vqha478dzzxzs73p7ntekv0cpgk6kfe8g5hadfsqn2f55";

    [Theory]
    [InlineData("")]
    [InlineData("age1")]
    [InlineData("alice@example.com")]
    [InlineData("age1d4zd73ypudpc7vqha478dzzxzs73p7ntekv0cpgk6kfe8g5hadfsqn2f54")]
    [InlineData("age1D4zd73ypudpc7vqha478dzzxzs73p7ntekv0cpgk6kfe8g5hadfsqn2f55")]
    [InlineData("AGE1D4ZD73YPUDPC7VQHA478DZZXZS73P7NTEKV0CPGK6KFE8G5HADFSQN2F55")]
    [InlineData("ssh-ed25519")]
    [InlineData("ssh-ed25519 AAAA")]
    [InlineData("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("github:alice")]
    public void What_is_no_recipient_is_refused(string text) =>
        Assert.Equal(AgeFaultKind.Key, AgeRecipient.Parse(text).Fault?.Kind);

    [Fact]
    public void A_private_key_in_the_place_of_a_recipient_is_named_and_not_repeated()
    {
        using var identity = X25519Identity.Generate();
        using var text = new SecretWriter();
        identity.Write(text);
        var secret = Encoding.ASCII.GetString(text.WrittenSpan);
        var error = AgeRecipient.Parse(secret).Error;
        Assert.Contains("private key", error);
        Assert.DoesNotContain(secret[20..30], error);
    }

    [Fact]
    public void A_recipients_file_has_comments_blank_lines_and_any_newlines()
    {
        var warnings = new List<string>();
        var file = Encoding.UTF8.GetBytes($"# team\r\n\r\n{Alice}\r\n  {Alice}  \n"
            + "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY= bob\n");
        var outcome = AgeRecipient.ParseFile(file, "team.txt", warnings);
        Assert.Null(outcome.Error);
        Assert.Equal([Alice, Alice], outcome.Value!.Select(r => r.ToString()));
        Assert.Equal(["team.txt, line 5: an SSH key of type ecdsa-sha2-nistp256 is passed over"], warnings);
    }

    [Fact]
    public void A_mistake_in_a_recipients_file_is_named_by_its_line_and_not_repeated()
    {
        var file = Encoding.UTF8.GetBytes($"{Alice}\npassword=sesame\n");
        var outcome = AgeRecipient.ParseFile(file, "team.txt", []);
        Assert.StartsWith("team.txt, line 2: ", outcome.Error);
        Assert.DoesNotContain("sesame", outcome.Error);
        Assert.Equal("empty.txt holds no recipient", AgeRecipient.ParseFile("# x\n"u8, "empty.txt", []).Error);
    }

    [Fact]
    public void A_mistake_in_an_identity_file_is_named_by_its_line_and_not_repeated()
    {
        var file = AgeData.Read("keys", "TEST-age-alice.key");
        var last = file.AsSpan().TrimEnd("\n"u8).Length - 1;
        file[last] = file[last] == (byte)'Q' ? (byte)'P' : (byte)'Q';
        var error = AgeIdentity.ParseFile(file, "key.txt").Error;
        Assert.StartsWith("key.txt, line 4: ", error);
        Assert.DoesNotContain("AGE-SECRET-KEY-1", error);
    }

    [Theory]
    [InlineData(1, "AGE-SECRET-KEY-1")]
    [InlineData(2, "AGE-SECRET-KEY-PQ-1")]
    public void A_key_is_written_as_it_is_read(int kind, string beginning)
    {
        using var text = new SecretWriter();
        if (kind == 1) X25519Identity.Generate().Write(text);
        else HybridIdentity.Generate().Write(text);
        Assert.StartsWith(beginning, Encoding.ASCII.GetString(text.WrittenSpan));
        using var identity = AgeIdentity.Parse(text.WrittenSpan).Value!;
        Assert.Equal("[REDACTED]", identity.ToString());
        var recipient = identity.Recipients().Value![0].ToString()!;
        Assert.Equal(recipient, AgeRecipient.Parse(recipient).Value!.ToString());
    }

    [Fact]
    public void The_public_half_of_a_post_quantum_key_is_that_of_age() =>
        Assert.Contains(AgeData.Identities("TEST-age-pq.key")[0].Recipients().Value![0].ToString()!,
            Encoding.ASCII.GetString(AgeData.Read("keys", "TEST-age-pq.key")));

    [Fact]
    public void Bech32_text_comes_back_and_one_wrong_letter_is_found() =>
        Gen.Byte.Array[0, 80].Select(
            Gen.Bool, Gen.Int[0, 1000], Gen.Char["qpzry9x8gf2tvdw0s3jn54khce6mua7lb1i"]).Sample(
            (bytes, upper, at, letter) =>
            {
                var text = Encoding.ASCII.GetBytes(Bech32.Encode("age1name", bytes, upper));
                Assert.True(Bech32.TryDecode(text, out var prefix, out var back));
                Assert.Equal(upper ? "AGE1NAME" : "age1name", prefix);
                using (back) Assert.Equal(bytes, back.Span);
                at = 9 + at % (text.Length - 9);
                var wrong = (byte)(upper ? char.ToUpperInvariant(letter) : letter);
                if (text[at] == wrong) return;
                text[at] = wrong;
                Assert.False(Bech32.TryDecode(text, out _, out _));
            }, threads: 1);

    [Fact]
    public void Scrypt_is_that_of_RFC_7914()
    {
        var key = new byte[64];
        Assert.True(Sodium.TryScrypt("pleaseletmein"u8, "SodiumChloride"u8, 14, 8, 1, key));
        Assert.Equal("7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
            + "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887", Convert.ToHexStringLower(key));
    }

    [Fact]
    public void Work_that_no_memory_is_enough_for_is_no_exception() =>
        Assert.False(Sodium.TryScrypt("passphrase"u8, "salt"u8, 42, 8, 1, new byte[32]));

    [Fact]
    public void An_identity_file_with_a_passphrase_opens_when_needed_and_asks_once()
    {
        using var inner = X25519Identity.Generate();
        using var text = new SecretWriter();
        inner.Write(text);
        using var passphrase = new ScryptRecipient("correct horse"u8, logN: 2);
        var keyFile = AgeFile.Encrypt(text.WrittenSpan, [passphrase], armor: true).Value!;
        var asked = new List<string>();
        var host = new AgeHost
        {
            AskSecret = prompt =>
            {
                asked.Add(prompt);
                return AgeOutcome<SecretBuffer>.Of(SecretBuffer.Copy("correct horse"u8));
            },
        };
        var identities = AgeIdentity.ParseFile(keyFile, "key.age", host);
        Assert.Null(identities.Error);
        Assert.Empty(asked);
        var file = AgeFile.Encrypt("value"u8, [inner.Recipient]).Value!;
        for (var i = 0; i < 2; i++)
        {
            var plain = AgeFile.Decrypt(file, identities.Value!);
            Assert.Null(plain.Error);
            using (plain.Value) Assert.Equal("value"u8, plain.Value!.Span);
        }
        Assert.Equal(["Enter passphrase for identity file \"key.age\""], asked);
        Assert.Equal(AgeFaultKind.Refused,
            AgeFile.Decrypt(file, AgeIdentity.ParseFile(keyFile, "key.age").Value!).Fault?.Kind);
    }

    [Fact]
    public void A_wrong_passphrase_of_an_identity_file_says_which_file()
    {
        using var passphrase = new ScryptRecipient("correct horse"u8, logN: 2);
        var keyFile = AgeFile.Encrypt("x"u8, [passphrase]).Value!;
        var host = new AgeHost { AskSecret = _ => AgeOutcome<SecretBuffer>.Of(SecretBuffer.Copy("wrong"u8)) };
        using var identity = X25519Identity.Generate();
        var file = AgeFile.Encrypt("value"u8, [identity.Recipient]).Value!;
        Assert.Equal("the identity file key.age cannot be opened: the passphrase is not the right one",
            AgeFile.Decrypt(file, AgeIdentity.ParseFile(keyFile, "key.age", host).Value!).Error);
    }
}
