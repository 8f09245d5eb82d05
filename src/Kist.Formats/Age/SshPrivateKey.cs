using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using Kist.Secrets;

namespace Kist.Formats.Age;

/// <summary>
/// Reads SSH private keys: OpenSSH's own form (its file PROTOCOL.key), PKCS#1 and PKCS#8 in PEM.
/// </summary>
internal static class SshPrivateKey
{
    private const int MaxBytes = 64 * 1024;

    /// <summary>An Ed25519 key in PKCS#8 (RFC 8410, 7): all before the 32 bytes of the key.</summary>
    private static ReadOnlySpan<byte> Ed25519Prefix =>
        [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

    /// <summary>Reads the key.</summary>
    /// <param name="name">The file's name for messages.</param>
    /// <param name="host">Whom a key with a passphrase may ask for it.</param>
    public static AgeOutcome<IAgeIdentity> ParseIdentity(ReadOnlySpan<byte> pem, string name, AgeHost? host)
    {
        if (pem.Length > MaxBytes) return Wrong(name, "a private key has less than 64 KiB");
        var text = new char[pem.Length];
        try
        {
            var letters = text.AsSpan(0, Encoding.Latin1.GetChars(pem, text));
            if (!PemEncoding.TryFind(letters, out var fields))
                return letters.Contains("Proc-Type: 4,ENCRYPTED", StringComparison.Ordinal)
                    ? Protected(name) : Wrong(name, "this is no private key in PEM");
            using var bytes = SecretBuffer.Rent(fields.DecodedDataLength);
            if (!Convert.TryFromBase64Chars(letters[fields.Base64Data], bytes.Span, out var length))
                return Wrong(name, "this is no private key in PEM");
            bytes.Truncate(length);
            return letters[fields.Label] switch
            {
                "OPENSSH PRIVATE KEY" => OpenSsh(bytes.Span, name, host),
                "RSA PRIVATE KEY" => Pkcs(rsa => rsa.ImportRSAPrivateKey(bytes.Span, out _), name),
                "PRIVATE KEY" when bytes.Span.StartsWith(Ed25519Prefix) && length == Ed25519Prefix.Length + 32 =>
                    Ed25519(bytes.Span[Ed25519Prefix.Length..]),
                "PRIVATE KEY" => Pkcs(rsa => rsa.ImportPkcs8PrivateKey(bytes.Span, out _), name),
                "ENCRYPTED PRIVATE KEY" => Protected(name),
                _ => Wrong(name, "a key of this type cannot decrypt: use ssh-ed25519 or ssh-rsa"),
            };
        }
        finally
        {
            text.AsSpan().Clear();
        }
    }

    private static AgeOutcome<IAgeIdentity> OpenSsh(ReadOnlySpan<byte> bytes, string name, AgeHost? host)
    {
        var magic = "openssh-key-v1\0"u8;
        if (!bytes.StartsWith(magic)) return Wrong(name, "this is no OpenSSH private key");
        var wire = new SshWire(bytes[magic.Length..]);
        if (!wire.TryString(out var cipher) || !wire.TryString(out var kdf) || !wire.TryString(out var options)
            || !wire.TryNumber(out var count) || count != 1 || !wire.TryString(out var blob)
                || !wire.TryString(out var secret)
            || !wire.Rest.IsEmpty)
            return Wrong(name, "the OpenSSH private key is cut or damaged");
        return cipher.SequenceEqual("none"u8) && kdf.SequenceEqual("none"u8) ? Numbers(secret, name)
            : ProtectedSshIdentity.Create(cipher, kdf, options, blob, secret, name, host);
    }

    /// <summary>Reads the private part of OpenSSH's form, which is not encrypted, or not any more.</summary>
    public static AgeOutcome<IAgeIdentity> Numbers(ReadOnlySpan<byte> secret, string name)
    {
        var wire = new SshWire(secret);
        if (!wire.TryNumber(out var one) || !wire.TryNumber(out var two) || one != two
            || !wire.TryString(out var type))
            return Wrong(name, "the OpenSSH private key is damaged");
        if (type.SequenceEqual("ssh-ed25519"u8))
            return wire.TryString(out var point) && point.Length == 32 && wire.TryString(out var pair)
                && pair.Length == 64 && pair[32..].SequenceEqual(point)
                ? AgeOutcome<IAgeIdentity>.Of(new SshEd25519Identity(pair[..32], point))
                : Wrong(name, "the ssh-ed25519 private key is damaged");
        return type.SequenceEqual("ssh-rsa"u8) ? OpenSshRsa(ref wire, name)
            : Wrong(name, $"a key of type {Encoding.UTF8.GetString(type)} cannot decrypt: use ssh-ed25519 or ssh-rsa");
    }

    private static AgeOutcome<IAgeIdentity> OpenSshRsa(ref SshWire wire, string name)
    {
        if (!wire.TryPositive(out var n) || !wire.TryPositive(out var e) || !wire.TryPositive(out var d)
            || !wire.TryPositive(out var inverse) || !wire.TryPositive(out var p) || !wire.TryPositive(out var q))
            return Wrong(name, "the ssh-rsa private key is damaged");
        return SshRsaIdentity.Create(new RSAParameters
        {
            Modulus = n.ToArray(),
            Exponent = e.ToArray(),
            D = d.ToArray(),
            P = p.ToArray(),
            Q = q.ToArray(),
            DP = Remainder(d, p),
            DQ = Remainder(d, q),
            InverseQ = inverse.ToArray(),
        });
    }

    // OpenSSH leaves out what follows from the other numbers.
    private static byte[] Remainder(ReadOnlySpan<byte> d, ReadOnlySpan<byte> prime) =>
        BigInteger.Remainder(
            new BigInteger(d, isUnsigned: true, isBigEndian: true),
            BigInteger.Max(2, new BigInteger(prime, isUnsigned: true, isBigEndian: true) - 1))
            .ToByteArray(isUnsigned: true, isBigEndian: true);

    private static AgeOutcome<IAgeIdentity> Ed25519(ReadOnlySpan<byte> seed)
    {
        Span<byte> point = stackalloc byte[32];
        Sodium.SigningPublicOf(seed, point);
        return AgeOutcome<IAgeIdentity>.Of(new SshEd25519Identity(seed, point));
    }

    private static AgeOutcome<IAgeIdentity> Pkcs(Action<RSA> import, string name)
    {
        using var rsa = RSA.Create();
        try
        {
            import(rsa);
            return SshRsaIdentity.Create(rsa.ExportParameters(includePrivateParameters: true));
        }
        catch (CryptographicException)
        {
            return Wrong(name, "this is no RSA or Ed25519 private key");
        }
    }

    private static AgeOutcome<IAgeIdentity> Protected(string name) => Wrong(name,
        "the SSH private key has a passphrase; take it off a copy with ssh-keygen -p, or use an age identity");

    private static AgeOutcome<IAgeIdentity> Wrong(string name, string message) =>
        AgeOutcome<IAgeIdentity>.Failed(AgeFaultKind.Key, $"{name}: {message}");
}
