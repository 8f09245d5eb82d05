using System.Text;
using CsCheck;
using Kist.Kernel.Stores;
using Xunit;

namespace Kist.Server.Tests.Stores;

/// <summary>
/// The same random operations on all stores give the same answers. A failure prints the seed that repeats it.
/// </summary>
public sealed class StoreComparisonTests
{
    // Few and short keys, so that they meet; with characters whose UTF-8 and UTF-16 orders differ.
    private static readonly string[] Letters = ["a", "b", "\0", "/", "\u007F", "é", "\uFFFF", "🔑", "\U0010FFFF"];

    private static readonly Gen<string> Key =
        Gen.Int[0, Letters.Length - 1].Array[1, 3].Select(places => string.Concat(places.Select(p => Letters[p])));

    private static readonly Gen<Step> Steps = Gen.OneOf<Step>(
        Gen.Select(Key, Key, Gen.Int[0, 3], Gen.String[0, 40]).Select((guard, key, kind, value) =>
            (Step)new CommitStep(guard, key, kind, value)),
        Gen.Select(Key.Array[0, 1], Key.Array[0, 1], Gen.Int[0, 5]).Select((prefix, after, limit) =>
            (Step)new ScanStep(prefix.FirstOrDefault(""), after.FirstOrDefault(""), limit)),
        Key.Select(key => (Step)new GetStep(key)),
        Gen.Select(Key.Array[0, 5], Gen.Bool, Gen.Int[0, 9]).Select((keys, overwrites, seldom) =>
            seldom == 0 ? (Step)new ReplaceStep(keys, overwrites) : new SnapshotStep()));

    [Fact]
    public Task RandomOperationsGiveTheSameAnswersOnEveryStore() =>
        Steps.Array[1, 60].SampleAsync(async steps =>
        {
            var transcripts = new List<string>();
            foreach (var kind in StoreUnderTest.Kinds)
            {
                await using var under = StoreUnderTest.Open(kind);
                var transcript = new StringBuilder();
                foreach (var step in steps)
                    transcript.Append(await step.Take(under.Store)).Append('\n');
                foreach (var key in await under.Store.Keys())
                    transcript.Append($"{key}={await under.Store.Read(key)}@{await under.Store.Revision(key)}\n");
                transcripts.Add(transcript.ToString());
            }
            Assert.All(transcripts, transcript => Assert.Equal(transcripts[0], transcript));
        }, iter: 60, threads: 1);

    private abstract record Step
    {
        public abstract Task<string> Take(IStore store);
    }

    private sealed record GetStep(string Key) : Step
    {
        public override async Task<string> Take(IStore store) =>
            $"{await store.Read(Key)}@{await store.Revision(Key)}";
    }

    private sealed record ScanStep(string Prefix, string After, int Limit) : Step
    {
        public override Task<string> Take(IStore store) => store.Scan(Prefix, After, Limit);
    }

    private sealed record SnapshotStep : Step
    {
        public override Task<string> Take(IStore store) => store.Everything();
    }

    private sealed record ReplaceStep(string[] Keys, bool Overwrites) : Step
    {
        public override async Task<string> Take(IStore store)
        {
            var entries = Keys.Distinct().Select(key => new StoredEntry(key, Encoding.UTF8.GetBytes("new " + key)));
            var isDone = await store.ReplaceAsync(entries.ToAsyncEnumerable(), Overwrites, default);
            return $"{(isDone ? "replaced" : "refused")} at {await store.RevisionAsync(default)}";
        }
    }

    // Kind 0: expects absence; 1: expects what is there; 2: expects something stale; 3: deletes.
    private sealed record CommitStep(string Guard, string Key, int Kind, string Value) : Step
    {
        public override async Task<string> Take(IStore store)
        {
            var revision = await store.Revision(Guard);
            var batch = new Batch().Expect(Guard, Kind switch { 0 => 0, 2 => revision + 1, _ => revision });
            var done = await store.CommitAsync(Kind == 3 ? batch.Delete(Key) : batch.Put(Key, Value), default);
            return done ? "applied" : "refused";
        }
    }
}
