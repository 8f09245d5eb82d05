using System.Globalization;
using System.Security.Cryptography;
using Kist.Secrets;

namespace Kist.Formats.Age;

/// <summary>A passphrase to decrypt with, asked for when a file needs one.</summary>
public sealed class ScryptIdentity : IAgeIdentity
{
    /// <summary>The most work that a file may ask for, as in age: 4 GiB and about 15 seconds.</summary>
    public const int MaxLogN = 22;

    private readonly Func<AgeOutcome<SecretBuffer>> _ask;

    /// <summary>Copies the passphrase (UTF-8). A wrong one is no match.</summary>
    public ScryptIdentity(ReadOnlySpan<byte> passphrase)
    {
        var own = SecretBuffer.Copy(passphrase);
        _ask = () => AgeOutcome<SecretBuffer>.Of(SecretBuffer.Copy(own.Span));
        _own = own;
    }

    /// <summary>Asks for the passphrase when a file has been encrypted with one; a wrong one is a fault then.</summary>
    public ScryptIdentity(Func<AgeOutcome<SecretBuffer>> ask) => _ask = ask;

    private readonly SecretBuffer? _own;

    /// <inheritdoc/>
    public AgeOutcome<SecretBuffer?> Unwrap(IReadOnlyList<AgeStanza> stanzas)
    {
        if (stanzas.Count != 1 || stanzas[0].Type != ScryptRecipient.StanzaType) return default;
        var stanza = stanzas[0];
        if (stanza.Arguments.Count != 2
            || RawBase64.Decode(stanza.Arguments[0], ScryptRecipient.SaltBytes) is not { } salt
            || stanza.Body.Length != FileKey.WrappedBytes)
            return Malformed("an scrypt stanza does not have a salt of 16 bytes, a work factor and a body of 32 bytes");
        var work = stanza.Arguments[1];
        if (work[0] is < '1' or > '9' || !int.TryParse(work, NumberStyles.None, CultureInfo.InvariantCulture,
            out var logN))
            return Malformed("the work factor of an scrypt stanza is not a whole number");
        if (logN > MaxLogN)
            return Malformed($"the work factor of the passphrase is {logN}, more than the {MaxLogN} that is allowed");
        if (!_ask().Try(out var passphrase, out var fault)) return fault;
        using (passphrase)
        {
            Span<byte> wrapKey = stackalloc byte[32];
            if (!ScryptRecipient.TryDeriveWrapKey(passphrase.Span, salt, logN, wrapKey))
                return AgeOutcome<SecretBuffer?>.Failed(AgeFaultKind.Refused, ScryptRecipient.NoMemory(logN));
            var fileKey = FileKey.Unwrap(stanza.Body.Span, wrapKey, new byte[12]);
            CryptographicOperations.ZeroMemory(wrapKey);
            if (fileKey is null && _own is null)
                return AgeOutcome<SecretBuffer?>.Failed(AgeFaultKind.NoMatch, "the passphrase is not the right one");
            return AgeOutcome<SecretBuffer?>.Of(fileKey);
        }
    }

    /// <inheritdoc/>
    public AgeOutcome<IReadOnlyList<IAgeRecipient>> Recipients() =>
        AgeOutcome<IReadOnlyList<IAgeRecipient>>.Failed(AgeFaultKind.Key, "a passphrase has no recipient");

    /// <inheritdoc/>
    public override string ToString() => "[REDACTED]";

    /// <summary>Zeroes the passphrase.</summary>
    public void Dispose() => _own?.Dispose();

    private static AgeOutcome<SecretBuffer?> Malformed(string what) =>
        AgeOutcome<SecretBuffer?>.Failed(AgeFaultKind.Header, what);
}
