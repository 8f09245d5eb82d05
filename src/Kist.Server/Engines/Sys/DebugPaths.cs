using System.Globalization;
using System.Text;
using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;
using Kist.Secrets;

namespace Kist.Server.Engines.Sys;

/// <summary>
/// <c>sys/pprof</c> and <c>sys/monitor</c>. A native binary has no profiles to give away, so what is answered are the
/// runtime's own figures; command line and environment are never shown, because people put secrets there.
/// </summary>
internal sealed class DebugPaths
{
    private static readonly Field<string> LogLevel =
        Fields.Text("log_level", "trace, debug, info, warn or error.", "info");
    private static readonly Field<string> LogFormat = Fields.Text("log_format", "standard or json.", "standard");

    private readonly Unsealed _kernel;

    public DebugPaths(Unsealed kernel)
    {
        _kernel = kernel;
        Routes =
        [
            new(Operation.Read, "pprof", IndexAsync, "Lists what the runtime tells of itself") { Access = Access.Sudo },
            new(Operation.Read, "pprof/cmdline", _ => Text("kist\n"), "Names the program") { Access = Access.Sudo },
            new(Operation.Read, "pprof/heap", HeapAsync, "Reads the heap's figures") { Access = Access.Sudo },
            new(Operation.Read, "pprof/threadcreate", ThreadsAsync, "Reads the threads' figures")
                { Access = Access.Sudo },
            new(Operation.Read, "pprof/goroutine", ThreadsAsync, "Reads the threads' figures") { Access = Access.Sudo },
            new(Operation.Read, "monitor", MonitorAsync, "Says where the log is", LogLevel, LogFormat),
        ];
    }

    public IReadOnlyList<Route> Routes { get; }

    private static ValueTask<Response> IndexAsync(Call call) => Text(
        """
        <html><head><title>sys/pprof</title></head><body>
        <p>This server is a native .NET program: there are no Go profiles, only figures.</p>
        <ul><li><a href="heap">heap</a></li><li><a href="threadcreate">threadcreate</a></li></ul>
        </body></html>

        """, "text/html; charset=utf-8");

    private static ValueTask<Response> HeapAsync(Call call)
    {
        var info = GC.GetGCMemoryInfo();
        return Figures(("heap_bytes", info.HeapSizeBytes), ("fragmented_bytes", info.FragmentedBytes),
            ("committed_bytes", info.TotalCommittedBytes), ("allocated_bytes_total", GC.GetTotalAllocatedBytes()),
            ("collections_total", GC.CollectionCount(0)));
    }

    private static ValueTask<Response> ThreadsAsync(Call call) => Figures(
        ("threads", ThreadPool.ThreadCount), ("pending_work", ThreadPool.PendingWorkItemCount),
        ("completed_work_total", ThreadPool.CompletedWorkItemCount));

    private static ValueTask<Response> Figures(params (string Name, long Value)[] figures) =>
        Text(string.Concat(figures.Select(f => string.Create(CultureInfo.InvariantCulture, $"{f.Name} {f.Value}\n"))));

    private ValueTask<Response> MonitorAsync(Call call)
    {
        if (call.Get(LogLevel).ToLowerInvariant() is not ("trace" or "debug" or "info" or "warn" or "error"))
            return new(Fault.Invalid("unknown log level"));
        if (call.Get(LogFormat).ToLowerInvariant() is not ("standard" or "json"))
            return new(Fault.Invalid("unknown log format"));
        var now = GoTime.Format(_kernel.Clock.GetUtcNow());
        return Text($"{now} [INFO]  the log is not streamed here: it is on the server's standard error\n");
    }

    private static ValueTask<Response> Text(string text, string type = "text/plain; charset=utf-8")
    {
        var data = new SecretWriter();
        data.Write(Encoding.UTF8.GetBytes(text));
        return new(new Response { ContentType = type }.With(data));
    }
}
