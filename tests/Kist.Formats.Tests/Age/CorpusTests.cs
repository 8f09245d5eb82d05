using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Kist.Formats.Age;

namespace Kist.Formats.Tests.Age;

/// <summary>Files made by the real programs open, and damaged ones are refused as they refuse them.</summary>
public sealed class CorpusTests
{
    private static readonly JsonDocument s_manifest = JsonDocument.Parse(AgeData.Read("corpus", "manifest.json"));

    public static TheoryData<string> Cases =>
        [.. s_manifest.RootElement.EnumerateArray().Select(c => c.GetProperty("id").GetString()!)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_case_ends_as_with_the_real_programs(string id)
    {
        var one = s_manifest.RootElement.EnumerateArray().Single(c => c.GetProperty("id").GetString() == id);
        var (fault, plain) = AgeData.Decrypt(AgeData.Read("corpus", id + ".age"), IdentitiesOf(one));
        var released = Convert.ToHexStringLower(SHA256.HashData(plain));
        if (one.GetProperty("expect").GetString() == "decrypt")
        {
            Assert.Null(fault);
            Assert.Equal(one.GetProperty("sha256").GetString(), released);
            return;
        }
        Assert.NotNull(fault);
        if (one.TryGetProperty("released_before_error_sha256", out var before))
            Assert.Equal(before.GetString(), released);
        else Assert.Empty(plain);
    }

    private static List<IAgeIdentity> IdentitiesOf(JsonElement one)
    {
        var identities = new List<IAgeIdentity>();
        foreach (var key in one.GetProperty("keys").EnumerateArray())
            identities.AddRange(AgeData.Identities(key.GetString()!));
        if (one.TryGetProperty("passphrase", out var passphrase))
            identities.Add(new ScryptIdentity(Encoding.UTF8.GetBytes(passphrase.GetString()!)));
        return identities;
    }
}
