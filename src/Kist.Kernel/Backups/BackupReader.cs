using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using Kist.Kernel.Stores;
using Kist.Secrets;

namespace Kist.Kernel.Backups;

/// <summary>
/// Reads a backup from front to back, once. It believes nothing: a byte that is not as <see cref="BackupWriter"/>
/// writes it is a <see cref="BackupException"/>. What was read may be used only when the enumeration has ended, because
/// only then is it certain that nothing is missing. Memory does not grow with the backup.
/// </summary>
public sealed class BackupReader : IDisposable
{
    private const int MostSumsBytes = 1 << 30;
    private readonly GzipReader _source;
    private readonly IncrementalHash _sums = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] _head = new byte[TarHeader.Bytes];
    private readonly byte[] _headerJson;
    private byte[] _sealed = [];
    private byte[] _plain = [];
    private ReadOnlyMemory<byte> _first;
    private BackupKeys? _keys;
    private (string Name, long Size) _next;
    private int _start;
    private int _end;
    private long _sumsBytes;
    private bool _wasLast;

    private BackupReader(GzipReader source, byte[] headerJson)
    {
        (_source, _headerJson) = (source, headerJson);
        Header = BackupHeader.Parse(headerJson);
    }

    /// <summary>What is readable without the key.</summary>
    public BackupHeader Header { get; }

    /// <summary>How many parts were read.</summary>
    public long Parts { get; private set; }

    /// <summary>How many entries were read; right only at the end.</summary>
    public long Entries { get; private set; }

    /// <summary>How many bytes of the file were read.</summary>
    public long Position => _source.Position;

    /// <summary>Reads the header.</summary>
    public static async ValueTask<BackupReader> OpenAsync(Stream source, CancellationToken ct)
    {
        var gzip = new GzipReader(source);
        var head = new byte[TarHeader.Bytes];
        await gzip.ReadAsync(head, ct);
        if (TarHeader.Parse(head) is not { Name: BackupFiles.Header, Size: > 0 and <= BackupHeader.MostBytes } first)
            throw new BackupException(BackupFailure.NotABackup, "this is not a backup of Kist");
        var json = new byte[first.Size];
        await gzip.ReadAsync(json, ct);
        var reader = new BackupReader(gzip, json);
        await reader.SkipPaddingAsync(json.Length, ct);
        reader.AddSum(BackupFiles.Header, json);
        await reader.NextFileAsync(ct);
        return reader;
    }

    /// <summary>
    /// Checks all that shows without the key: that the file is whole and nothing in it was changed by accident.
    /// Whoever changed it on purpose could have made the checksums anew.
    /// </summary>
    public async ValueTask CheckAsync(CancellationToken ct)
    {
        while (!_wasLast) _ = await ReadPartAsync(ct);
        await FinishAsync(ct);
    }

    /// <summary>
    /// Whether <paramref name="rootKey"/>, which is what the seal gives for the header's wrapped key, opens it. May be
    /// asked for several keys; the first that does is kept. A changed first part looks like a wrong key.
    /// </summary>
    public async ValueTask<bool> TryUnlockAsync(SecretBuffer rootKey, CancellationToken ct)
    {
        if (Parts == 0)
        {
            _first = await ReadPartAsync(ct);
            // No part is longer than the first.
            _plain = GC.AllocateUninitializedArray<byte>(_first.Length - BackupKeys.TagBytes);
        }
        var keys = Header.KeysFrom(rootKey, _headerJson);
        if (keys.TryDecrypt(0, _wasLast, _first.Span, _plain.AsSpan(0, _first.Length - BackupKeys.TagBytes)))
        {
            (_keys, _start, _end) = (keys, 0, _first.Length - BackupKeys.TagBytes);
            return true;
        }
        keys.Dispose();
        return false;
    }

    /// <summary>Every entry, in the order of keys; once the backup is unlocked.</summary>
    public async IAsyncEnumerable<StoredEntry> EntriesAsync([EnumeratorCancellation] CancellationToken ct = default)
    {
        if (_keys is null) throw new InvalidOperationException("the backup is locked");
        var (size, last) = (new byte[sizeof(long)], Array.Empty<byte>());
        while (true)
        {
            await FillAsync(size.AsMemory(0, sizeof(ushort)), ct);
            var length = BinaryPrimitives.ReadUInt16BigEndian(size);
            if (length == 0) break;
            if (length > Batch.MaxKeyBytes) throw _source.Damaged("a key is too long");
            var key = new byte[length];
            await FillAsync(key, ct);
            if (last.AsSpan().SequenceCompareTo(key) >= 0) throw _source.Damaged("its keys are out of order");
            last = key;
            await FillAsync(size.AsMemory(0, sizeof(uint)), ct);
            var valueLength = BinaryPrimitives.ReadUInt32BigEndian(size);
            if (valueLength > Batch.MaxValueBytes) throw _source.Damaged("a value is too long");
            var value = GC.AllocateUninitializedArray<byte>((int)valueLength);
            await FillAsync(value, ct);
            Entries++;
            yield return new StoredEntry(TextOf(key), value);
        }
        await FillAsync(size, ct);
        if (BinaryPrimitives.ReadInt64BigEndian(size) != Entries || _start != _end || !_wasLast)
            throw _source.Damaged("it does not hold as many entries as it says");
        await FinishAsync(ct);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _keys?.Dispose();
        _sums.Dispose();
    }

    private string TextOf(byte[] key)
    {
        if (System.Text.Unicode.Utf8.IsValid(key)) return Encoding.UTF8.GetString(key);
        throw _source.Damaged("a key is not text");
    }

    // Of the plain bytes that all parts make together.
    private async ValueTask FillAsync(Memory<byte> target, CancellationToken ct)
    {
        while (!target.IsEmpty)
        {
            if (_start == _end) await NextPlainAsync(ct);
            var piece = Math.Min(target.Length, _end - _start);
            _plain.AsMemory(_start, piece).CopyTo(target);
            _start += piece;
            target = target[piece..];
        }
    }

    private async ValueTask NextPlainAsync(CancellationToken ct)
    {
        if (_wasLast) throw _source.Damaged("it ends too early");
        var number = Parts;
        var sealedPart = await ReadPartAsync(ct);
        (_start, _end) = (0, sealedPart.Length - BackupKeys.TagBytes);
        if (!_keys!.TryDecrypt(number, _wasLast, sealedPart.Span, _plain.AsSpan(0, _end)))
            throw _source.Damaged($"part {number} does not open");
    }

    /// <summary>Reads a part as it stands, and the head of what follows: that tells whether it is the last.</summary>
    private async ValueTask<ReadOnlyMemory<byte>> ReadPartAsync(CancellationToken ct)
    {
        var (name, size) = _next;
        if (name != BackupFiles.Part(Parts) || size is <= BackupKeys.TagBytes
            or > BackupFiles.PartBytes + BackupKeys.TagBytes)
            throw _source.Damaged($"part {Parts} is not in its place");
        if (_sealed.Length < size) _sealed = GC.AllocateUninitializedArray<byte>((int)size);
        var part = _sealed.AsMemory(0, (int)size);
        await _source.ReadAsync(part, ct);
        await SkipPaddingAsync(size, ct);
        AddSum(name, part.Span);
        Parts++;
        await NextFileAsync(ct);
        _wasLast = _next.Name == BackupFiles.Sums;
        if (!_wasLast && size != BackupFiles.PartBytes + BackupKeys.TagBytes)
            throw _source.Damaged($"part {Parts - 1} is too short");
        return part;
    }

    private async ValueTask FinishAsync(CancellationToken ct)
    {
        if (_next.Size != _sumsBytes || _sumsBytes > MostSumsBytes) throw _source.Damaged("its checksums are cut");
        using var read = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[4096];
        for (var left = _sumsBytes; left > 0;)
        {
            var piece = buffer.AsMemory(0, (int)Math.Min(left, buffer.Length));
            await _source.ReadAsync(piece, ct);
            read.AppendData(piece.Span);
            left -= piece.Length;
        }
        var hash = _sums.GetHashAndReset();
        if (!read.GetHashAndReset().AsSpan().SequenceEqual(hash)) throw _source.Damaged("a checksum is wrong");
        await SkipPaddingAsync(_sumsBytes, ct);
        await NextFileAsync(ct);
        if (_next is not (BackupFiles.Seal, BackupKeys.SealBytes)) throw _source.Damaged("its seal is missing");
        var seal = new byte[BackupKeys.SealBytes];
        await _source.ReadAsync(seal, ct);
        if (_keys is not null && !CryptographicOperations.FixedTimeEquals(_keys.SealOf(hash), seal))
            throw _source.Damaged("its seal is broken");
        await SkipPaddingAsync(seal.Length, ct);
        await ZerosAsync(2 * TarHeader.Bytes, ct);
        await _source.FinishAsync(ct);
    }

    private async ValueTask NextFileAsync(CancellationToken ct)
    {
        await _source.ReadAsync(_head, ct);
        _next = TarHeader.Parse(_head) ?? throw _source.Damaged("a file in it has a wrong head");
    }

    private void AddSum(string name, ReadOnlySpan<byte> content)
    {
        var line = BackupFiles.Sum(name, SHA256.HashData(content));
        _sums.AppendData(line);
        _sumsBytes += line.Length;
    }

    private ValueTask SkipPaddingAsync(long size, CancellationToken ct) => ZerosAsync(TarHeader.Padding(size), ct);

    private async ValueTask ZerosAsync(int count, CancellationToken ct)
    {
        var zeros = new byte[count];
        await _source.ReadAsync(zeros, ct);
        if (zeros.AsSpan().ContainsAnyExcept((byte)0)) throw _source.Damaged("what is unused in it is not empty");
    }
}
