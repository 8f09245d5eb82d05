using System.Text;
using CsCheck;
using Kist.Formats.Age;
using Kist.Fuzz;

namespace Kist.Formats.Tests.Age;

/// <summary>Whatever a parser is given, it answers with a value or a fault, and never with an exception.</summary>
public sealed class MutationTests
{
    /// <summary>One to four changes: a byte set, a piece cut, doubled or moved.</summary>
    private static readonly Gen<(int Kind, int At, int Length, byte Value)[]> s_changes =
        Gen.Select(Gen.Int[0, 3], Gen.Int[0, 4095], Gen.Int[0, 80], Gen.Byte).Array[1, 4];

    private static IEnumerable<byte[]> Vectors => Files("testkit")
        .Select(f => f[(f.AsSpan().IndexOf("\n\n"u8) + 2)..]).Where(f => f.AsSpan().IndexOf("-> scrypt"u8) < 0);

    private static IEnumerable<byte[]> OpenSshKeys => Files("keys")
        .Select(k => Encoding.Latin1.GetString(k).Split('\n'))
        .Where(lines => lines[0].StartsWith("-----BEGIN OPENSSH", StringComparison.Ordinal))
        .Select(lines => Convert.FromBase64String(string.Concat(lines.Where(l => !l.StartsWith('-')))));

    [Theory]
    [InlineData("age-file")]
    [InlineData("age-identities")]
    [InlineData("age-recipients")]
    [InlineData("age-openssh-key")]
    public void Changed_input_is_read_or_refused(string name)
    {
        byte[][] seeds = name switch
        {
            "age-file" => [.. Vectors, .. Files("corpus").Where(f => f.AsSpan().IndexOf("-> scrypt"u8) < 0)],
            "age-openssh-key" => [.. OpenSshKeys],
            _ => [.. Files("keys")],
        };
        var target = Targets.All[name];
        Assert.NotEmpty(seeds);
        foreach (var seed in seeds) target(seed);
        Gen.Int[0, seeds.Length - 1].Select(s_changes).Sample(
            (which, changes) => target(Change(seeds[which], changes)), iter: 3_000, threads: 1);
    }

    /// <summary>The identities that the corpus is for: so the stanzas of SSH keys are reached too.</summary>
    [Fact]
    public void Changed_files_are_opened_or_refused_with_every_kind_of_key()
    {
        IReadOnlyList<IAgeIdentity> identities =
        [
            .. AgeData.Identities("TEST-age-alice.key"), .. AgeData.Identities("TEST-ssh-ed25519.key"),
            .. AgeData.Identities("TEST-ssh-rsa.key"), .. AgeData.Identities("TEST-age-pq.key"),
        ];
        byte[][] files = [.. Files("corpus").Where(f => f.Length < 4096)];
        Gen.Int[0, files.Length - 1].Select(s_changes).Sample(
            (which, changes) => AgeData.Decrypt(Change(files[which], changes), identities), iter: 3_000, threads: 1);
    }

    private static IEnumerable<byte[]> Files(string folder) =>
        Directory.GetFiles(Path.Combine(AgeData.Folder, folder)).Order().Select(File.ReadAllBytes);

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
