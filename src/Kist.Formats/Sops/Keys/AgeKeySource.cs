using System.Text;
using Kist.Formats.Age;
using Kist.Secrets;

namespace Kist.Formats.Sops.Keys;

/// <summary>Data keys encrypted to age recipients.</summary>
public sealed class AgeKeySource(KeyHost host) : ISopsKeySource, IDisposable
{
    private AgeIdentities? _identities;

    /// <inheritdoc/>
    public string Kind => "age";

    /// <inheritdoc/>
    public ValueTask<SopsOutcome<SecretBuffer>> UnwrapAsync(MasterKey key, CancellationToken ct) =>
        ValueTask.FromResult(Unwrap((AgeMasterKey)key));

    /// <inheritdoc/>
    public ValueTask<SopsOutcome<MasterKey>> WrapAsync(
        MasterKey key, ReadOnlyMemory<byte> part, CancellationToken ct)
    {
        var age = (AgeMasterKey)key;
        if (!AgeRecipient.Parse(age.Recipient, host.Age).Try(out var recipient, out var fault))
            return Failed(age, fault.Message);
        using var output = new MemoryStream();
        using var input = new SecretStream(part.Span);
        try
        {
            if (AgeFile.Encrypt(input, output, [recipient], armor: true) is { } failed)
                return Failed(age, failed.Message);
        }
        finally
        {
            (recipient as IDisposable)?.Dispose();
        }
        var enc = Encoding.ASCII.GetString(output.GetBuffer(), 0, (int)output.Length);
        return ValueTask.FromResult(SopsOutcome<MasterKey>.Of(
            age with { Enc = enc.EndsWith('\n') ? enc : enc + "\n" }));
    }

    /// <summary>Zeroes the identities.</summary>
    public void Dispose() => _identities?.Dispose();

    private static ValueTask<SopsOutcome<MasterKey>> Failed(AgeMasterKey key, string reason) =>
        ValueTask.FromResult(SopsOutcome<MasterKey>.Failed(SopsExit.Generic,
            $"the age recipient {Shown(key)} cannot be encrypted to: {reason}"));

    /// <summary>Decrypts a whole age file, armored or not, with the identities of this machine.</summary>
    public SopsOutcome<SecretBuffer> Open(ReadOnlySpan<byte> file) => Open(file, "", "the file");

    private SopsOutcome<SecretBuffer> Unwrap(AgeMasterKey key) =>
        Open(Encoding.UTF8.GetBytes(key.Enc), key.Recipient, "the encrypted data key");

    private SopsOutcome<SecretBuffer> Open(ReadOnlySpan<byte> file, string recipient, string what)
    {
        // A command may give another identity for each recipient; everything else is read once.
        if (_identities is null || host.Value("SOPS_AGE_KEY_CMD") is not null
            || host.Value("SOPS_AGE_SSH_PRIVATE_KEY_CMD") is not null)
        {
            _identities?.Dispose();
            _identities = AgeIdentities.Collect(host, recipient);
        }
        var (all, reasons) = (_identities.All, new List<string>());
        for (var i = 0; i < all.Count; i++)
        {
            var outcome = AgeFile.Decrypt(file, [all[i]]);
            if (outcome.Try(out var plain, out var fault)) return plain;
            // A file that is damaged is so for every identity.
            if (fault.Kind is AgeFaultKind.Header or AgeFaultKind.Mac or AgeFaultKind.Payload or AgeFaultKind.Armor)
                return new SopsFault(SopsExit.NoDataKey, $"{what} is damaged: {fault.Message}");
            if (fault.Kind != AgeFaultKind.NoMatch) reasons.Add(fault.Message);
        }
        var message = all.Count == 0
            ? "there is no age identity; looked at: " : "no age identity fits; looked at: ";
        message += string.Join(", ", _identities.Places);
        if (reasons.Count > 0) message += "; " + string.Join("; ", reasons);
        return new SopsFault(SopsExit.NoDataKey, message
            + "; point SOPS_AGE_KEY_FILE to the file with the private key of this recipient");
    }

    private static string Shown(AgeMasterKey key) =>
        key.Recipient.Length > 80 ? key.Recipient[..60] + "…" : key.Recipient;
}
