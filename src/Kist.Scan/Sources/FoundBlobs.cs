using System.Security.Cryptography;
using System.Text;

namespace Kist.Scan.Sources;

/// <summary>
/// Which contents hold which secrets. A secret is known by a keyed hash here: it may be in thousands of versions of a
/// file, and what is kept of it goes into a cache.
/// </summary>
internal sealed class FoundBlobs(byte[] key)
{
    private const int MaxPairs = 500_000;
    private readonly Lock _lock = new();
    private readonly Dictionary<ObjectId, HashSet<string>> _secrets = [];
    private readonly Dictionary<ObjectId, string> _paths = [];

    /// <summary>The key of the hashes.</summary>
    public byte[] Key => key;

    /// <summary>How many pairs of content and secret there are.</summary>
    public int Pairs { get; private set; }

    /// <summary>Whether there were more pairs than are kept.</summary>
    public bool Overflowed { get; private set; }

    /// <summary>The contents that hold something, each with its secrets.</summary>
    public IReadOnlyDictionary<ObjectId, HashSet<string>> Secrets => _secrets;

    /// <summary>A path under which the content was seen.</summary>
    public string PathOf(ObjectId blob) => _paths.GetValueOrDefault(blob, "");

    public bool Holds(ObjectId blob) => _secrets.ContainsKey(blob);

    public bool Holds(ObjectId blob, string secret) =>
        _secrets.TryGetValue(blob, out var secrets) && secrets.Contains(secret);

    public void Add(Finding finding, BlobPath blob) => Add(blob, SecretOf(finding));

    public void Add(BlobPath blob, string secret)
    {
        lock (_lock)
        {
            if (Pairs >= MaxPairs)
            {
                Overflowed = true;
                return;
            }
            if (!_secrets.TryGetValue(blob.Id, out var secrets)) _secrets[blob.Id] = secrets = [];
            if (secrets.Add(secret)) Pairs++;
            _paths[blob.Id] = blob.Path;
        }
    }

    /// <summary>The name of a finding's secret, with the rule that found it.</summary>
    public string SecretOf(Finding finding)
    {
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
        hash.AppendData(Encoding.UTF8.GetBytes(finding.Rule.Id + "\0"));
        hash.AppendData(finding.Secret.Span);
        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 16));
    }
}
