using System.Security.Cryptography;
using Kist.Secrets;

namespace Kist.Formats.Age;

/// <summary>A native private key, <c>AGE-SECRET-KEY-1…</c>.</summary>
public sealed class X25519Identity : IAgeIdentity
{
    internal const string Prefix = "age-secret-key-";
    private readonly SecretBuffer _scalar;
    private readonly byte[] _point;

    internal X25519Identity(SecretBuffer scalar)
    {
        _scalar = scalar;
        _point = Sodium.PublicOf(scalar.Span);
    }

    /// <summary>The public half.</summary>
    public X25519Recipient Recipient => new(_point);

    /// <summary>A new key from the system's generator.</summary>
    public static X25519Identity Generate()
    {
        var scalar = SecretBuffer.Rent(Sodium.PointBytes);
        RandomNumberGenerator.Fill(scalar.Span);
        return new X25519Identity(scalar);
    }

    /// <summary>Writes the key as text, <c>AGE-SECRET-KEY-1…</c>.</summary>
    public void Write(SecretWriter output) => Bech32.Encode(Prefix, _scalar.Span, upper: true, output);

    /// <inheritdoc/>
    public AgeOutcome<SecretBuffer?> Unwrap(IReadOnlyList<AgeStanza> stanzas)
    {
        foreach (var stanza in stanzas)
        {
            if (stanza.Type != X25519Recipient.StanzaType) continue;
            var outcome = Unwrap(stanza);
            if (outcome.Fault is not null || outcome.Value is not null) return outcome;
        }
        return default;
    }

    /// <inheritdoc/>
    public AgeOutcome<IReadOnlyList<IAgeRecipient>> Recipients() =>
        AgeOutcome<IReadOnlyList<IAgeRecipient>>.Of([Recipient]);

    /// <inheritdoc/>
    public override string ToString() => "[REDACTED]";

    /// <summary>Zeroes the key.</summary>
    public void Dispose() => _scalar.Dispose();

    private AgeOutcome<SecretBuffer?> Unwrap(AgeStanza stanza)
    {
        if (stanza.Arguments.Count != 1
            || RawBase64.Decode(stanza.Arguments[0], Sodium.PointBytes) is not { } share
            || stanza.Body.Length != FileKey.WrappedBytes)
            return Malformed("an X25519 stanza does not have one share of 32 bytes and a body of 32 bytes");
        Span<byte> shared = stackalloc byte[Sodium.PointBytes];
        if (!Sodium.TryMultiply(_scalar.Span, share, shared))
            return Malformed("an X25519 stanza has a share of low order");
        Span<byte> wrapKey = stackalloc byte[32];
        FileKey.DeriveWrapKey(shared, share, _point, X25519Recipient.Info, wrapKey);
        var fileKey = FileKey.Unwrap(stanza.Body.Span, wrapKey, new byte[12]);
        CryptographicOperations.ZeroMemory(shared);
        CryptographicOperations.ZeroMemory(wrapKey);
        return AgeOutcome<SecretBuffer?>.Of(fileKey);
    }

    private static AgeOutcome<SecretBuffer?> Malformed(string what) =>
        AgeOutcome<SecretBuffer?>.Failed(AgeFaultKind.Header, what);
}
