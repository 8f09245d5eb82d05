using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Kist.Kernel.Stores;
using Kist.Secrets;

namespace Kist.Kernel.Backups;

/// <summary>
/// Writes a backup: a gzipped tar archive with a readable header, encrypted parts, and checksums over them. The form,
/// byte for byte, is in docs/decisions/backup-format.md. Memory does not grow with the store.
/// </summary>
public sealed class BackupWriter : IDisposable
{
    private readonly GzipWriter _target;
    private readonly MemoryStream _sums = new();
    private readonly byte[] _plain = GC.AllocateUninitializedArray<byte>(BackupFiles.PartBytes);
    private readonly byte[] _sealed = GC.AllocateUninitializedArray<byte>(BackupFiles.PartBytes + BackupKeys.TagBytes);
    private readonly BackupKeys _keys;
    private readonly byte[] _header;
    private int _used;
    private long _part;
    private long _count;

    private BackupWriter(Stream target, BackupHeader header, SecretBuffer rootKey)
    {
        _target = new GzipWriter(target);
        _header = header.Serialize();
        _keys = header.KeysFrom(rootKey, _header);
    }

    /// <summary>
    /// Writes <paramref name="entries"/>, which come in the order of keys, to <paramref name="target"/> and returns
    /// their number. The root key must be the one that <paramref name="header"/> has wrapped.
    /// </summary>
    public static async ValueTask<long> WriteAsync(Stream target, BackupHeader header, SecretBuffer rootKey,
        IAsyncEnumerable<StoredEntry> entries, CancellationToken ct)
    {
        using var writer = new BackupWriter(target, header, rootKey);
        await writer.FileAsync(BackupFiles.Header, writer._header, ct);
        await foreach (var entry in entries.WithCancellation(ct)) await writer.AddAsync(entry, ct);
        await writer.FinishAsync(ct);
        return writer._count;
    }

    /// <inheritdoc/>
    public void Dispose() => _keys.Dispose();

    private async ValueTask AddAsync(StoredEntry entry, CancellationToken ct)
    {
        var head = new byte[sizeof(ushort) + Encoding.UTF8.GetByteCount(entry.Key) + sizeof(uint)];
        BinaryPrimitives.WriteUInt16BigEndian(head, (ushort)(head.Length - sizeof(ushort) - sizeof(uint)));
        Encoding.UTF8.GetBytes(entry.Key, head.AsSpan(sizeof(ushort)));
        BinaryPrimitives.WriteUInt32BigEndian(head.AsSpan(head.Length - sizeof(uint)), (uint)entry.Value.Length);
        await AppendAsync(head, ct);
        await AppendAsync(entry.Value, ct);
        _count++;
    }

    private async ValueTask AppendAsync(ReadOnlyMemory<byte> bytes, CancellationToken ct)
    {
        while (!bytes.IsEmpty)
        {
            // Only when more is coming: the last part must know that it is.
            if (_used == _plain.Length) await PartAsync(isLast: false, ct);
            var piece = Math.Min(bytes.Length, _plain.Length - _used);
            bytes[..piece].CopyTo(_plain.AsMemory(_used));
            _used += piece;
            bytes = bytes[piece..];
        }
    }

    private async ValueTask PartAsync(bool isLast, CancellationToken ct)
    {
        if (_part == BackupFiles.MostParts) throw new InvalidOperationException("too large for a backup");
        var sealedPart = _sealed.AsMemory(0, _used + BackupKeys.TagBytes);
        _keys.Encrypt(_part, isLast, _plain.AsSpan(0, _used), sealedPart.Span);
        await FileAsync(BackupFiles.Part(_part++), sealedPart, ct);
        _used = 0;
    }

    private async ValueTask FinishAsync(CancellationToken ct)
    {
        var end = new byte[sizeof(ushort) + sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(end.AsSpan(sizeof(ushort)), _count);
        await AppendAsync(end, ct);
        await PartAsync(isLast: true, ct);
        var sums = _sums.ToArray();
        await FileAsync(BackupFiles.Sums, sums, ct);
        await FileAsync(BackupFiles.Seal, _keys.SealOf(SHA256.HashData(sums)), ct);
        await _target.WriteAsync(new byte[2 * TarHeader.Bytes], ct);
        await _target.FinishAsync(ct);
    }

    private async ValueTask FileAsync(string name, ReadOnlyMemory<byte> content, CancellationToken ct)
    {
        _sums.Write(BackupFiles.Sum(name, SHA256.HashData(content.Span)));
        await _target.WriteAsync(TarHeader.Of(name, content.Length), ct);
        await _target.WriteAsync(content, ct);
        await _target.WriteAsync(new byte[TarHeader.Padding(content.Length)], ct);
    }
}
