namespace Kist.Native.Tests.Cluster;

/// <summary>
/// Says what is wrong with a history of registers. Versions put the writes of a key in order, so linearizability needs
/// no search: the order of versions must agree with time, with what was read, and with the states that clients sent.
/// </summary>
public static class HistoryChecker
{
    /// <summary>
    /// Every violation, in words. <paramref name="final"/> is what each key held in the end, all versions of it.
    /// </summary>
    public static IEnumerable<string> Check(
        IReadOnlyCollection<RegisterOperation> history, IReadOnlyDictionary<string, IReadOnlyList<string>> final)
    {
        foreach (var key in history.GroupBy(o => o.Key))
        {
            var there = final.GetValueOrDefault(key.Key) ?? [];
            var operations = key.ToList();
            foreach (var problem in Values(operations, there)
                .Concat(Times(operations)).Concat(States(operations)).Concat(Origins(operations, there)))
                yield return $"{key.Key}: {problem}";
        }
    }

    /// <summary>No acknowledged write is lost, none was overwritten in place, and reads saw what was written.</summary>
    private static IEnumerable<string> Values(List<RegisterOperation> operations, IReadOnlyList<string> final)
    {
        foreach (var operation in operations.Where(o => o.IsDone))
        {
            var value = operation.Written ?? operation.Read;
            if (operation.Version > final.Count)
                yield return $"version {operation.Version} was {Verb(operation)} and is gone";
            else if (final[operation.Version - 1] != value)
                yield return $"version {operation.Version} was {Verb(operation)} as {value} "
                    + $"and is {final[operation.Version - 1]}";
        }
    }

    /// <summary>What ended before another began is not after it; of two writes it is before.</summary>
    private static IEnumerable<string> Times(List<RegisterOperation> operations)
    {
        // Reads without a state may be a second old, so they are held to their client's state only.
        var newest = 0;
        var writes = operations.Where(o => o.IsDone && o.Written is not null).ToList();
        var ended = new Queue<RegisterOperation>(writes.OrderBy(o => o.Ended));
        foreach (var write in writes.OrderBy(o => o.Began))
        {
            while (ended.TryPeek(out var earlier) && earlier.Ended < write.Began)
                newest = Math.Max(newest, ended.Dequeue().Version);
            if (write.Version <= newest)
                yield return $"version {write.Version} was written after version {newest} was there";
        }
    }

    /// <summary>Whoever sends the state of an answer sees what that answer saw, or newer.</summary>
    private static IEnumerable<string> States(List<RegisterOperation> operations)
    {
        RegisterOperation? newest = null;
        var told = new Queue<RegisterOperation>(
            operations.Where(o => o.IsDone && o.Told > 0).OrderBy(o => o.Told));
        foreach (var operation in operations.Where(o => o.IsDone && o.Sent > 0).OrderBy(o => o.Sent))
        {
            while (told.TryPeek(out var earlier) && earlier.Told <= operation.Sent)
            {
                told.Dequeue();
                if (earlier.Version > (newest?.Version ?? 0)) newest = earlier;
            }
            if (newest is not null && operation.Version < newest.Version)
                yield return $"version {operation.Version} was {Verb(operation)} at state {operation.Sent} "
                    + $"(client {operation.Client}), and version {newest.Version} at state {newest.Told} "
                    + $"(client {newest.Client})";
        }
    }

    /// <summary>What is there was asked for, once, was not refused, and was not read before it was asked for.</summary>
    private static IEnumerable<string> Origins(List<RegisterOperation> operations, IReadOnlyList<string> final)
    {
        var asked = operations.Where(o => o.Written is not null).ToDictionary(o => o.Written!);
        foreach (var twice in final.GroupBy(value => value).Where(g => g.Count() > 1))
            yield return $"{twice.Key} was written twice";
        foreach (var value in final)
        {
            if (!asked.TryGetValue(value, out var write))
                yield return $"{value} was never written";
            else if (write.WasRefused)
                yield return $"{value} was refused and is there";
        }
        foreach (var read in operations.Where(o => o.IsDone && o.Read is not null))
            if (asked.TryGetValue(read.Read!, out var write) && read.Ended < write.Began)
                yield return $"{read.Read} was read before it was written";
    }

    private static string Verb(RegisterOperation operation) => operation.Written is null ? "read" : "acknowledged";
}
