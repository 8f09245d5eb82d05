using System.Text;
using CsCheck;
using Kist.Kernel.Barrier;
using Kist.Secrets;
using Kist.Server.Engines.Kv;
using Xunit;

namespace Kist.Server.Tests.Engines.Kv;

public sealed class SecretRecordTests
{
    private static readonly DateTimeOffset s_start = new(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);

    private static readonly Gen<byte[]> s_records =
        from payloads in Gen.String.Array[0, 14]
        from max in Gen.UInt[1, 12]
        from custom in Gen.Bool
        from touches in Gen.Select(Gen.Int[0, 13], Gen.Int[0, 3]).Array[0, 6]
        select Build(payloads, max, custom, touches);

    private static byte[] Build(string[] payloads, uint max, bool custom, (int At, int What)[] touches)
    {
        var record = SecretRecord.New(s_start);
        record.MaxVersions = max;
        record.CasRequired = max % 2 == 0;
        record.DeleteVersionAfter = TimeSpan.FromMinutes(max);
        if (custom) record.CustomMetadata = """{"owner":"ann"}"""u8.ToArray();
        for (var i = 0; i < payloads.Length; i++)
        {
            var (former, formerPayload) = (record.Current, record.Payload);
            record.Add(Encoding.UTF8.GetBytes(payloads[i]), s_start.AddHours(i), null, max);
            if (former is not null) record.Keep(former, formerPayload, 4);
        }
        foreach (var (at, what) in touches)
        {
            if (record.Find(at) is not { } version) continue;
            if (what == 0) record.Destroy(version);
            else if (what == 1) version.Deletion = s_start.AddDays(at);
            else if (what == 2 && !version.IsDestroyed) version.State = VersionState.Disabled;
            else version.Labels.Add("pending");
        }
        record.Sweep(3);
        return Bytes(record);
    }

    private static byte[] Bytes(SecretRecord record)
    {
        using var output = new SecretWriter();
        record.WriteTo(output);
        return output.WrittenSpan.ToArray();
    }

    [Fact]
    public void ARecordComesBackAsItWasWritten() =>
        s_records.Sample(bytes => Bytes(SecretRecord.Read(bytes)).SequenceEqual(bytes));

    [Fact]
    public void TheViewInPlaceSaysTheSameAsTheRecord() => s_records.Sample(bytes =>
    {
        var record = SecretRecord.Read(bytes);
        var view = new SecretView(bytes);
        Assert.Equal(record.CurrentVersion, view.CurrentVersion);
        Assert.Equal(record.CustomMetadata.ToArray(), view.CustomMetadata.ToArray());
        Assert.Equal(record.Payload.ToArray(), view.Payload.ToArray());
        Assert.Equal(record.Current is not null, view.TryCurrent(out var current));
        Assert.Equal(record.Current?.Number ?? 0, current.Number);
        for (var number = 0L; number <= record.CurrentVersion + 1; number++)
        {
            var known = record.Find(number);
            Assert.Equal(known is not null, view.TryFind(number, out var found));
            if (known is null) continue;
            Assert.Equal(known.Id, new Guid(found.Id));
            Assert.Equal(known.State, found.State);
            Assert.Equal(known.Kept is not null, found.IsKept);
            Assert.Equal(known.Kept.GetValueOrDefault().ToArray(), found.Kept.ToArray());
            Assert.Equal(known.IsReadableAt(s_start.AddDays(4)), found.IsReadableAt(s_start.AddDays(4).UtcTicks));
        }
    });

    [Fact]
    public void OlderPayloadsStayInTheRecordWhileTheyAreSmallAndNoneIsLost() =>
        Gen.Select(Gen.Int[0, 1_500].Array[2, 40], Gen.UInt[1, 30]).Sample((sizes, max) =>
        {
            const int most = 5;
            var record = SecretRecord.New(s_start);
            var written = new Dictionary<long, byte[]>();
            var moved = new Dictionary<long, byte[]>();
            foreach (var size in sizes)
            {
                record = SecretRecord.Read(Bytes(record));
                var (former, formerPayload) = (record.Current, record.Payload);
                var payload = Enumerable.Repeat((byte)('a' + (written.Count % 26)), size).ToArray();
                written[record.Add(payload, s_start, null, max).Number] = payload;
                if (former is null) continue;
                var outgrown = record.Keep(former, formerPayload, most);
                foreach (var (number, bytes) in outgrown) Assert.True(moved.TryAdd(number, bytes.ToArray()));
                var kept = record.Versions.Sum(version => version.Kept?.Length ?? 0);
                Assert.True(kept <= SecretRecord.MostKeptBytes || outgrown.Count == most);
            }
            foreach (var version in record.Versions.Skip(1))
            {
                var bytes = version.Kept is { } kept ? kept.ToArray() : moved[version.Number];
                Assert.Equal(written[version.Number], bytes);
                Assert.Equal(version.Kept is null, moved.ContainsKey(version.Number));
            }
            Assert.Equal(moved.Count > 0, record.HasPayloadRecords);
        });

    [Fact]
    public void EveryTruncatedRecordIsRefused() => s_records.Sample(bytes =>
    {
        for (var length = 0; length < bytes.Length; length++)
            Assert.Throws<MalformedRecordException>(() => SecretRecord.Read(bytes.AsMemory(0, length)));
    }, iter: 20);

    [Fact]
    public void ARecordWithMoreBytesIsRefused() => s_records.Sample(bytes =>
        Assert.Throws<MalformedRecordException>(() => SecretRecord.Read((byte[])[.. bytes, 0])), iter: 20);

    [Fact]
    public void AFlippedBitIsRefusedOrReadsAsExactlyTheseBytes() => s_records.Sample(bytes =>
    {
        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            var flipped = bytes.ToArray();
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            try
            {
                Assert.Equal(flipped, Bytes(SecretRecord.Read(flipped)));
            }
            catch (MalformedRecordException)
            {
                continue;
            }
        }
    }, iter: 20);

    [Fact]
    public void TheLabelsCurrentAndPreviousMoveWithEachVersion()
    {
        var record = SecretRecord.New(s_start);
        for (var i = 0; i < 3; i++) record.Add("{}"u8.ToArray(), s_start, null, 10);
        Assert.Equal(["current"], record.Find(3)!.Labels);
        Assert.Equal(["previous"], record.Find(2)!.Labels);
        Assert.Empty(record.Find(1)!.Labels);
        Assert.Equal(3, record.Versions.Select(v => v.Id).Distinct().Count());
    }

    [Fact]
    public void DestroyingTheCurrentVersionTakesItsBytesOutOfTheRecord()
    {
        var record = SecretRecord.New(s_start);
        record.Add("{\"p\":\"canary-payload\"}"u8.ToArray(), s_start, null, 10);
        Assert.True(Bytes(record).AsSpan().IndexOf("canary-payload"u8) > 0);
        record.Destroy(record.Current!);
        Assert.True(Bytes(record).AsSpan().IndexOf("canary-payload"u8) < 0);
        Assert.Equal(VersionState.Destroyed, SecretRecord.Read(Bytes(record)).Current!.State);
    }

    [Fact]
    public void TheListOfVersionsIsBoundedWhateverIsConfigured()
    {
        var record = SecretRecord.New(s_start);
        for (var i = 0; i < SecretRecord.MostVersions + 10; i++)
            record.Add("{}"u8.ToArray(), s_start, null, uint.MaxValue);
        Assert.Equal((int)SecretRecord.MostVersions, record.Versions.Count);
    }

    [Fact]
    public void SettingsComeBackAsTheyWereWritten() => Gen.Select(Gen.Bool, Gen.UInt, Gen.Long[-1, 1L << 50])
        .Sample((cas, max, ticks) =>
        {
            var config = new KvConfig(cas, max, new TimeSpan(ticks));
            return KvConfig.Read(config.ToBytes()) == config;
        });
}
