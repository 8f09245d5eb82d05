using System.Security.Cryptography;

namespace Kist.Kernel.Audit;

/// <summary>
/// Signs checkpoints with ECDSA over P-256 and SHA-256. The private key lies in the barrier; the public key stands in
/// every checkpoint and can be fetched beforehand, so that a verifier need not believe the file.
/// </summary>
public sealed class AuditSigner : IDisposable
{
    private readonly ECDsa _key;
    private readonly byte[] _publicKeyText;

    private AuditSigner(ECDsa key)
    {
        _key = key;
        _publicKeyText = System.Text.Encoding.ASCII.GetBytes(Convert.ToBase64String(key.ExportSubjectPublicKeyInfo()));
    }

    /// <summary>The public key as PEM (<c>BEGIN PUBLIC KEY</c>).</summary>
    public string PublicKeyPem => _key.ExportSubjectPublicKeyInfoPem();

    /// <summary>The public key as it stands in checkpoints: base64 of its SubjectPublicKeyInfo.</summary>
    internal ReadOnlySpan<byte> PublicKeyText => _publicKeyText;

    /// <summary>A signer with a new key.</summary>
    public static AuditSigner Create() => new(ECDsa.Create(ECCurve.NamedCurves.nistP256));

    /// <summary>A signer with a key that <see cref="ExportPrivateKey"/> gave.</summary>
    public static AuditSigner Import(ReadOnlySpan<byte> pkcs8)
    {
        var key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(pkcs8, out _);
        return new AuditSigner(key);
    }

    /// <summary>The private key as PKCS#8; the caller zeroes it.</summary>
    public byte[] ExportPrivateKey() => _key.ExportPkcs8PrivateKey();

    /// <inheritdoc/>
    public void Dispose() => _key.Dispose();

    /// <summary>The DER signature over <paramref name="text"/>.</summary>
    internal byte[] Sign(ReadOnlySpan<byte> text) =>
        _key.SignData(text, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
}
