using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Kist.Formats.Age;

namespace Kist.Formats.Tests.Age;

/// <summary>Every vector of the C2SP testkit answers as its header says.</summary>
public sealed class TestkitTests
{
    public static TheoryData<string> Vectors =>
        [.. Directory.GetFiles(Path.Combine(AgeData.Folder, "testkit"))
            .Select(f => Path.GetFileNameWithoutExtension(f)).Order()];

    [Fact]
    public void All_vectors_are_there() => Assert.Equal(143, Vectors.Count);

    [Theory]
    [MemberData(nameof(Vectors))]
    public void A_vector_answers_as_its_header_says(string name)
    {
        var vector = Vector.Read(AgeData.Read("testkit", name + ".vector"));
        var (fault, plain) = AgeData.Decrypt(vector.File, vector.Identities(), vector.Armored ? true : null);
        Assert.Equal(vector.Expected, fault?.Kind);
        if (vector.PayloadHash is { } hash) Assert.Equal(hash, Convert.ToHexStringLower(SHA256.HashData(plain)));
        else Assert.Empty(plain);
    }

    [Theory]
    [MemberData(nameof(Vectors))]
    public void A_vector_is_taken_or_refused_also_when_nobody_says_whether_it_is_armored(string name)
    {
        var vector = Vector.Read(AgeData.Read("testkit", name + ".vector"));
        var (fault, _) = AgeData.Decrypt(vector.File, vector.Identities());
        Assert.Equal(vector.Expected is null, fault is null);
    }

    private sealed record Vector(ILookup<string, string> Fields, byte[] File)
    {
        private static readonly HashSet<string> s_known =
            ["expect", "payload", "identity", "passphrase", "armored", "compressed", "file key", "comment"];

        public bool Armored => Fields["armored"].Any();

        public string? PayloadHash => Fields["payload"].SingleOrDefault();

        public AgeFaultKind? Expected => Fields["expect"].Single() switch
        {
            "success" => null,
            "no match" => AgeFaultKind.NoMatch,
            "HMAC failure" => AgeFaultKind.Mac,
            "header failure" => AgeFaultKind.Header,
            "payload failure" => AgeFaultKind.Payload,
            "armor failure" => AgeFaultKind.Armor,
            var other => throw new InvalidDataException(other),
        };

        public static Vector Read(byte[] bytes)
        {
            var end = bytes.AsSpan().IndexOf("\n\n"u8);
            var fields = Encoding.UTF8.GetString(bytes, 0, end).Split('\n').Select(line => line.Split(": ", 2))
                .ToLookup(pair => pair[0], pair => pair[1]);
            Assert.All(fields, field => Assert.Contains(field.Key, s_known));
            using var file = new MemoryStream(bytes[(end + 2)..]);
            if (!fields["compressed"].Any()) return new Vector(fields, file.ToArray());
            using var inflated = new MemoryStream();
            using (var zlib = new ZLibStream(file, CompressionMode.Decompress)) zlib.CopyTo(inflated);
            return new Vector(fields, inflated.ToArray());
        }

        public IReadOnlyList<IAgeIdentity> Identities()
        {
            var identities = new List<IAgeIdentity>();
            foreach (var passphrase in Fields["passphrase"])
                identities.Add(new ScryptIdentity(Encoding.UTF8.GetBytes(passphrase)));
            foreach (var identity in Fields["identity"])
            {
                var outcome = AgeIdentity.Parse(Encoding.ASCII.GetBytes(identity));
                Assert.Null(outcome.Fault);
                identities.Add(outcome.Value!);
            }
            return identities;
        }
    }
}
