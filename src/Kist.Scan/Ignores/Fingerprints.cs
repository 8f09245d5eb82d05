using System.Security.Cryptography;

namespace Kist.Scan.Ignores;

/// <summary>
/// Names for secret values by which they can be allowed without being written down: a slow keyed hash. The key is the
/// repository's own, so that equal values in two repositories do not show, and a table of hashes fits none.
/// </summary>
public sealed class Fingerprints(byte[] key)
{
    private const int Rounds = 2000, Bytes = 16;
    private readonly Dictionary<string, string> _known = new(StringComparer.Ordinal);

    /// <summary>The key, as it stands in <c>.kist/scan.toml</c>.</summary>
    public string Key => Convert.ToBase64String(key);

    /// <summary>Those of a repository that has no key yet.</summary>
    public static Fingerprints WithoutKey() => new("kist scan"u8.ToArray());

    /// <summary>The value's name: 32 hex digits.</summary>
    public string Of(ReadOnlySpan<byte> secret)
    {
        var quick = Convert.ToBase64String(SHA256.HashData(secret));
        lock (_known)
        {
            if (_known.TryGetValue(quick, out var name)) return name;
            name = Convert.ToHexStringLower(
                Rfc2898DeriveBytes.Pbkdf2(secret, key, Rounds, HashAlgorithmName.SHA256, Bytes));
            return _known[quick] = name;
        }
    }
}
