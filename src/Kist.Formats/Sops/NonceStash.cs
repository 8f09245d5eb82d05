using System.Security.Cryptography;
using Kist.Formats.Sops.Crypto;

namespace Kist.Formats.Sops;

/// <summary>
/// The nonces of the values of a file, by path and plain text: the same value at the same path gets its nonce and with
/// it its ciphertext again. Each is given once, in the order in which they were found.
/// </summary>
public sealed class NonceStash : IDisposable
{
    private readonly Dictionary<UInt128, Queue<byte[]>> _nonces = [];
    private readonly byte[] _secret = RandomNumberGenerator.GetBytes(32);

    internal void Add(ReadOnlySpan<byte> aad, SopsValue value, ReadOnlySpan<byte> nonce)
    {
        var name = NameOf(aad, value);
        if (!_nonces.TryGetValue(name, out var queue)) _nonces[name] = queue = new Queue<byte[]>(1);
        queue.Enqueue(nonce.ToArray());
    }

    internal ReadOnlySpan<byte> Take(ReadOnlySpan<byte> aad, SopsValue value) =>
        _nonces.TryGetValue(NameOf(aad, value), out var queue) && queue.TryDequeue(out var nonce) ? nonce : default;

    /// <summary>Forgets them.</summary>
    public void Dispose()
    {
        _nonces.Clear();
        CryptographicOperations.ZeroMemory(_secret);
    }

    /// <summary>A keyed hash, so that no plain text stays behind here. Two values of one name would share a nonce: 128
    /// bits of a keyed hash do not collide.</summary>
    private UInt128 NameOf(ReadOnlySpan<byte> aad, SopsValue value)
    {
        Span<byte> number = stackalloc byte[400];
        var plain = value.Kind is SopsKind.Text or SopsKind.Comment or SopsKind.Time
            ? value.Bytes.Span : number[..PlainText.Write(value, number)];
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, _secret);
        Span<byte> head = stackalloc byte[5];
        head[0] = (byte)value.Kind;
        BitConverter.TryWriteBytes(head[1..], aad.Length);
        hash.AppendData(head);
        hash.AppendData(aad);
        hash.AppendData(plain);
        Span<byte> sum = stackalloc byte[32];
        hash.GetHashAndReset(sum);
        return BitConverter.ToUInt128(sum);
    }
}
