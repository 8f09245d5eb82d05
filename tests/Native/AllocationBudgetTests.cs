using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Kist.Testing;
using Xunit;

namespace Kist.Native.Tests;

/// <summary>
/// What one request may allocate, from its first byte to its last and Kestrel's part included, on the native binary
/// with SQLite and the audit file: <c>bench/budgets.json</c>. Fewer allocations are fewer collections, which is what
/// keeps memory small and the slowest answers fast.
/// </summary>
[Collection(nameof(AloneOnTheMachine))]
public sealed class AllocationBudgetTests
{
    private const int WarmUp = 300, Rounds = 6, Measured = 500;
    private const string Secret = "/v1/prod/data/database", Self = "/v1/auth/token/lookup-self";
    private const string Body = """{"data":{"url":"postgres://db.internal:5432/app","password":"correct-horse"}}""";

    private static readonly Dictionary<string,
        (string Method, string Path, bool AsRoot, string? Body)> s_requests = new()
    {
        ["kv read"] = ("GET", Secret, true, null),
        ["kv write"] = ("POST", Secret, true, Body),
        ["kv list"] = ("LIST", "/v1/prod/metadata", true, null),
        ["token lookup"] = ("GET", Self, true, null),
        ["refused read"] = ("GET", Secret, false, null),
        ["health"] = ("GET", "/v1/sys/health", true, null),
    };

    [Fact]
    public async Task Requests_stay_within_their_budgets()
    {
        var budgets = JsonDocument.Parse(await File.ReadAllBytesAsync(
            Path.Combine(AppContext.BaseDirectory, "budgets.json"), TestContext.Current.CancellationToken))
            .RootElement.GetProperty("bytes_allocated_per_request").EnumerateObject()
            .ToDictionary(budget => budget.Name, budget => budget.Value.GetInt64());
        Assert.Equal(s_requests.Keys.Order(), budgets.Keys.Order());
        await using var server = await KistServer.StartQuickAsync();
        await KeepOnOneProcessorAsync(server.ProcessId);
        await server.SendAsync("POST", Secret, server.QuickStart.RootToken, Body);
        var report = new List<string>();
        var missed = 0;
        foreach (var (name, budget) in budgets)
        {
            var each = await MeasureAsync(server, name);
            report.Add($"{name}: {each} of {budget} bytes");
            if (each > budget || each <= 0) missed++;
        }
        Assert.True(missed == 0, string.Join("\n", report));
    }

    /// <summary>
    /// What a request has finished with lies in a pool for each processor. One that goes on elsewhere than where it
    /// came from finds that pool empty, for as long as the system leaves both threads where they are.
    /// </summary>
    private static async Task KeepOnOneProcessorAsync(int process)
    {
        using var taskset = Process.Start(new ProcessStartInfo(
            "taskset", ["--all-tasks", "--cpu-list", "--pid", "0", $"{process}"]) { RedirectStandardOutput = true })!;
        await taskset.StandardOutput.ReadToEndAsync();
        await taskset.WaitForExitAsync();
        Assert.Equal(0, taskset.ExitCode);
    }

    /// <summary>
    /// The smallest mean of a few rounds: what the request itself takes. On a busy machine a request more often waits
    /// for another thread, and the node's own timers run in between; both only ever add, and so much, beside other
    /// tests, that no round was free of it.
    /// </summary>
    private static async Task<long> MeasureAsync(KistServer server, string name)
    {
        var (method, path, asRoot, body) = s_requests[name];
        var token = asRoot ? server.QuickStart.RootToken : "kst.unknown";
        for (var i = 0; i < WarmUp; i++) await server.SendAsync(method, path, token, body);
        var least = long.MaxValue;
        for (var round = 0; round < Rounds; round++)
        {
            var before = await AllocatedAsync(server);
            for (var i = 0; i < Measured; i++) await server.SendAsync(method, path, token, body);
            least = Math.Min(least, (await AllocatedAsync(server) - before) / Measured);
        }
        return least;
    }

    private static async Task<long> AllocatedAsync(KistServer server)
    {
        const string metric = "dotnet_allocated_bytes_total ";
        var answer = await server.SendAsync(
            "GET", "/v1/sys/metrics?format=prometheus", server.QuickStart.RootToken);
        var line = answer.Text.Split('\n').Single(l => l.StartsWith(metric, StringComparison.Ordinal));
        return long.Parse(line[metric.Length..], NumberStyles.Float, CultureInfo.InvariantCulture);
    }
}

/// <summary>Runs when no other test does: for what others' load would change.</summary>
[CollectionDefinition(nameof(AloneOnTheMachine), DisableParallelization = true)]
public sealed class AloneOnTheMachine;
