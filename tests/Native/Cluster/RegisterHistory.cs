using System.Collections.Concurrent;
using System.Diagnostics;

namespace Kist.Native.Tests.Cluster;

/// <summary>Registers in KV version 2, and everything that clients did to them.</summary>
public sealed class RegisterHistory(string folder)
{
    private const int Keys = 3;
    private readonly ConcurrentQueue<RegisterOperation> _operations = new();
    private readonly Dictionary<string, IReadOnlyList<string>> _final = [];
    private int _clients;
    private int _values;

    /// <summary>What was done, in no order.</summary>
    public IReadOnlyCollection<RegisterOperation> Operations => _operations;

    /// <summary>A number for a client.</summary>
    public int NewClient() => Interlocked.Increment(ref _clients);

    /// <summary>Reads, writes, and writes what it has read the version of, until the load ends.</summary>
    public async Task WorkAsync(Client client, int number)
    {
        var known = new Dictionary<string, int>();
        while (!client.Load.IsStopping)
        {
            var key = $"{folder}/r{client.Random.Next(Keys)}";
            var kind = client.Random.Next(4);
            var operation = kind switch
            {
                0 or 1 => await ReadAsync(client, key),
                2 => await WriteAsync(client, key, null),
                _ => await WriteAsync(client, key, known.GetValueOrDefault(key)),
            };
            operation = operation with { Client = number };
            if (operation.IsDone) known[key] = operation.Version;
            // A read that failed says nothing.
            if (operation.IsDone || operation.Written is not null) _operations.Enqueue(operation);
        }
    }

    /// <summary>Every violation, from the first operation on.</summary>
    public async Task<IReadOnlyList<string>> CheckAsync(Client client)
    {
        for (var i = 0; i < Keys; i++)
            _final[$"{folder}/r{i}"] = await VersionsAsync(client, $"{folder}/r{i}");
        return [.. HistoryChecker.Check(_operations, _final)];
    }

    /// <summary>Whether what was there at the check still is.</summary>
    public async Task<IReadOnlyList<string>> CheckAgainAsync(Client client)
    {
        var problems = new List<string>();
        foreach (var (key, values) in _final.Where(f => f.Value.Count > 0))
        {
            var reply = await client.SendAsync("GET", $"reg/data/{key}");
            if ((string?)reply.Json["data"]?["data"]?["v"] != values[^1]) problems.Add($"{key} has lost {values[^1]}");
        }
        return problems;
    }

    private static async Task<RegisterOperation> ReadAsync(Client client, string key)
    {
        var (began, sent) = (Stopwatch.GetTimestamp(), client.Seen.Revision);
        var reply = await client.SendAsync("GET", $"reg/data/{key}");
        return new RegisterOperation
        {
            Client = 0, Key = key, Began = began, Ended = Stopwatch.GetTimestamp(), Sent = sent,
            Told = reply.Told.Revision,
            Read = reply.IsDone ? (string?)reply.Json["data"]!["data"]!["v"] : "",
            Version = reply.IsDone ? (int)reply.Json["data"]!["metadata"]!["version"]! : 0,
        };
    }

    private async Task<RegisterOperation> WriteAsync(Client client, string key, int? expected)
    {
        var value = $"v{Interlocked.Increment(ref _values)}";
        var options = expected is { } version ? $$""","options":{"cas":{{version}}}""" : "";
        var (began, sent) = (Stopwatch.GetTimestamp(), client.Seen.Revision);
        var reply = await client.SendAsync("POST", $"reg/data/{key}",
            $$$"""{"data":{"v":"{{{value}}}"}{{{options}}}}""");
        return new RegisterOperation
        {
            Client = 0, Key = key, Written = value, Began = began,
            Ended = reply.IsDone || reply.IsRefused ? Stopwatch.GetTimestamp() : long.MaxValue,
            Sent = sent, Told = reply.Told.Revision, WasRefused = reply.IsRefused,
            Version = reply.IsDone ? (int)reply.Json["data"]!["version"]! : 0,
        };
    }

    private static async Task<IReadOnlyList<string>> VersionsAsync(Client client, string key)
    {
        var newest = await client.SendAsync("GET", $"reg/data/{key}");
        if (newest.Status == 404) return [];
        var values = new List<string>();
        var count = (int)newest.Json["data"]!["metadata"]!["version"]!;
        for (var version = 1; version <= count; version++)
        {
            var reply = await client.SendAsync("GET", $"reg/data/{key}?version={version}");
            values.Add((string?)reply.Json["data"]!["data"]!["v"] ?? "");
        }
        return values;
    }
}
