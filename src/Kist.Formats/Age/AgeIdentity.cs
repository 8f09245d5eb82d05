using Kist.Secrets;

namespace Kist.Formats.Age;

/// <summary>Reads identities from text. Messages never repeat what was read: it is a private key.</summary>
public static class AgeIdentity
{
    /// <summary>Reads one identity: <c>AGE-SECRET-KEY-1…</c>, <c>AGE-SECRET-KEY-PQ-1…</c> or <c>AGE-PLUGIN-…</c>.
    /// </summary>
    /// <param name="host">Where plug-ins are, and whom they may ask; null where there is neither.</param>
    public static AgeOutcome<IAgeIdentity> Parse(ReadOnlySpan<byte> text, AgeHost? host = null)
    {
        if (text.StartsWith("age1"u8)) return Wrong("this is a public key, not an identity");
        if (!text.StartsWith("AGE-SECRET-KEY-"u8) && !text.StartsWith("AGE-PLUGIN-"u8))
            return Wrong("unknown type of identity: it begins neither with AGE-SECRET-KEY- nor with AGE-PLUGIN-");
        if (!Bech32.TryDecode(text, out var prefix, out var bytes))
            return Wrong("the identity is misspelt: its checksum does not fit");
        switch (prefix.ToLowerInvariant())
        {
            case X25519Identity.Prefix when bytes.Length == Sodium.PointBytes:
                return AgeOutcome<IAgeIdentity>.Of(new X25519Identity(bytes));
            case HybridIdentity.Prefix when bytes.Length == HybridKem.SeedBytes:
                return AgeOutcome<IAgeIdentity>.Of(new HybridIdentity(bytes));
        }
        bytes.Dispose();
        return prefix.StartsWith("AGE-PLUGIN-", StringComparison.Ordinal)
            ? PluginIdentity.Create(text, prefix, host)
            : Wrong("the identity does not have 32 bytes, or is of an unknown type");
    }

    /// <summary>
    /// Reads an identity file: identities one a line, between comments; or an SSH private key; or an age file (armored
    /// or not) that holds identities under a passphrase, which is asked for when it is needed.
    /// </summary>
    /// <param name="name">The file's name for messages and prompts.</param>
    public static AgeOutcome<IReadOnlyList<IAgeIdentity>> ParseFile(
        ReadOnlySpan<byte> content, string name, AgeHost? host = null)
    {
        var start = content.TrimStart(" \t\r\n"u8);
        if (content.StartsWith("age-encryption.org/"u8) || start.StartsWith("-----BEGIN AGE"u8))
            return AgeOutcome<IReadOnlyList<IAgeIdentity>>.Of([new EncryptedIdentities(content, name, host)]);
        if (!start.StartsWith("-----BEGIN"u8)) return ParseLines(content, name, host);
        return SshPrivateKey.ParseIdentity(content, name, host).Try(out var identity, out var fault)
            ? AgeOutcome<IReadOnlyList<IAgeIdentity>>.Of([identity]) : fault;
    }

    /// <summary>Reads identities one a line; empty lines and lines that begin with <c>#</c> are passed over.</summary>
    public static AgeOutcome<IReadOnlyList<IAgeIdentity>> ParseLines(
        ReadOnlySpan<byte> content, string name, AgeHost? host = null)
    {
        var identities = new List<IAgeIdentity>();
        var number = 0;
        foreach (var range in content.Split((byte)'\n'))
        {
            number++;
            var line = content[range].Trim(" \t\r"u8);
            if (line.IsEmpty || line[0] == (byte)'#') continue;
            if (!Parse(line, host).Try(out var identity, out var fault))
            {
                foreach (var read in identities) read.Dispose();
                return fault with { Message = $"{name}, line {number}: {fault.Message}" };
            }
            identities.Add(identity);
        }
        return identities.Count > 0
            ? AgeOutcome<IReadOnlyList<IAgeIdentity>>.Of(identities)
            : AgeOutcome<IReadOnlyList<IAgeIdentity>>.Failed(AgeFaultKind.Key, $"{name} holds no identity");
    }

    private static AgeOutcome<IAgeIdentity> Wrong(string message) =>
        AgeOutcome<IAgeIdentity>.Failed(AgeFaultKind.Key, message);
}
