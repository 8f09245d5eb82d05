using Kist.Kernel.Mounts;
using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;

namespace Kist.Server.Engines.Sys;

/// <summary><c>sys/mounts/PATH/tune</c> and <c>sys/auth/PATH/tune</c>.</summary>
internal sealed class TunePaths
{
    private static readonly Field<string> Path = Fields.Text("path", "Where it is mounted.");
    private static readonly Field<string> Description = Fields.Text("description", "What it is for, for people.");

    private static readonly Field<IReadOnlyDictionary<string, string>> Options =
        Fields.Map("options", "The engine's options; given ones are added to what is there.");

    private readonly Unsealed _kernel;
    private readonly bool _isLogin;

    public TunePaths(Unsealed kernel, bool isLogin)
    {
        (_kernel, _isLogin) = (kernel, isLogin);
        var pattern = (isLogin ? "auth" : "mounts") + "/{path+}/tune";
        var access = isLogin ? Access.Sudo : Access.Token;
        Routes =
        [
            new(Operation.Read, pattern, ReadAsync, "Reads a mount's settings", Path) { Access = access },
            new(Operation.Update, pattern, WriteAsync, "Changes a mount's settings",
                [Path, Description, Options, .. MountConfig.All]) { Access = access },
        ];
    }

    public IReadOnlyList<Route> Routes { get; }

    /// <summary>
    /// <paramref name="entry"/> with further options. A key-value store's version can only grow; the warning tells
    /// whoever lets it grow.
    /// </summary>
    public static Fault? TryAddOptions(
        MountEntry entry, IReadOnlyDictionary<string, string> options, out MountEntry changed, out string? warning)
    {
        (changed, warning) = (entry, null);
        if (options.TryGetValue("version", out var version) && version.Length > 0)
        {
            if (version is not ("1" or "2")) return Fault.Invalid($"invalid version provided: {version}");
            var current = entry.Options?.GetValueOrDefault("version") is "2" ? "2" : "1";
            if (entry.Type == "kv" && current == "2" && version == "1")
                return Fault.Invalid("cannot downgrade mount from version 2");
            if (entry.Type == "kv" && current == "1" && version == "2")
                warning = "Upgrading mount from version 1 to version 2. This mount will be unavailable for a brief "
                    + "period and will resume service shortly.";
        }
        var merged = new Dictionary<string, string>(entry.Options ?? new Dictionary<string, string>());
        foreach (var (key, value) in options)
            if (key != "version" || value.Length > 0) merged[key] = value;
        changed = entry with { Options = merged };
        return null;
    }

    private string FullPath(Call call) => (_isLogin ? "auth/" : "") + MountPaths.Canonical(call.Get(Path));

    private ValueTask<Response> ReadAsync(Call call)
    {
        var path = FullPath(call);
        if (_kernel.Mounts.Current.At(path) is not { Entry.Tainted: false } mount)
            return new(Fault.Invalid($"cannot fetch sysview for path \"{path}\""));
        return new(Response.Json(json => MountShape.WriteTune(json, mount.Entry, _kernel)));
    }

    private async ValueTask<Response> WriteAsync(Call call)
    {
        var path = FullPath(call);
        if (_kernel.Mounts.Current.At(path) is not { Entry.Tainted: false } mount)
            return Fault.Invalid($"tune of path \"{path}\" failed: no mount entry found");
        if (path is "sys/" or "cubbyhole/" or "identity/") return Fault.Invalid($"cannot tune \"{path}\"");
        if (MountConfig.TryApply(mount.Entry, call.Request.Body, _kernel.Node.Parts.Version, out var entry)
            is { } wrong) return wrong;
        if (MountConfig.CheckTuned(entry) is { } limits) return limits;
        string? warning = null;
        if (call.Has(Options)
            && TryAddOptions(entry, call.Get(Options), out entry, out warning) is { } refused) return refused;
        if (call.Has(Description)) entry = entry with { Description = call.Get(Description) };
        if (await _kernel.Mounts.TuneAsync(entry, call.Aborted) is { } fault) return fault;
        return warning is null ? Response.None : Response.None.Warn(warning);
    }
}
