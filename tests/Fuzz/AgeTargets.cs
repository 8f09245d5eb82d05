using System.Text;
using Kist.Formats.Age;

namespace Kist.Fuzz;

/// <summary>The parsers of the age format.</summary>
internal static class AgeTargets
{
    // Keys of no worth: so that what is behind the header is reached too.
    private static readonly IReadOnlyList<IAgeIdentity> s_identities =
    [
        .. AgeIdentity.ParseLines("""
            AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0
            AGE-SECRET-KEY-PQ-1HZLGZUPT4ETPKDEV8HSGFDCYZ4E522W0A7PU2LHT8EH9W6YLNC3SW78XKG
            """u8, "keys").Value!,
    ];

    public static void File(ReadOnlySpan<byte> bytes)
    {
        using var input = new MemoryStream(bytes.ToArray());
        AgeFile.Decrypt(input, Stream.Null, s_identities);
    }

    public static void Identities(ReadOnlySpan<byte> bytes) => Use(AgeIdentity.ParseFile(bytes, "file"));

    public static void Recipients(ReadOnlySpan<byte> bytes)
    {
        foreach (var recipient in AgeRecipient.ParseFile(bytes, "file", []).Value ?? []) recipient.ToString();
    }

    /// <summary>The bytes are the key inside its armor, which a fuzzer would hardly get right.</summary>
    public static void OpenSshKey(ReadOnlySpan<byte> bytes)
    {
        var text = Convert.ToBase64String(bytes, Base64FormattingOptions.InsertLineBreaks);
        Use(AgeIdentity.ParseFile(Encoding.ASCII.GetBytes(
            $"-----BEGIN OPENSSH PRIVATE KEY-----\n{text}\n-----END OPENSSH PRIVATE KEY-----\n"), "file"));
    }

    private static void Use(AgeOutcome<IReadOnlyList<IAgeIdentity>> identities)
    {
        foreach (var identity in identities.Value ?? [])
        {
            identity.Recipients();
            identity.Dispose();
        }
    }
}
