using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace Kist.Scan.Known;

/// <summary>The fingerprints of the values that a store holds, ready to be searched for.</summary>
public sealed class KnownValues
{
    private const int BitmapBits = 18;

    private readonly byte[] _key;
    private readonly ulong _mask, _factor;
    private readonly uint[] _bitmap = new uint[1 << (BitmapBits - 5)];
    private readonly Dictionary<uint, List<Fingerprint>> _byPrefix = [];

    /// <summary>Indexes the fingerprints that were made with this key.</summary>
    public KnownValues(byte[] key, IEnumerable<Fingerprint> fingerprints)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(fingerprints);
        _key = key;
        (_mask, _factor) = Fingerprint.Mixers(key);
        foreach (var one in fingerprints)
        {
            var bit = one.Prefix >> (32 - BitmapBits);
            _bitmap[bit >> 5] |= 1u << (int)bit;
            if (!_byPrefix.TryGetValue(one.Prefix, out var same)) _byPrefix[one.Prefix] = same = [];
            same.Add(one);
        }
    }

    /// <summary>Where which value stands in a text, in order.</summary>
    internal List<(int Start, Fingerprint Value)> Find(ReadOnlySpan<byte> text)
    {
        var found = new List<(int, Fingerprint)>();
        for (var at = 0; at <= text.Length - Fingerprint.Window; at++)
        {
            var window = Unsafe.ReadUnaligned<ulong>(in text[at]);
            var prefix = Fingerprint.Mix(window, _mask, _factor);
            var bit = prefix >> (32 - BitmapBits);
            if ((_bitmap[bit >> 5] >> (int)bit & 1) == 0
                || !_byPrefix.TryGetValue(prefix, out var candidates)) continue;
            foreach (var one in candidates)
            {
                if (text.Length - at < one.Length) continue;
                var hash = Fingerprint.HashOf(_key, text.Slice(at, one.Length));
                if (CryptographicOperations.FixedTimeEquals(hash, one.Hash)) found.Add((at, one));
            }
        }
        return found;
    }
}
