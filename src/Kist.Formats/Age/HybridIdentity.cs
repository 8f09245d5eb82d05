using System.Security.Cryptography;
using Kist.Secrets;

namespace Kist.Formats.Age;

/// <summary>A post-quantum private key, <c>AGE-SECRET-KEY-PQ-1…</c>.</summary>
public sealed class HybridIdentity : IAgeIdentity
{
    internal const string Prefix = "age-secret-key-pq-";
    private readonly SecretBuffer _seed;

    internal HybridIdentity(SecretBuffer seed) => _seed = seed;

    /// <summary>The public half.</summary>
    public HybridRecipient Recipient => new(HybridKem.PublicOf(_seed.Span));

    /// <summary>A new key from the system's generator.</summary>
    public static HybridIdentity Generate()
    {
        var seed = SecretBuffer.Rent(HybridKem.SeedBytes);
        RandomNumberGenerator.Fill(seed.Span);
        return new HybridIdentity(seed);
    }

    /// <summary>Writes the key as text, <c>AGE-SECRET-KEY-PQ-1…</c>.</summary>
    public void Write(SecretWriter output) => Bech32.Encode(Prefix, _seed.Span, upper: true, output);

    /// <inheritdoc/>
    public AgeOutcome<SecretBuffer?> Unwrap(IReadOnlyList<AgeStanza> stanzas)
    {
        foreach (var stanza in stanzas)
        {
            if (stanza.Type != HybridRecipient.StanzaType) continue;
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
    public void Dispose() => _seed.Dispose();

    private AgeOutcome<SecretBuffer?> Unwrap(AgeStanza stanza)
    {
        if (stanza.Arguments.Count != 1
            || RawBase64.Decode(stanza.Arguments[0], HybridKem.EncapsulationBytes) is not { } encapsulation
            || stanza.Body.Length != FileKey.WrappedBytes)
            return Malformed("an mlkem768x25519 stanza does not have a key of 1120 bytes and a body of 32 bytes");
        Span<byte> shared = stackalloc byte[32];
        if (!HybridKem.TryDecapsulate(_seed.Span, encapsulation, shared))
            return Malformed("an mlkem768x25519 stanza has a share of low order");
        Span<byte> wrapKey = stackalloc byte[32];
        Span<byte> nonce = stackalloc byte[12];
        Hpke.Derive(HybridRecipient.Kem, shared, HybridRecipient.Info, wrapKey, nonce);
        var fileKey = FileKey.Unwrap(stanza.Body.Span, wrapKey, nonce);
        CryptographicOperations.ZeroMemory(shared);
        CryptographicOperations.ZeroMemory(wrapKey);
        return AgeOutcome<SecretBuffer?>.Of(fileKey);
    }

    private static AgeOutcome<SecretBuffer?> Malformed(string what) =>
        AgeOutcome<SecretBuffer?>.Failed(AgeFaultKind.Header, what);
}
