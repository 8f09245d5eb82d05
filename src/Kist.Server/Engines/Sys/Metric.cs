using System.Diagnostics;
using System.Globalization;
using Kist.Kernel.Audit;
using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;

namespace Kist.Server.Engines.Sys;

/// <summary>One figure: its name in Prometheus' form, its kind, its value; a summary's <see cref="Sum"/> is in
/// milliseconds.</summary>
internal sealed record Metric(string Name, string Kind, double Value)
{
    /// <summary>The sum of a summary; null for all else.</summary>
    public double? Sum { get; init; }

    /// <summary>One label with a value from a fixed set; null without.</summary>
    public (string Name, string Value)? Label { get; init; }

    /// <summary>A number as Prometheus reads it.</summary>
    public static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    /// <summary>Everything that is measured, now.</summary>
    public static IEnumerable<Metric> Collect(Unsealed kernel) => [.. OfServer(kernel), .. OfRuntime(), .. OfProcess()];

    private static IEnumerable<Metric> OfServer(Unsealed kernel)
    {
        var counts = kernel.Node.Counts;
        yield return new("vault_core_active", "gauge", 1);
        yield return new("vault_core_unsealed", "gauge", 1);
        yield return new("vault_core_performance_standby", "gauge", 0);
        yield return new("vault_core_replication_dr_primary", "gauge", 0);
        foreach (var isLogin in (bool[])[false, true])
            yield return new("vault_core_mount_table_num_entries", "gauge",
                kernel.Mounts.Current.All.Count(m => m.Entry.IsLogin == isLogin))
                    { Label = ("type", isLogin ? "auth" : "logical") };
        yield return new("vault_core_handle_request", "summary", counts.Requests)
            { Sum = counts.Spent.TotalMilliseconds };
        yield return new("vault_core_login_total", "counter", counts.Logins);
        foreach (var kind in Enum.GetValues<FaultKind>())
            yield return new("vault_core_refused_total", "counter", counts.Faults(kind))
                { Label = ("reason", kind.ToString().ToLowerInvariant()) };
        yield return new("vault_quota_rate_limit_violation", "counter", kernel.Quotas.Refused);
        yield return new("vault_barrier_estimated_encryptions", "counter", kernel.Barrier.Status.Encryptions);
        yield return new("vault_token_cache_entries", "gauge", kernel.Tokens.CachedCallers);
        var sinks = kernel.Audit.Broker.Health;
        yield return new("vault_audit_sinks", "gauge", sinks.Count);
        yield return new("vault_audit_sinks_not_working", "gauge",
            sinks.Count(sink => sink.State is not AuditSinkState.Working));
        yield return new("vault_audit_failed_writes", "gauge", sinks.Sum(sink => sink.FailedWrites));
        yield return new("vault_audit_lost_lines", "gauge", sinks.Sum(sink => sink.LostLines));
        if (kernel.Node.UnsealedAt is { } since)
            yield return new("vault_core_unsealed_seconds", "gauge", (kernel.Clock.GetUtcNow() - since).TotalSeconds);
    }

    private static IEnumerable<Metric> OfRuntime()
    {
        var memory = GC.GetGCMemoryInfo();
        yield return new("dotnet_heap_bytes", "gauge", memory.HeapSizeBytes);
        yield return new("dotnet_committed_bytes", "gauge", memory.TotalCommittedBytes);
        yield return new("dotnet_allocated_bytes_total", "counter", GC.GetTotalAllocatedBytes());
        yield return new("dotnet_collections_total", "counter", GC.CollectionCount(0));
        yield return new("dotnet_threads", "gauge", ThreadPool.ThreadCount);
    }

    private static IEnumerable<Metric> OfProcess()
    {
        using var process = Process.GetCurrentProcess();
        yield return new("process_cpu_seconds_total", "counter", process.TotalProcessorTime.TotalSeconds);
        yield return new("process_resident_memory_bytes", "gauge", process.WorkingSet64);
        yield return new("process_virtual_memory_bytes", "gauge", process.VirtualMemorySize64);
        yield return new("process_start_time_seconds", "gauge",
            new DateTimeOffset(process.StartTime).ToUnixTimeMilliseconds() / 1000.0);
        if (Directory.Exists("/proc/self/fd"))
            yield return new("process_open_fds", "gauge",
                Directory.EnumerateFileSystemEntries("/proc/self/fd").Count());
    }
}
