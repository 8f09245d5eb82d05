using System.Buffers.Binary;
using Kist.Secrets;

namespace Kist.Kernel.Barrier;

/// <summary>
/// All keys that this store's entries were ever encrypted with, and the rule for the next one. Immutable: a change
/// makes a new keyring that shares the terms. Old terms decrypt forever; only the last one encrypts.
/// </summary>
internal sealed class Keyring(IReadOnlyList<KeyTerm> terms, RotationConfig config, OperationBudget budget)
{
    private const byte FormatVersion = 1;
    private const int HeadBytes = 1 + 1 + 8 + 8 + 4;
    private const int TermBytes = 4 + 8 + KeyTerm.KeyBytes;

    public RotationConfig Config { get; } = config;

    /// <summary>What the active term may still encrypt before the next reservation.</summary>
    public OperationBudget Budget { get; } = budget;

    public IReadOnlyList<KeyTerm> Terms { get; } = terms;

    public KeyTerm Active => Terms[^1];

    /// <summary>A keyring with one new key.</summary>
    public static Keyring Create(DateTimeOffset now) =>
        new([NewTerm(1, now)], RotationConfig.Default, OperationBudget.Fresh(OperationBudget.Chunk));

    /// <summary>Terms are numbered from 1 without a gap, so the number is the place.</summary>
    public KeyTerm? Find(uint number) =>
        number >= 1 && number <= (uint)Terms.Count ? Terms[(int)number - 1] : null;

    public Keyring Rotated(DateTimeOffset now) =>
        new([.. Terms, NewTerm(Active.Number + 1, now)], Config, OperationBudget.Fresh(Config.FirstChunk));

    public Keyring With(RotationConfig config) => new(Terms, config, Budget);

    /// <summary>The record: format version, rotation rule, count, then number, install time and key of each term.
    /// </summary>
    public SecretBuffer Serialize()
    {
        var record = SecretBuffer.Rent(HeadBytes + Terms.Count * TermBytes);
        var rest = record.Span;
        rest[0] = FormatVersion;
        rest[1] = Config.Enabled ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteInt64BigEndian(rest[2..], Config.MaxOperations);
        BinaryPrimitives.WriteInt64BigEndian(rest[10..], Config.Interval.Ticks);
        BinaryPrimitives.WriteInt32BigEndian(rest[18..], Terms.Count);
        rest = rest[HeadBytes..];
        foreach (var term in Terms)
        {
            BinaryPrimitives.WriteUInt32BigEndian(rest, term.Number);
            BinaryPrimitives.WriteInt64BigEndian(rest[4..], term.InstalledAt.ToUnixTimeMilliseconds());
            term.CopyKeyTo(rest.Slice(12, KeyTerm.KeyBytes));
            rest = rest[TermBytes..];
        }
        return record;
    }

    /// <summary>
    /// Reads a record. Terms that <paramref name="known"/> has already are taken from there with their ciphers; so is
    /// its budget when the active term is the same. Throws <see cref="BarrierException"/> for another format.
    /// </summary>
    public static Keyring Parse(ReadOnlySpan<byte> record, Keyring? known)
    {
        if (record.Length < HeadBytes || record[0] != FormatVersion)
            throw new BarrierException("the keyring has a format that this version of Kist cannot read");
        var count = BinaryPrimitives.ReadInt32BigEndian(record[18..]);
        if (count < 1 || record.Length != HeadBytes + (long)count * TermBytes)
            throw new BarrierException("the keyring has a wrong length");
        var interval = TimeSpan.FromTicks(BinaryPrimitives.ReadInt64BigEndian(record[10..]));
        var config = new RotationConfig(record[1] == 1, BinaryPrimitives.ReadInt64BigEndian(record[2..]), interval);
        var terms = new KeyTerm[count];
        for (var i = 0; i < count; i++)
            terms[i] = known?.Find((uint)i + 1) ?? ParseTerm(record.Slice(HeadBytes + i * TermBytes, TermBytes));
        var same = known is not null && known.Active.Number == count;
        return new Keyring(terms, config, same ? known!.Budget : OperationBudget.Exhausted());
    }

    private static KeyTerm ParseTerm(ReadOnlySpan<byte> record)
    {
        var installed = DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64BigEndian(record[4..]));
        return new KeyTerm(BinaryPrimitives.ReadUInt32BigEndian(record), installed, LockedMemory.Copy(record[12..]));
    }

    private static KeyTerm NewTerm(uint number, DateTimeOffset now)
    {
        // The record keeps milliseconds; what is shown must not change over a restart.
        var installed = DateTimeOffset.FromUnixTimeMilliseconds(now.ToUnixTimeMilliseconds());
        return new KeyTerm(number, installed, LockedMemory.Random(KeyTerm.KeyBytes));
    }
}
