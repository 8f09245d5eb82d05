using System.Text;
using Kist.Secrets;

namespace Kist.Formats.Age;

/// <summary>Reads recipients from text.</summary>
public static class AgeRecipient
{
    /// <summary>
    /// Reads one recipient: <c>age1…</c>, <c>age1pq1…</c>, <c>age1NAME1…</c> of a plug-in, <c>ssh-ed25519 …</c> or
    /// <c>ssh-rsa …</c>.
    /// </summary>
    /// <param name="host">Where plug-ins are, and whom they may ask; null where there is neither.</param>
    public static AgeOutcome<IAgeRecipient> Parse(string text, AgeHost? host = null)
    {
        if (text.StartsWith("ssh-", StringComparison.Ordinal)) return SshPublicKey.ParseRecipient(text);
        if (text.StartsWith("github:", StringComparison.Ordinal))
            return Wrong("github: is not supported: put the keys of github.com/NAME.keys into a recipients file");
        if (text.StartsWith("AGE-SECRET-KEY-", StringComparison.OrdinalIgnoreCase)
            || text.StartsWith("AGE-PLUGIN-", StringComparison.OrdinalIgnoreCase))
            return Wrong("this is a private key, not a recipient: give the public key, which begins with age1");
        if (!text.StartsWith("age1", StringComparison.Ordinal))
            return Wrong("unknown type of recipient: it begins neither with age1 nor with ssh-");
        if (!Bech32.TryDecode(Encoding.UTF8.GetBytes(text), out var prefix, out var bytes))
            return Wrong("the recipient is misspelt: its checksum does not fit");
        using (bytes) return Decoded(text, prefix, bytes, host);
    }

    /// <summary>
    /// Reads a recipients file: one a line; empty lines and lines that begin with <c>#</c> are passed over. SSH keys of
    /// types that age does not know are passed over too, and named in <paramref name="warnings"/>.
    /// </summary>
    /// <param name="name">The file's name for messages. They never repeat its content, which may be anything.</param>
    public static AgeOutcome<IReadOnlyList<IAgeRecipient>> ParseFile(
        ReadOnlySpan<byte> content, string name, ICollection<string> warnings, AgeHost? host = null)
    {
        var recipients = new List<IAgeRecipient>();
        var number = 0;
        foreach (var range in content.Split((byte)'\n'))
        {
            number++;
            var line = content[range].Trim(" \t\r"u8);
            if (line.IsEmpty || line[0] == (byte)'#') continue;
            var text = Encoding.UTF8.GetString(line);
            var outcome = Parse(text, host);
            if (outcome.Value is { } recipient) recipients.Add(recipient);
            else if (SshPublicKey.UnknownType(text) is { } type)
                warnings.Add($"{name}, line {number}: an SSH key of type {type} is passed over");
            else
                return AgeOutcome<IReadOnlyList<IAgeRecipient>>.Failed(
                    AgeFaultKind.Key, $"{name}, line {number}: {outcome.Error}");
        }
        return recipients.Count > 0
            ? AgeOutcome<IReadOnlyList<IAgeRecipient>>.Of(recipients)
            : AgeOutcome<IReadOnlyList<IAgeRecipient>>.Failed(AgeFaultKind.Key, $"{name} holds no recipient");
    }

    private static AgeOutcome<IAgeRecipient> Decoded(
        string text, string prefix, SecretBuffer bytes, AgeHost? host)
    {
        if (prefix == X25519Recipient.Prefix)
            return bytes.Length == Sodium.PointBytes
                ? AgeOutcome<IAgeRecipient>.Of(new X25519Recipient(bytes.Span.ToArray()))
                : Wrong("an age1 recipient has 32 bytes");
        if (prefix == HybridRecipient.Prefix) return HybridRecipient.Create(bytes.Span);
        return PluginRecipient.Create(text, prefix, host);
    }

    private static AgeOutcome<IAgeRecipient> Wrong(string message) =>
        AgeOutcome<IAgeRecipient>.Failed(AgeFaultKind.Key, message);
}
