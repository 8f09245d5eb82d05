using System.Buffers.Binary;
using Kist.Kernel.Barrier;

namespace Kist.Server.Engines.Kv;

/// <summary>
/// The settings of a versioned mount. Stored as 14 bytes: format (1), flags (1 = cas_required), max_versions (4),
/// delete_version_after in ticks (8; negative: switched off for the whole mount).
/// </summary>
internal readonly record struct KvConfig(bool CasRequired, uint MaxVersions, TimeSpan DeleteVersionAfter)
{
    /// <summary>The key it is stored under.</summary>
    public const string Key = "config";

    private const byte Format = 1;
    private const int Bytes = 14;

    /// <summary>What Vault shows and stores for "switched off".</summary>
    public static readonly TimeSpan Off = TimeSpan.FromSeconds(-1);

    public static KvConfig Read(ReadOnlySpan<byte> stored) =>
        stored.Length == Bytes && stored[0] == Format && stored[1] <= 1
            ? new KvConfig(stored[1] == 1, BinaryPrimitives.ReadUInt32LittleEndian(stored[2..]),
                new TimeSpan(BinaryPrimitives.ReadInt64LittleEndian(stored[6..])))
            : throw new MalformedRecordException("config");

    public byte[] ToBytes()
    {
        var stored = new byte[Bytes];
        stored[0] = Format;
        stored[1] = (byte)(CasRequired ? 1 : 0);
        BinaryPrimitives.WriteUInt32LittleEndian(stored.AsSpan(2), MaxVersions);
        BinaryPrimitives.WriteInt64LittleEndian(stored.AsSpan(6), DeleteVersionAfter.Ticks);
        return stored;
    }

    /// <summary>How many versions a secret keeps: the larger of the two settings, as Vault decides.</summary>
    public uint MaxVersionsOf(SecretRecord secret) =>
        Math.Max(MaxVersions, secret.MaxVersions) is > 0 and var set ? set : SecretRecord.DefaultMaxVersions;

    /// <summary>When a version that is written or brought back at <paramref name="now"/> will be deleted; the shorter
    /// of the two settings; null: never.</summary>
    public DateTimeOffset? DeletionOf(SecretRecord secret, DateTimeOffset now)
    {
        if (DeleteVersionAfter < TimeSpan.Zero) return null;
        var after = DeleteVersionAfter == TimeSpan.Zero ? secret.DeleteVersionAfter
            : secret.DeleteVersionAfter == TimeSpan.Zero ? DeleteVersionAfter
            : TimeSpan.FromTicks(Math.Min(DeleteVersionAfter.Ticks, secret.DeleteVersionAfter.Ticks));
        if (after == TimeSpan.Zero) return null;
        return after < DateTimeOffset.MaxValue - now ? now + after : DateTimeOffset.MaxValue;
    }
}
