using Kist.Secrets;

namespace Kist.Formats.Age;

/// <summary>An identity file that is itself encrypted with a passphrase, opened when first needed.</summary>
public sealed class EncryptedIdentities : IAgeIdentity
{
    private readonly byte[] _file;
    private readonly string _name;
    private readonly AgeHost? _host;
    private IReadOnlyList<IAgeIdentity>? _identities;

    internal EncryptedIdentities(ReadOnlySpan<byte> file, string name, AgeHost? host) =>
        (_file, _name, _host) = (file.ToArray(), name, host);

    /// <inheritdoc/>
    public AgeOutcome<SecretBuffer?> Unwrap(IReadOnlyList<AgeStanza> stanzas)
    {
        if (!Open().Try(out var identities, out var fault)) return fault;
        foreach (var identity in identities)
        {
            var outcome = identity.Unwrap(stanzas);
            if (outcome.Fault is not null || outcome.Value is not null) return outcome;
        }
        return default;
    }

    /// <inheritdoc/>
    public AgeOutcome<IReadOnlyList<IAgeRecipient>> Recipients()
    {
        if (!Open().Try(out var identities, out var fault)) return fault;
        var recipients = new List<IAgeRecipient>();
        foreach (var identity in identities)
        {
            if (!identity.Recipients().Try(out var some, out fault)) return fault;
            recipients.AddRange(some);
        }
        return AgeOutcome<IReadOnlyList<IAgeRecipient>>.Of(recipients);
    }

    /// <inheritdoc/>
    public override string ToString() => "[REDACTED]";

    /// <summary>Zeroes the identities.</summary>
    public void Dispose()
    {
        foreach (var identity in _identities ?? []) identity.Dispose();
        _identities = null;
    }

    private AgeOutcome<IReadOnlyList<IAgeIdentity>> Open()
    {
        if (_identities is { } known) return AgeOutcome<IReadOnlyList<IAgeIdentity>>.Of(known);
        using var passphrase = new ScryptIdentity(Ask);
        if (!AgeFile.Decrypt(_file, [passphrase]).Try(out var content, out var fault))
            return fault.Kind == AgeFaultKind.Refused ? fault
                : fault with { Message = $"the identity file {_name} cannot be opened: {fault.Message}" };
        using (content)
        {
            var outcome = AgeIdentity.ParseLines(content.Span, _name, _host);
            _identities = outcome.Value;
            return outcome;
        }
    }

    private AgeOutcome<SecretBuffer> Ask() => _host?.AskSecret is { } ask
        ? ask($"Enter passphrase for identity file \"{_name}\"")
        : AgeOutcome<SecretBuffer>.Failed(AgeFaultKind.Refused,
            $"the identity file {_name} needs a passphrase, and nobody can be asked for it");
}
