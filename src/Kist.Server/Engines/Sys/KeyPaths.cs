using Kist.Kernel.Barrier;
using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;

namespace Kist.Server.Engines.Sys;

/// <summary><c>sys/rotate</c> and <c>sys/key-status</c>: the barrier's key.</summary>
internal sealed class KeyPaths
{
    private static readonly Field<bool> Enabled = Fields.Flag("enabled", "Whether the key is replaced by itself.");
    private static readonly Field<long> MaxOperations =
        Fields.Number("max_operations", "Encryptions after which it is replaced.");
    private static readonly Field<TimeSpan> Interval =
        Fields.Duration("interval", "Age at which it is replaced; 0 for never.");

    private readonly Unsealed _kernel;

    public KeyPaths(Unsealed kernel)
    {
        _kernel = kernel;
        Routes =
        [
            new(Operation.Read, "key-status", StatusAsync, "Reads the state of the key"),
            .. Twins("", path => new(Operation.Update, path, RotateAsync, "Replaces the key") { Access = Access.Sudo }),
            .. Twins("/config", path =>
                new(Operation.Read, path, ReadConfigAsync, "Reads when the key is replaced by itself")),
            .. Twins("/config", path =>
                new(Operation.Update, path, WriteConfigAsync, "Sets when the key is replaced by itself",
                Enabled, MaxOperations, Interval)),
        ];
    }

    public IReadOnlyList<Route> Routes { get; }

    /// <summary>The path, and the one that newer clients use.</summary>
    private static IEnumerable<Route> Twins(string rest, Func<string, Route> route) =>
        [route("rotate" + rest), route("rotate/keyring" + rest)];

    private ValueTask<Response> StatusAsync(Call call)
    {
        var status = _kernel.Barrier.Status;
        return new(Response.Json(json =>
        {
            json.WriteNumber("term", status.Term);
            json.WriteString("install_time", GoTime.Format(status.InstalledAt));
            json.WriteNumber("encryptions", status.Encryptions);
        }));
    }

    private async ValueTask<Response> RotateAsync(Call call)
    {
        await _kernel.Barrier.RotateAsync(CancellationToken.None);
        return Response.None;
    }

    private ValueTask<Response> ReadConfigAsync(Call call)
    {
        var config = _kernel.Barrier.RotationConfig;
        return new(Response.Json(json =>
        {
            json.WriteBoolean("enabled", config.Enabled);
            json.WriteNumber("max_operations", config.MaxOperations);
            if (config.Interval == TimeSpan.Zero) json.WriteNumber("interval", 0);
            else json.WriteString("interval", GoDuration.Format(config.Interval));
        }));
    }

    private async ValueTask<Response> WriteConfigAsync(Call call)
    {
        var old = _kernel.Barrier.RotationConfig;
        var config = new RotationConfig(
            call.Has(Enabled) ? call.Get(Enabled) : old.Enabled,
            call.Has(MaxOperations) ? call.Get(MaxOperations) : old.MaxOperations,
            call.Has(Interval) ? call.Get(Interval) : old.Interval);
        if (config.MaxOperations is < RotationConfig.LeastOperations or > RotationConfig.MostOperations)
            return Fault.ListedInvalid(
                "max_operations must be in the range "
                + $"[{RotationConfig.LeastOperations},{RotationConfig.MostOperations}]");
        if (config.Interval != TimeSpan.Zero && config.Interval < RotationConfig.LeastInterval)
            return Fault.ListedInvalid(
                $"interval must be greater or equal to {GoDuration.Format(RotationConfig.LeastInterval)}");
        await _kernel.Barrier.ConfigureRotationAsync(config, call.Aborted);
        return Response.None;
    }
}
