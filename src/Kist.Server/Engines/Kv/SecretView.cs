using System.Buffers.Binary;
using Kist.Kernel.Barrier;

namespace Kist.Server.Engines.Kv;

/// <summary>
/// A stored secret, read in place: no object is made and nothing is copied, so a read of the current version costs one
/// store get, one decryption and this. The record is
/// <code>
/// offset  size  what
///      0     1  format: 2
///      1     1  flags: 1 = writes must say the version they replace; 2 = older payloads may have records of their own
///      2    16  id of the secret; names the records of its older versions
///     18     8  created, UTC ticks
///     26     8  last version written, UTC ticks
///     34     8  delete_version_after in ticks; 0: not set
///     42     4  max_versions; 0: not set
///     46     8  number of the current version; 0: none yet
///     54     8  oldest version, as clients see it
///     62     8  payload records of versions below this number are gone
///     70     4  length of the custom metadata
///     74     4  length of the current version's payload
///     78     4  number of versions
///     82        custom metadata (a JSON object, or nothing), payload, then the versions, newest first:
///               8 number · 16 id · 8 created · 8 deletion time (0: none) · 1 state · 1 payload kind
///               1 length and content type · 1 count of labels, each 1 length and text
///               4 length of an older version's payload, and that payload; -1: it is not in here
/// </code>
/// Numbers are little-endian. A record that breaks any of this is a <see cref="MalformedRecordException"/>; that nobody
/// changed its bytes is the barrier's business. Older payloads that are small stay in here, so that a write touches one
/// entry of the store; the others have records of their own (<see cref="VersionPayload"/>).
/// </summary>
internal readonly ref struct SecretView
{
    public const byte Format = 2;
    public const int HeaderBytes = 82;

    private readonly ReadOnlySpan<byte> _record;
    private readonly int _customBytes;
    private readonly int _payloadBytes;

    public SecretView(ReadOnlySpan<byte> record)
    {
        if (record.Length < HeaderBytes || record[0] != Format || record[1] > 3)
            throw new MalformedRecordException("header");
        _record = record;
        _customBytes = BinaryPrimitives.ReadInt32LittleEndian(record[70..]);
        _payloadBytes = BinaryPrimitives.ReadInt32LittleEndian(record[74..]);
        VersionCount = BinaryPrimitives.ReadInt32LittleEndian(record[78..]);
        if (_customBytes < 0 || _payloadBytes < 0 || VersionCount < 0
            || (long)HeaderBytes + _customBytes + _payloadBytes > record.Length)
            throw new MalformedRecordException("lengths");
        if (CurrentVersion < 0 || (CurrentVersion == 0) != (VersionCount == 0)
            || (VersionCount == 0 && _payloadBytes != 0))
            throw new MalformedRecordException("current version");
        if (OldestVersion < 0 || OldestVersion > CurrentVersion || SweptBelow < 0 || SweptBelow > OldestVersion)
            throw new MalformedRecordException("oldest version");
    }

    public bool CasRequired => (_record[1] & 1) != 0;

    /// <summary>Whether an older version may have a payload record of its own.</summary>
    public bool HasPayloadRecords => (_record[1] & 2) != 0;

    public Guid Id => new(_record.Slice(2, 16));

    public long CreatedTicks => VersionReader.Ticks(_record[18..]);

    public long UpdatedTicks => VersionReader.Ticks(_record[26..]);

    public long DeleteVersionAfterTicks => VersionReader.Ticks(_record[34..]);

    public uint MaxVersions => BinaryPrimitives.ReadUInt32LittleEndian(_record[42..]);

    public long CurrentVersion => BinaryPrimitives.ReadInt64LittleEndian(_record[46..]);

    public long OldestVersion => BinaryPrimitives.ReadInt64LittleEndian(_record[54..]);

    public long SweptBelow => BinaryPrimitives.ReadInt64LittleEndian(_record[62..]);

    public int VersionCount { get; }

    /// <summary>A JSON object; empty when none was ever given.</summary>
    public ReadOnlySpan<byte> CustomMetadata => _record.Slice(HeaderBytes, _customBytes);

    /// <summary>The current version's payload; empty when there is none any more.</summary>
    public ReadOnlySpan<byte> Payload => _record.Slice(HeaderBytes + _customBytes, _payloadBytes);

    /// <summary>Where the payload lies in the record.</summary>
    public (int Start, int Length) PayloadPlace => (HeaderBytes + _customBytes, _payloadBytes);

    /// <summary>The versions from the newest on; their end must be the record's end.</summary>
    public VersionReader Versions => new(_record[(HeaderBytes + _customBytes + _payloadBytes)..]);

    /// <summary>Reads the current version; false when none was ever written.</summary>
    public bool TryCurrent(out VersionView version)
    {
        version = default;
        if (VersionCount == 0) return false;
        var versions = Versions;
        version = versions.Next();
        if (version.Number != CurrentVersion) throw new MalformedRecordException("order of versions");
        return true;
    }

    /// <summary>Finds a version by number; false when it was never written or is not kept any more.</summary>
    public bool TryFind(long number, out VersionView version)
    {
        var versions = Versions;
        for (var i = 0; i < VersionCount; i++)
        {
            version = versions.Next();
            if (version.Number == number) return true;
            if (version.Number < number) break;
        }
        version = default;
        return false;
    }
}

/// <summary>One version in a record, read in place.</summary>
internal readonly ref struct VersionView(
    long number, ReadOnlySpan<byte> id, long createdTicks, long deletionTicks, VersionState state, PayloadKind kind,
    ReadOnlySpan<byte> contentType, ReadOnlySpan<byte> labels, int keptStart, ReadOnlySpan<byte> kept)
{
    public long Number { get; } = number;

    public ReadOnlySpan<byte> Id { get; } = id;

    public long CreatedTicks { get; } = createdTicks;

    /// <summary>When it was or will be deleted; 0: never.</summary>
    public long DeletionTicks { get; } = deletionTicks;

    public VersionState State { get; } = state;

    public PayloadKind Kind { get; } = kind;

    public ReadOnlySpan<byte> ContentType { get; } = contentType;

    /// <summary>Each label as one byte of length and its text.</summary>
    public ReadOnlySpan<byte> Labels { get; } = labels;

    /// <summary>Whether <see cref="Kept"/> is this version's payload.</summary>
    public bool IsKept => KeptStart >= 0;

    /// <summary>An older version's payload, if it lies in this record.</summary>
    public ReadOnlySpan<byte> Kept { get; } = kept;

    /// <summary>Where it lies, counted from where the reader of the versions began; -1: elsewhere.</summary>
    public int KeptStart { get; } = keptStart;

    public bool IsDestroyed => State is VersionState.Destroyed;

    /// <summary>Whether the payload may be shown at <paramref name="nowTicks"/>.</summary>
    public bool IsReadableAt(long nowTicks) =>
        State is VersionState.Enabled && (DeletionTicks == 0 || DeletionTicks > nowTicks);
}

/// <summary>Steps over the versions of a record.</summary>
internal ref struct VersionReader(ReadOnlySpan<byte> rest)
{
    private const int FixedBytes = 42;

    private readonly int _length = rest.Length;
    private ReadOnlySpan<byte> _rest = rest;

    public readonly bool AtEnd => _rest.IsEmpty;

    public VersionView Next()
    {
        if (_rest.Length < FixedBytes + 2) throw new MalformedRecordException("version");
        var entry = _rest;
        var (state, kind) = ((VersionState)entry[40], (PayloadKind)entry[41]);
        if (state > VersionState.Destroyed || kind > PayloadKind.Binary) throw new MalformedRecordException("state");
        _rest = entry[FixedBytes..];
        var contentType = Short();
        var count = _rest.IsEmpty ? throw new MalformedRecordException("labels") : _rest[0];
        _rest = _rest[1..];
        var labels = _rest;
        for (var i = 0; i < count; i++) Short();
        labels = labels[..(labels.Length - _rest.Length)];
        if (_rest.Length < 4) throw new MalformedRecordException("older payload");
        var keptBytes = BinaryPrimitives.ReadInt32LittleEndian(_rest);
        _rest = _rest[4..];
        if (keptBytes < -1 || keptBytes > _rest.Length) throw new MalformedRecordException("older payload");
        var keptStart = keptBytes < 0 ? -1 : _length - _rest.Length;
        var kept = _rest[..Math.Max(0, keptBytes)];
        _rest = _rest[kept.Length..];
        return new VersionView(BinaryPrimitives.ReadInt64LittleEndian(entry), entry.Slice(8, 16), Ticks(entry[24..]),
            Ticks(entry[32..]), state, kind, contentType, labels, keptStart, kept);
    }

    private ReadOnlySpan<byte> Short()
    {
        if (_rest.IsEmpty || _rest.Length < _rest[0] + 1) throw new MalformedRecordException("text");
        var text = _rest.Slice(1, _rest[0]);
        _rest = _rest[(text.Length + 1)..];
        return text;
    }

    /// <summary>A time or duration that .NET can hold.</summary>
    public static long Ticks(ReadOnlySpan<byte> bytes)
    {
        var ticks = BinaryPrimitives.ReadInt64LittleEndian(bytes);
        return (ulong)ticks <= (ulong)DateTime.MaxValue.Ticks ? ticks : throw new MalformedRecordException("time");
    }
}

/// <summary>What was done to a version. That a deletion time has passed is not a state: it comes with the
/// clock.</summary>
internal enum VersionState : byte
{
    Enabled,
    Disabled,
    Destroyed,
}

/// <summary>What a payload is.</summary>
internal enum PayloadKind : byte
{
    /// <summary>A JSON object (or null): the KV map as it stands.</summary>
    Map,
    /// <summary>UTF-8 text; the KV map is <c>{"value": text}</c>.</summary>
    Text,
    /// <summary>Any bytes; the KV map is <c>{"value": base64}</c>.</summary>
    Binary,
}
