using Kist.Secrets;

namespace Kist.Formats.Age;

/// <summary>Somebody a file can be encrypted to.</summary>
public interface IAgeRecipient
{
    /// <summary>Wraps the file key (16 bytes) into one stanza or more.</summary>
    AgeOutcome<AgeWrapped> Wrap(SecretBuffer fileKey);
}

/// <summary>A key that opens files.</summary>
public interface IAgeIdentity : IDisposable
{
    /// <summary>
    /// Looks for a stanza that is meant for this identity and unwraps the file key. A null value: none is, which is no
    /// fault. A fault (a stanza that does not follow the format, a plug-in that failed) ends the decryption.
    /// </summary>
    AgeOutcome<SecretBuffer?> Unwrap(IReadOnlyList<AgeStanza> stanzas);

    /// <summary>The recipients of files that this identity opens. It may have to ask for a passphrase.</summary>
    AgeOutcome<IReadOnlyList<IAgeRecipient>> Recipients();
}

/// <summary>What a recipient makes of a file key.</summary>
/// <param name="Stanzas">The stanzas for the header.</param>
/// <param name="Labels">All recipients of one file must have the same labels: that keeps a file for a post-quantum
/// recipient from being encrypted to a weaker one as well.</param>
public sealed record AgeWrapped(IReadOnlyList<AgeStanza> Stanzas, IReadOnlyList<string> Labels);
