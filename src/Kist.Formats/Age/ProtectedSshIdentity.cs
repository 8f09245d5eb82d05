using System.Security.Cryptography;
using System.Text;
using Kist.Secrets;

namespace Kist.Formats.Age;

/// <summary>
/// An SSH private key with a passphrase, in OpenSSH's own form. The public half stands beside it in clear, so that the
/// passphrase is asked for only where a file is meant for this key.
/// </summary>
public sealed class ProtectedSshIdentity : IAgeIdentity
{
    // OpenSSH writes 16 or 24 rounds; beyond this a file would take minutes, and nobody wrote it to be opened.
    private const int MaxRounds = 2048;
    private readonly byte[] _secret;
    private readonly byte[] _salt;
    private readonly int _rounds;
    private readonly int _keyBytes;
    private readonly bool _counter;
    private readonly byte[] _blob;
    private readonly string _name;
    private readonly AgeHost? _host;
    private IAgeIdentity? _opened;

    private ProtectedSshIdentity(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> salt, int rounds, int keyBytes,
        bool counter, ReadOnlySpan<byte> blob, string name, AgeHost? host)
    {
        (_secret, _salt, _rounds, _keyBytes) = (secret.ToArray(), salt.ToArray(), rounds, keyBytes);
        (_counter, _blob, _name, _host) = (counter, blob.ToArray(), name, host);
    }

    internal static AgeOutcome<IAgeIdentity> Create(ReadOnlySpan<byte> cipher, ReadOnlySpan<byte> kdf,
        ReadOnlySpan<byte> options, ReadOnlySpan<byte> blob, ReadOnlySpan<byte> secret, string name, AgeHost? host)
    {
        var method = Encoding.ASCII.GetString(cipher);
        var keyBytes = method switch
        {
            "aes256-ctr" or "aes256-cbc" => 32,
            "aes192-ctr" or "aes192-cbc" => 24,
            "aes128-ctr" or "aes128-cbc" => 16,
            _ => 0,
        };
        var wire = new SshWire(options);
        if (!kdf.SequenceEqual("bcrypt"u8) || keyBytes == 0)
            return Wrong($"{name}: the key is protected by {method}, which is not known here: ssh-keygen -p -f FILE "
                + "protects it anew");
        if (!wire.TryString(out var salt) || !wire.TryNumber(out var rounds) || rounds is 0 or > MaxRounds
            || secret.Length % 16 != 0)
            return Wrong($"{name}: the OpenSSH private key is damaged");
        return AgeOutcome<IAgeIdentity>.Of(new ProtectedSshIdentity(secret, salt, (int)rounds, keyBytes,
            method.EndsWith("ctr", StringComparison.Ordinal), blob, name, host));
    }

    /// <inheritdoc/>
    public AgeOutcome<SecretBuffer?> Unwrap(IReadOnlyList<AgeStanza> stanzas)
    {
        var tag = SshPublicKey.Tag(_blob);
        foreach (var stanza in stanzas)
        {
            if (stanza.Type is not (SshPublicKey.Ed25519 or SshPublicKey.Rsa) || stanza.Arguments.Count == 0
                || stanza.Arguments[0] != tag) continue;
            return Open().Try(out var identity, out var fault) ? identity.Unwrap(stanzas) : fault;
        }
        return default;
    }

    /// <inheritdoc/>
    public AgeOutcome<IReadOnlyList<IAgeRecipient>> Recipients() =>
        SshPublicKey.FromBlob(_blob).Try(out var recipient, out var fault)
            ? AgeOutcome<IReadOnlyList<IAgeRecipient>>.Of([recipient]) : fault;

    /// <inheritdoc/>
    public override string ToString() => "[REDACTED]";

    /// <summary>Zeroes the key.</summary>
    public void Dispose()
    {
        _opened?.Dispose();
        _opened = null;
    }

    private AgeOutcome<IAgeIdentity> Open()
    {
        if (_opened is { } known) return AgeOutcome<IAgeIdentity>.Of(known);
        if (_host?.AskSecret is not { } ask)
            return AgeOutcome<IAgeIdentity>.Failed(AgeFaultKind.Refused,
                $"the SSH key {_name} has a passphrase, and nobody can be asked for it");
        if (!ask($"Enter passphrase for SSH key \"{_name}\"").Try(out var passphrase, out var fault)) return fault;
        using (passphrase)
        using (var secret = SecretBuffer.Copy(_secret))
        {
            Decrypt(passphrase.Span, secret.Span);
            var wire = new SshWire(secret.Span);
            if (!wire.TryNumber(out var one) || !wire.TryNumber(out var two) || one != two)
                return Wrong($"the passphrase of the SSH key {_name} is not the right one");
            var outcome = SshPrivateKey.Numbers(secret.Span, _name);
            _opened = outcome.Value;
            return outcome;
        }
    }

    private void Decrypt(ReadOnlySpan<byte> passphrase, Span<byte> secret)
    {
        Span<byte> derived = stackalloc byte[_keyBytes + 16];
        BcryptKdf.Derive(passphrase, _salt, _rounds, derived);
        using var aes = Aes.Create();
        aes.SetKey(derived[.._keyBytes]);
        var iv = derived[_keyBytes..];
        if (!_counter) aes.DecryptCbc(_secret, iv, secret, PaddingMode.None);
        Span<byte> stream = stackalloc byte[16];
        for (var at = 0; _counter && at < secret.Length; at += 16)
        {
            aes.EncryptEcb(iv, stream, PaddingMode.None);
            for (var i = 0; i < 16; i++) secret[at + i] ^= stream[i];
            for (var i = 15; i >= 0 && ++iv[i] == 0;) i--;
        }
        CryptographicOperations.ZeroMemory(derived);
        CryptographicOperations.ZeroMemory(stream);
    }

    private static AgeOutcome<IAgeIdentity> Wrong(string message) =>
        AgeOutcome<IAgeIdentity>.Failed(AgeFaultKind.Key, message);
}
