using Xunit;

namespace Kist.Native.Tests.Cluster;

/// <summary>The checker finds what it is there to find.</summary>
public sealed class HistoryCheckerTests
{
    private static readonly Dictionary<string, IReadOnlyList<string>> s_final = new() { ["k"] = ["a", "b"] };

    private static readonly RegisterOperation s_a = Write("a", 1, 0, 1) with { Told = 10 };

    private static readonly RegisterOperation s_b = Write("b", 2, 2, 3) with { Sent = 10, Told = 20 };

    private static RegisterOperation Write(string value, int version, long began, long ended) => new()
    {
        Client = 1, Key = "k", Written = value, Version = version, Began = began, Ended = ended,
    };

    private static RegisterOperation Read(string value, int version, long began, long ended) =>
        Write(value, version, began, ended) with { Client = 2, Written = null, Read = value };

    [Fact]
    public void AHistoryThatCanBeIsLeftAlone() => Assert.Empty(HistoryChecker.Check(
    [
        s_a, s_b, Read("a", 1, 2, 9), Read("b", 2, 2, 3) with { Sent = 10, Told = 15 }, Read("b", 2, 4, 5),
        Write("c", 0, 5, long.MaxValue), Write("d", 0, 5, 6) with { WasRefused = true },
    ], s_final));

    [Fact]
    public void AnAcknowledgedWriteThatIsLostIsFound() =>
        Finds("version 3 was acknowledged and is gone", s_a, s_b, Write("c", 3, 4, 5));

    [Fact]
    public void AVersionThatChangesItsValueIsFound() =>
        Finds("version 2 was read as x and is b", s_a, s_b, Read("x", 2, 4, 5), Write("x", 0, 1, long.MaxValue));

    [Fact]
    public void AWriteThatIsOrderedBeforeOneThatHadEndedIsFound() =>
        Finds("version 1 was written after version 2 was there", s_a with { Began = 8, Ended = 9 }, s_b);

    [Fact]
    public void AnAnswerFromBeforeTheStateThatWasSentIsFound() => Finds(
        "version 1 was read at state 20 (client 2), and version 2 at state 20 (client 1)",
        s_a, s_b, Read("a", 1, 4, 5) with { Sent = 20 });

    [Fact]
    public void AnAnswerFromBeforeWhatTheSameClientHasReadIsFound() => Finds(
        "version 1 was read at state 15 (client 2), and version 2 at state 15 (client 2)",
        s_a, s_b, Read("b", 2, 4, 5) with { Told = 15 }, Read("a", 1, 6, 7) with { Sent = 15, Told = 16 });

    [Fact]
    public void ARefusedWriteThatIsThereIsFound() =>
        Finds("b was refused and is there", s_a, s_b with { Version = 0, WasRefused = true });

    [Fact]
    public void AValueThatNobodyWroteIsFound() => Finds("b was never written", s_a);

    [Fact]
    public void AValueThatWasReadBeforeItWasWrittenIsFound() =>
        Finds("b was read before it was written", s_a, s_b, Read("b", 2, 0, 1));

    [Fact]
    public void AWriteThatIsDoneTwiceIsFound() => Assert.Contains("k: a was written twice", HistoryChecker.Check(
        [s_a], new Dictionary<string, IReadOnlyList<string>> { ["k"] = ["a", "a"] }));

    private static void Finds(string problem, params RegisterOperation[] history) =>
        Assert.Equal([$"k: {problem}"], HistoryChecker.Check(history, s_final));
}
