using System.Globalization;
using System.Security.Cryptography;
using Kist.Secrets;

namespace Kist.Formats.Age;

/// <summary>A passphrase to encrypt with. It must be the only recipient of a file.</summary>
public sealed class ScryptRecipient : IAgeRecipient, IDisposable
{
    /// <summary>The base-two logarithm of the work factor that age uses: about a second and 256 MiB.</summary>
    public const int DefaultLogN = 18;

    internal const string StanzaType = "scrypt";
    internal const int SaltBytes = 16;
    private readonly SecretBuffer _passphrase;
    private readonly int _logN;

    /// <summary>Copies the passphrase (UTF-8).</summary>
    /// <param name="logN">The base-two logarithm of the work factor, 1 to 22.</param>
    public ScryptRecipient(ReadOnlySpan<byte> passphrase, int logN = DefaultLogN)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(logN, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(logN, ScryptIdentity.MaxLogN);
        _passphrase = SecretBuffer.Copy(passphrase);
        _logN = logN;
    }

    /// <inheritdoc/>
    public AgeOutcome<AgeWrapped> Wrap(SecretBuffer fileKey)
    {
        var salt = RandomNumberGenerator.GetBytes(SaltBytes);
        Span<byte> wrapKey = stackalloc byte[32];
        if (!TryDeriveWrapKey(_passphrase.Span, salt, _logN, wrapKey))
            return AgeOutcome<AgeWrapped>.Failed(AgeFaultKind.Refused, NoMemory(_logN));
        var body = FileKey.Wrap(fileKey, wrapKey, new byte[12]);
        CryptographicOperations.ZeroMemory(wrapKey);
        string[] arguments = [RawBase64.Encode(salt), _logN.ToString(CultureInfo.InvariantCulture)];
        return AgeOutcome<AgeWrapped>.Of(new AgeWrapped([new AgeStanza(StanzaType, arguments, body)], []));
    }

    /// <inheritdoc/>
    public override string ToString() => "[REDACTED]";

    /// <summary>Zeroes the passphrase.</summary>
    public void Dispose() => _passphrase.Dispose();

    internal static string NoMemory(int logN) =>
        $"the work factor {logN} of the passphrase needs {Math.Max(1, 1L << (logN - 10))} MiB of memory, "
        + "which cannot be had";

    internal static bool TryDeriveWrapKey(
        ReadOnlySpan<byte> passphrase, ReadOnlySpan<byte> salt, int logN, Span<byte> wrapKey)
    {
        var label = "age-encryption.org/v1/scrypt"u8;
        Span<byte> labelled = stackalloc byte[label.Length + salt.Length];
        label.CopyTo(labelled);
        salt.CopyTo(labelled[label.Length..]);
        return Sodium.TryScrypt(passphrase, labelled, logN, 8, 1, wrapKey);
    }
}
