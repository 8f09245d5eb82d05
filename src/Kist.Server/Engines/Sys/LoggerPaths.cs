using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;

namespace Kist.Server.Engines.Sys;

/// <summary>
/// <c>sys/loggers</c>: how much this node logs, until its configuration is read again. Kist has one log, so there is
/// one logger, <c>core</c>.
/// </summary>
internal sealed class LoggerPaths
{
    private const string OnlyLogger = "core";

    private static readonly Field<string> Name = Fields.Text("name", "The logger: core.");
    private static readonly Field<string> Level = Fields.Text("level", "trace, debug, info, warn or error.");

    private readonly LogThreshold _threshold;

    public LoggerPaths(Unsealed kernel)
    {
        _threshold = kernel.Log.Threshold;
        Routes =
        [
            new(Operation.Read, "loggers", ReadAsync, "Reads how much is logged"),
            new(Operation.Update, "loggers", WriteAsync, "Sets how much is logged until the next reload", Level),
            new(Operation.Delete, "loggers", RevertAsync, "Goes back to what the configuration says"),
            new(Operation.Read, "loggers/{name}", Named(ReadAsync), "Reads how much a logger logs", Name),
            new(Operation.Update, "loggers/{name}", Named(WriteAsync),
                "Sets how much a logger logs until the next reload", Name, Level),
            new(Operation.Delete, "loggers/{name}", Named(RevertAsync), "Goes back to what the configuration says",
                Name),
        ];
    }

    public IReadOnlyList<Route> Routes { get; }

    private static Handler Named(Handler handler) => call =>
        call.Get(Name) == OnlyLogger ? handler(call) : new(Fault.Invalid($"logger \"{call.Get(Name)}\" not found"));

    private ValueTask<Response> ReadAsync(Call call)
    {
        var level = _threshold.Level.ToString().ToLowerInvariant();
        return new(Response.Json(json => json.WriteString(OnlyLogger, level)));
    }

    private ValueTask<Response> WriteAsync(Call call)
    {
        if (call.Get(Level).Length == 0) return new(Fault.Invalid("level is required"));
        if (Parse(call.Get(Level)) is not { } level)
            return new(Fault.Invalid("invalid level provided: it is trace, debug, info, warn or error"));
        _threshold.Ask(level);
        return new(Response.None);
    }

    private ValueTask<Response> RevertAsync(Call call)
    {
        _threshold.Revert();
        return new(Response.None);
    }

    private static LogLevel? Parse(string text) => text.Trim().ToLowerInvariant() switch
    {
        "trace" => LogLevel.Trace,
        "debug" => LogLevel.Debug,
        "info" or "notice" => LogLevel.Info,
        "warn" or "warning" => LogLevel.Warn,
        "error" or "err" => LogLevel.Error,
        _ => null,
    };
}
