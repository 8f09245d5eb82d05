using System.Text.Json.Nodes;
using Xunit;

namespace Kist.Contract.Tests;

public sealed class ScenariosTests
{
    [Fact]
    public void WhatIsLeftOutExists() => Assert.Empty(Scenarios.NotYet.Keys.Except(Scenarios.All.Keys));

    [Fact]
    public void EveryOtherScenarioIsPlayedOnce()
    {
        var played = Names(Scenarios.Shared).Concat(Names(Scenarios.Fresh)).ToList();

        Assert.Equal(Scenarios.All.Keys.Except(Scenarios.NotYet.Keys).Order(), played.Order());
        Assert.Contains("fresh-rekey", Names(Scenarios.Fresh));
        Assert.Contains("kv2-dev-secret-mount", Names(Scenarios.Shared));
    }

    [Fact]
    public void EveryScenarioNeedsOnlyWhatIsOffered()
    {
        var needs = Scenarios.All.Values.SelectMany(s => s["needs"] as JsonArray ?? []).Select(n => (string)n!);

        Assert.Empty(needs.Except(["dev", "fresh"]));
    }

    private static IEnumerable<string> Names(TheoryData<string> data) => data.Select(row => row.Data);
}
