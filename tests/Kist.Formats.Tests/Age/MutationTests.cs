using System.Text;
using CsCheck;
using Kist.Formats.Age;

namespace Kist.Formats.Tests.Age;

/// <summary>Whatever a parser is given, it answers with a value or a fault, and never with an exception.</summary>
public sealed class MutationTests
{
    private static readonly byte[][] s_files = [.. Directory
        .GetFiles(Path.Combine(AgeData.Folder, "corpus"), "*.age").Order().Select(File.ReadAllBytes)
        .Where(f => f.Length < 4096)];

    private static readonly byte[][] s_keys = [.. Directory
        .GetFiles(Path.Combine(AgeData.Folder, "keys")).Order().Select(File.ReadAllBytes)];

    /// <summary>One to four changes: a byte set, a piece cut, doubled or moved.</summary>
    private static readonly Gen<(int Kind, int At, int Length, byte Value)[]> s_changes =
        Gen.Select(Gen.Int[0, 3], Gen.Int[0, 4095], Gen.Int[0, 80], Gen.Byte).Array[1, 4];

    [Fact]
    public void Changed_files_are_opened_or_refused()
    {
        IReadOnlyList<IAgeIdentity> identities =
        [
            .. AgeData.Identities("TEST-age-alice.key"), .. AgeData.Identities("TEST-ssh-ed25519.key"),
            .. AgeData.Identities("TEST-ssh-rsa.key"), .. AgeData.Identities("TEST-age-pq.key"),
            new ScryptIdentity("short work only"u8),
        ];
        Gen.Int[0, s_files.Length - 1].Select(s_changes).Sample((which, changes) =>
        {
            var file = Change(s_files[which], changes);
            if (Encoding.Latin1.GetString(file).Contains("scrypt")) return; // its work is what the file asks for
            AgeData.Decrypt(file, identities);
        }, iter: 3_000, threads: 1);
    }

    [Fact]
    public void Changed_keys_are_read_or_refused() =>
        Gen.Int[0, s_keys.Length - 1].Select(s_changes).Sample((which, changes) =>
        {
            var file = Change(s_keys[which], changes);
            foreach (var identity in AgeIdentity.ParseFile(file, "key").Value ?? []) identity.Dispose();
            AgeRecipient.ParseFile(file, "key", []);
        }, iter: 3_000, threads: 1);

    [Fact]
    public void Changed_keys_behind_their_armor_are_read_or_refused()
    {
        var keys = s_keys.Select(k => Encoding.Latin1.GetString(k)).Where(k => k.StartsWith("-----BEGIN OPENSSH"))
            .Select(k => Convert.FromBase64String(
                string.Concat(k.Split('\n').Where(l => !l.StartsWith('-'))))).ToList();
        Gen.Int[0, keys.Count - 1].Select(s_changes).Sample((which, changes) =>
        {
            var text = Convert.ToBase64String(Change(keys[which], changes), Base64FormattingOptions.InsertLineBreaks);
            var pem = $"-----BEGIN OPENSSH PRIVATE KEY-----\n{text}\n-----END OPENSSH PRIVATE KEY-----\n";
            foreach (var identity in AgeIdentity.ParseFile(Encoding.ASCII.GetBytes(pem), "key").Value ?? [])
            {
                identity.Recipients();
                identity.Dispose();
            }
        }, iter: 2_000, threads: 1);
    }

    private static byte[] Change(byte[] file, (int Kind, int At, int Length, byte Value)[] changes)
    {
        var bytes = file.ToList();
        foreach (var (kind, place, length, value) in changes)
        {
            if (bytes.Count == 0) break;
            var at = place % bytes.Count;
            var piece = bytes.GetRange(at, Math.Min(length, bytes.Count - at));
            if (kind == 0) bytes[at] = value;
            if (kind is 1 or 3) bytes.RemoveRange(at, piece.Count);
            if (kind is 2) bytes.InsertRange(at, piece);
            if (kind is 3) bytes.InsertRange(bytes.Count * value / 255, piece);
        }
        return [.. bytes];
    }
}
