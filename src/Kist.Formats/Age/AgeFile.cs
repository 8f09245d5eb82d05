using System.Buffers;
using Kist.Secrets;

namespace Kist.Formats.Age;

/// <summary>
/// Encrypts and decrypts whole age files (<c>c2sp.org/age</c>, version 1), in constant memory. What the user got wrong
/// comes back as a fault; exceptions are those of the streams.
/// </summary>
public static class AgeFile
{
    /// <summary>Encrypts <paramref name="plain"/> to its end.</summary>
    /// <param name="armor">Whether the file is written as text.</param>
    /// <returns>Why it cannot be done, and nothing was written then; null when it was.</returns>
    public static AgeFault? Encrypt(
        Stream plain, Stream output, IReadOnlyList<IAgeRecipient> recipients, bool armor = false)
    {
        using var fileKey = FileKey.New();
        if (!Wrap(recipients, fileKey).Try(out var stanzas, out var fault)) return fault;
        var header = new ArrayBufferWriter<byte>(1024);
        AgeHeader.Write(stanzas, fileKey, header);
        var armored = armor ? new ArmorWriter(output) : null;
        var target = armored ?? output;
        target.Write(header.WrittenSpan);
        Payload.Seal(new AgeInput(plain), target, fileKey);
        armored?.Finish();
        return null;
    }

    /// <summary>
    /// Decrypts <paramref name="input"/>, with or without armor. The output gets only what has been found authentic,
    /// and nothing at all before the first chunk has; after a fault in a later chunk it holds a part of the content.
    /// An empty content is one write of nothing.
    /// </summary>
    /// <returns>Why the file cannot be decrypted; null when all of it was.</returns>
    public static AgeFault? Decrypt(Stream input, Stream output, IReadOnlyList<IAgeIdentity> identities) =>
        Decrypt(input, output, identities, armored: null);

    /// <summary>Encrypts a value in memory.</summary>
    public static AgeOutcome<byte[]> Encrypt(
        ReadOnlySpan<byte> plain, IReadOnlyList<IAgeRecipient> recipients, bool armor = false)
    {
        using var secret = new SecretStream(plain);
        using var file = new MemoryStream();
        return Encrypt(secret, file, recipients, armor) is { } fault ? fault : AgeOutcome<byte[]>.Of(file.ToArray());
    }

    /// <summary>Decrypts a file in memory. The value is the caller's to dispose.</summary>
    public static AgeOutcome<SecretBuffer> Decrypt(
        ReadOnlySpan<byte> file, IReadOnlyList<IAgeIdentity> identities)
    {
        using var input = new SecretStream(file);
        using var plain = new SecretStream();
        return Decrypt(input, plain, identities) is { } fault
            ? fault : AgeOutcome<SecretBuffer>.Of(SecretBuffer.Copy(plain.WrittenSpan));
    }

    /// <summary>As above; a test says whether the file is armored, which is else seen from its beginning.</summary>
    internal static AgeFault? Decrypt(
        Stream input, Stream output, IReadOnlyList<IAgeIdentity> identities, bool? armored)
    {
        var source = new AgeInput(input);
        var armor = armored ?? IsArmored(source) ? new ArmorReader(source) : null;
        if (armor is not null) source = new AgeInput(armor);
        var fault = Decrypt(source, output, identities);
        // The armor ends early where it is damaged: whatever else was found wrong follows from that.
        return armor?.Fault is { } damage ? new AgeFault(AgeFaultKind.Armor, damage) : fault;
    }

    private static AgeFault? Decrypt(AgeInput input, Stream output, IReadOnlyList<IAgeIdentity> identities)
    {
        if (!AgeHeader.Read(input).Try(out var header, out var fault)) return fault;
        if (!Unwrap(header.Stanzas, identities).Try(out var fileKey, out fault)) return fault;
        using (fileKey)
        {
            if (!header.IsAuthentic(fileKey))
                return new AgeFault(AgeFaultKind.Mac, "the header has been altered: its authentication code is wrong");
            return Payload.Open(input, output, fileKey);
        }
    }

    private static AgeOutcome<SecretBuffer> Unwrap(
        IReadOnlyList<AgeStanza> stanzas, IReadOnlyList<IAgeIdentity> identities)
    {
        if (stanzas.Count > 1)
            foreach (var stanza in stanzas)
                if (stanza.Type == ScryptRecipient.StanzaType)
                    return AgeOutcome<SecretBuffer>.Failed(AgeFaultKind.Header,
                        "a passphrase must be the only recipient of a file, and this one has others");
        foreach (var identity in identities)
        {
            var outcome = identity.Unwrap(stanzas);
            if (outcome.Fault is { } fault) return fault;
            if (outcome.Value is { } fileKey) return AgeOutcome<SecretBuffer>.Of(fileKey);
        }
        return AgeOutcome<SecretBuffer>.Failed(AgeFaultKind.NoMatch, identities.Count == 0
            ? "there is no identity to decrypt with" : "no identity matched any of the recipients");
    }

    private static AgeOutcome<List<AgeStanza>> Wrap(IReadOnlyList<IAgeRecipient> recipients, SecretBuffer fileKey)
    {
        if (recipients.Count == 0)
            return AgeOutcome<List<AgeStanza>>.Failed(AgeFaultKind.Key, "there is no recipient to encrypt to");
        var stanzas = new List<AgeStanza>();
        IReadOnlyList<string>? labels = null;
        foreach (var recipient in recipients)
        {
            if (recipient is ScryptRecipient && recipients.Count > 1)
                return AgeOutcome<List<AgeStanza>>.Failed(AgeFaultKind.Key,
                    "a passphrase cannot be combined with other recipients");
            if (!recipient.Wrap(fileKey).Try(out var wrapped, out var fault)) return fault;
            labels ??= wrapped.Labels;
            if (!new HashSet<string>(labels).SetEquals(wrapped.Labels))
                return AgeOutcome<List<AgeStanza>>.Failed(AgeFaultKind.Key,
                    "these recipients cannot be combined: post-quantum ones only go with their like");
            stanzas.AddRange(wrapped.Stanzas);
        }
        return AgeOutcome<List<AgeStanza>>.Of(stanzas);
    }

    private static bool IsArmored(AgeInput input)
    {
        var start = input.Peek(ArmorReader.MaxBlanks + 10);
        return start.TrimStart(" \t\r\n"u8).StartsWith("-----BEGIN"u8);
    }
}
