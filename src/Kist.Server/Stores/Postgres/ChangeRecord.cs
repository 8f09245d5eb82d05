using System.Buffers.Binary;
using System.Text;
using Kist.Kernel.Stores;

namespace Kist.Server.Stores.Postgres;

/// <summary>
/// The keys that one commit touched, as one value of the change log: for each a byte (1: deleted), the key's length in
/// two bytes, big-endian, and its UTF-8 form. One row for a commit is written and read whole, so a watcher never sees a
/// part.
/// </summary>
internal static class ChangeRecord
{
    private const int Head = 3;

    public static byte[] Write(List<(byte[] Key, bool Deleted)> changes)
    {
        var record = new byte[changes.Sum(change => Head + change.Key.Length)];
        var rest = record.AsSpan();
        foreach (var (key, deleted) in changes)
        {
            rest[0] = deleted ? (byte)1 : (byte)0;
            BinaryPrimitives.WriteUInt16BigEndian(rest[1..], (ushort)key.Length);
            key.CopyTo(rest[Head..]);
            rest = rest[(Head + key.Length)..];
        }
        return record;
    }

    public static void Read(ReadOnlySpan<byte> record, long revision, List<Change> into)
    {
        while (record.Length >= Head)
        {
            var length = BinaryPrimitives.ReadUInt16BigEndian(record[1..]);
            if (record.Length < Head + length)
                break;
            into.Add(new Change(Encoding.UTF8.GetString(record.Slice(Head, length)), revision, record[0] == 1));
            record = record[(Head + length)..];
        }
        if (!record.IsEmpty)
            throw new StoreException(StoreFailure.Corrupt, $"the change log is damaged at revision {revision}");
    }
}
