using System.Buffers.Binary;
using System.Security.Cryptography;
using Kist.Kernel.Barrier;
using Kist.Secrets;

namespace Kist.Server.Engines.Kv;

/// <summary>
/// A secret in the form that writes work on. All doors share it: KV shows numbers and a map, others ids, labels and
/// states. The bytes are described at <see cref="SecretView"/>.
/// </summary>
internal sealed class SecretRecord
{
    /// <summary>The version that reads get when they name none.</summary>
    public const string CurrentLabel = "current";

    /// <summary>The version before it.</summary>
    public const string PreviousLabel = "previous";

    /// <summary>How many versions are kept when nothing is configured.</summary>
    public const uint DefaultMaxVersions = 10;

    /// <summary>How many versions are kept at most, whatever is configured: the list of them is part of each
    /// read.</summary>
    public const uint MostVersions = 4_096;

    /// <summary>
    /// Bytes of older payloads that stay in the record, so that it still fits one page of most stores.
    /// </summary>
    public const int MostKeptBytes = 2_048;

    // A larger payload than this would push out too many others.
    private const int LargestKept = 1_024;

    // With a payload of this size a record is large anyway, and has to fit one value of the store.
    private const int LargePayload = 65_536;

    private SecretRecord(Guid id, DateTimeOffset created) => (Id, Created, Updated) = (id, created, created);

    public Guid Id { get; private init; }

    public DateTimeOffset Created { get; private init; }

    public DateTimeOffset Updated { get; private set; }

    public bool CasRequired { get; set; }

    /// <summary>Whether an older version may have a payload record of its own.</summary>
    public bool HasPayloadRecords { get; private set; }

    public TimeSpan DeleteVersionAfter { get; set; }

    public uint MaxVersions { get; set; }

    public long CurrentVersion { get; private set; }

    public long OldestVersion { get; private set; }

    /// <summary>Payload records of versions below this number have been removed.</summary>
    public long SweptBelow { get; private set; }

    /// <summary>A JSON object as it is shown; empty when none was ever given.</summary>
    public ReadOnlyMemory<byte> CustomMetadata { get; set; }

    /// <summary>The current version's payload, in the buffer that the record was read from or written with.</summary>
    public ReadOnlyMemory<byte> Payload { get; private set; }

    /// <summary>The versions, newest first.</summary>
    public List<SecretVersion> Versions { get; } = [];

    /// <summary>The current version, or null when none was ever written.</summary>
    public SecretVersion? Current => Versions.Count == 0 ? null : Versions[0];

    public static SecretRecord New(DateTimeOffset now) => new(PublicRandom.NewGuid(), now);

    /// <summary>Reads a record; texts and payload stay in <paramref name="bytes"/>.</summary>
    public static SecretRecord Read(ReadOnlyMemory<byte> bytes)
    {
        var view = new SecretView(bytes.Span);
        var (start, length) = view.PayloadPlace;
        var record = new SecretRecord(view.Id, Time(view.CreatedTicks))
        {
            Updated = Time(view.UpdatedTicks),
            CasRequired = view.CasRequired,
            HasPayloadRecords = view.HasPayloadRecords,
            DeleteVersionAfter = new TimeSpan(view.DeleteVersionAfterTicks),
            MaxVersions = view.MaxVersions,
            CurrentVersion = view.CurrentVersion,
            OldestVersion = view.OldestVersion,
            SweptBelow = view.SweptBelow,
            CustomMetadata = bytes.Slice(SecretView.HeaderBytes, start - SecretView.HeaderBytes),
            Payload = bytes.Slice(start, length),
        };
        var versions = view.Versions;
        for (var i = 0; i < view.VersionCount; i++)
        {
            var entry = versions.Next();
            ReadOnlyMemory<byte>? kept = null;
            if (entry.IsKept) kept = bytes.Slice(start + length + entry.KeptStart, entry.Kept.Length);
            var version = SecretVersion.From(entry, kept);
            var wanted = i == 0 ? version.Number == record.CurrentVersion : version.Number < record.Versions[^1].Number;
            if (!wanted || version.Number < 1) throw new MalformedRecordException("order of versions");
            record.Versions.Add(version);
        }
        return versions.AtEnd ? record : throw new MalformedRecordException("end");
    }

    public SecretVersion? Find(long number) => Versions.Find(v => v.Number == number);

    /// <summary>
    /// Puts a new version on top, moves the labels <c>current</c> and <c>previous</c>, and drops from the list what
    /// is more than
    /// <paramref name="maxVersions"/>, by the rule that Vault's clients know: the oldest number moves on, gaps count.
    /// </summary>
    public SecretVersion Add(
        ReadOnlyMemory<byte> payload, DateTimeOffset now, DateTimeOffset? deletion, uint maxVersions)
    {
        foreach (var version in Versions) version.Labels.Remove(PreviousLabel);
        if (Current is { } former && former.Labels.Remove(CurrentLabel)) former.Labels.Add(PreviousLabel);
        var added = new SecretVersion(++CurrentVersion, PublicRandom.NewGuid(), now)
        {
            Deletion = deletion,
            Labels = { CurrentLabel },
        };
        Versions.Insert(0, added);
        Payload = payload;
        Updated = now;
        var kept = Math.Min(maxVersions, MostVersions);
        if (CurrentVersion - OldestVersion >= kept)
        {
            OldestVersion = CurrentVersion - kept + 1;
            Versions.RemoveAll(v => v.Number < OldestVersion);
        }
        return added;
    }

    /// <summary>
    /// Keeps the payload of the version that was current until now, while it is in the list. The payloads that do not
    /// fit any more, at most <paramref name="most"/>, come back: each needs a record of its own.
    /// </summary>
    public IReadOnlyList<(long Number, ReadOnlyMemory<byte> Payload)> Keep(
        SecretVersion former, ReadOnlyMemory<byte> payload, int most)
    {
        if (former.IsDestroyed || !Versions.Contains(former)) return [];
        var moved = new List<(long Number, ReadOnlyMemory<byte> Payload)>();
        if (payload.Length <= LargestKept) former.Kept = payload;
        else moved.Add((former.Number, payload));
        var room = Payload.Length > LargePayload ? 0 : MostKeptBytes;
        var kept = Versions.Sum(version => version.Kept?.Length ?? 0);
        for (var i = Versions.Count - 1; kept > room && i >= 0 && moved.Count < most; i--)
        {
            if (Versions[i].Kept is not { } oldest) continue;
            moved.Add((Versions[i].Number, oldest));
            Versions[i].Kept = null;
            kept -= oldest.Length;
        }
        HasPayloadRecords |= moved.Count > 0;
        return moved;
    }

    /// <summary>As the record of an unversioned secret: whatever was there is replaced by one version.</summary>
    public static SecretRecord Single(ReadOnlyMemory<byte> payload, DateTimeOffset now)
    {
        var record = New(now);
        record.OldestVersion = 1;
        record.SweptBelow = 1;
        record.Add(payload, now, null, DefaultMaxVersions);
        return record;
    }

    /// <summary>Marks a version as destroyed. The current one's payload goes here, an older one's is the
    /// caller's.</summary>
    public void Destroy(SecretVersion version)
    {
        version.State = VersionState.Destroyed;
        version.Kept = null;
        if (ReferenceEquals(version, Current)) Payload = default;
    }

    /// <summary>
    /// The next versions, at most <paramref name="most"/>, whose payload records must be removed because they are not
    /// in the list any more; the record counts them as removed.
    /// </summary>
    public IReadOnlyList<long> Sweep(int most)
    {
        var first = Math.Max(1, SweptBelow);
        var end = Math.Min(OldestVersion, first + most);
        if (end <= first) return [];
        SweptBelow = end;
        if (!HasPayloadRecords) return [];
        return [.. Enumerable.Range(0, (int)(end - first)).Select(i => first + i)];
    }

    /// <summary>Whether payload records of dropped versions are still there.</summary>
    public bool IsSwept => SweptBelow >= OldestVersion || OldestVersion <= 1;

    /// <summary>
    /// Takes the oldest versions but never the current one out of a swept list, at most <paramref name="most"/>,
    /// before the whole secret goes; their payload records are the caller's to remove.
    /// </summary>
    public IReadOnlyList<SecretVersion> TakeOldest(int most)
    {
        var count = Math.Clamp(Versions.Count - 1, 0, most);
        var taken = Versions.GetRange(Versions.Count - count, count);
        Versions.RemoveRange(Versions.Count - count, count);
        if (count > 0) SweptBelow = OldestVersion = taken[0].Number + 1;
        return taken;
    }

    /// <summary>Appends the record's bytes.</summary>
    public void WriteTo(SecretWriter output)
    {
        var header = output.GetSpan(SecretView.HeaderBytes)[..SecretView.HeaderBytes];
        header[0] = SecretView.Format;
        header[1] = (byte)((CasRequired ? 1 : 0) | (HasPayloadRecords ? 2 : 0));
        Id.TryWriteBytes(header[2..]);
        BinaryPrimitives.WriteInt64LittleEndian(header[18..], Created.UtcTicks);
        BinaryPrimitives.WriteInt64LittleEndian(header[26..], Updated.UtcTicks);
        BinaryPrimitives.WriteInt64LittleEndian(header[34..], DeleteVersionAfter.Ticks);
        BinaryPrimitives.WriteUInt32LittleEndian(header[42..], MaxVersions);
        BinaryPrimitives.WriteInt64LittleEndian(header[46..], CurrentVersion);
        BinaryPrimitives.WriteInt64LittleEndian(header[54..], OldestVersion);
        BinaryPrimitives.WriteInt64LittleEndian(header[62..], SweptBelow);
        BinaryPrimitives.WriteInt32LittleEndian(header[70..], CustomMetadata.Length);
        BinaryPrimitives.WriteInt32LittleEndian(header[74..], Payload.Length);
        BinaryPrimitives.WriteInt32LittleEndian(header[78..], Versions.Count);
        output.Advance(SecretView.HeaderBytes);
        output.Write(CustomMetadata.Span);
        output.Write(Payload.Span);
        foreach (var version in Versions) version.WriteTo(output);
    }

    private static DateTimeOffset Time(long ticks) => new(ticks, TimeSpan.Zero);
}
