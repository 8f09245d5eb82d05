using Kist.Kernel.Mounts;
using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;

namespace Kist.Server.Engines.Sys;

/// <summary><c>sys/mounts</c> and <c>sys/auth</c>: the same thing with another prefix.</summary>
internal sealed class MountPaths
{
    private static readonly Field<string> Path = Fields.Text("path", "Where to mount it.");
    private static readonly Field<string> Type = Fields.Text("type", "The engine's type, for example kv.");
    private static readonly Field<string> Description = Fields.Text("description", "What it is for, for people.");
    private static readonly Field<ReadOnlyMemory<byte>> Config = Fields.Json("config", "What tune can change later.");

    private static readonly Field<IReadOnlyDictionary<string, string>> Options =
        Fields.Map("options", "The engine's options, for example version.");

    private static readonly Field<bool> Local = Fields.Flag("local", "Kept for clients: nothing is replicated.");
    private static readonly Field<bool> SealWrap = Fields.Flag("seal_wrap", "Kept for clients.");
    private static readonly Field<bool> Entropy = Fields.Flag("external_entropy_access", "Kept for clients.");
    private static readonly Field<string> PluginName = Fields.Text("plugin_name", "The name of a plug-in engine.");
    private static readonly Field<string> PluginVersion =
        Fields.Text("plugin_version", "The version of the engine; there is one of each.");

    private static readonly string[] Protected = ["audit/", "auth/", "sys/", "cubbyhole/", "identity/"];

    private readonly Unsealed _kernel;
    private readonly bool _isLogin;

    public MountPaths(Unsealed kernel, bool isLogin)
    {
        (_kernel, _isLogin) = (kernel, isLogin);
        var root = isLogin ? "auth" : "mounts";
        var access = isLogin ? Access.Sudo : Access.Token;
        var things = isLogin ? "login" : "secrets engine";
        var routes = new List<Route>
        {
            new(Operation.Read, root, ListAsync, $"Lists every mounted {things}"),
            new(Operation.Update, root + "/{path+}", EnableAsync, $"Mounts a {things}", Path, Type, Description,
                Config, Options,
                Local, SealWrap, Entropy, PluginName, PluginVersion) { Access = access },
            new(Operation.Delete, root + "/{path+}", DisableAsync, $"Removes a {things} with all it holds", Path)
                { Access = access },
        };
        // The recorded contract answers 405 to a read of one login, so only engines can be read alone.
        if (!isLogin) routes.Add(new(Operation.Read, root + "/{path+}", ReadAsync, $"Reads one {things}", Path));
        Routes = routes;
    }

    public IReadOnlyList<Route> Routes { get; }

    /// <summary>Whether a mount may neither be made nor removed at this path (with its slash).</summary>
    public static bool IsProtected(string path) =>
        Array.Exists(Protected, p => path.StartsWith(p, StringComparison.Ordinal));

    /// <summary>A path as clients write it, with its slash at the end and none at the start.</summary>
    public static string Canonical(string path) => path.Trim('/') + "/";

    private string FullPath(Call call) => (_isLogin ? "auth/" : "") + Canonical(call.Get(Path));

    private ValueTask<Response> ListAsync(Call call) => new(Response.Json(json =>
    {
        foreach (var mount in _kernel.Mounts.Current.All)
        {
            if (mount.Entry.IsLogin != _isLogin || mount.Entry.Tainted) continue;
            json.WriteStartObject(MountShape.ShownPath(mount.Entry));
            MountShape.Write(json, mount.Entry, _kernel.Node.Parts.Version);
            json.WriteEndObject();
        }
    }));

    private ValueTask<Response> ReadAsync(Call call)
    {
        if (_kernel.Mounts.Current.At(FullPath(call)) is not { Entry.Tainted: false } mount)
            return new(Fault.Invalid("No secret engine mount at " + FullPath(call)));
        return new(Response.Json(json => MountShape.Write(json, mount.Entry, _kernel.Node.Parts.Version)));
    }

    private async ValueTask<Response> EnableAsync(Call call)
    {
        var (type, path) = (call.Get(Type), FullPath(call));
        if (type.Length == 0) return Fault.Invalid("backend type must be specified as a string");
        if (type == "plugin")
        {
            type = call.Get(PluginName);
            if (type.Length == 0) return Fault.Invalid("plugin_name must be provided for plugin backend");
        }
        var options = call.Get(Options);
        if (type is "kv-v1" or "kv-v2" && !_isLogin)
        {
            var given = options ?? new Dictionary<string, string>();
            options = new Dictionary<string, string>(given) { ["version"] = type[^1..] };
            type = "kv";
        }
        var entry = new MountEntry
        {
            Path = path, Type = type, Uuid = "", Accessor = "", Description = call.Get(Description), Options = options,
            Local = call.Get(Local), SealWrap = call.Get(SealWrap), ExternalEntropyAccess = call.Get(Entropy),
            TokenType = _isLogin ? "default-service" : null,
        };
        var version = _kernel.Node.Parts.Version;
        if (call.Get(PluginVersion) is { Length: > 0 } asked
            && MountConfig.VersionFault(entry, asked, version) is { } wrongVersion) return wrongVersion;
        if (MountConfig.TryApply(entry, call.Get(Config), version, out entry) is { } wrong) return wrong;
        if (MountConfig.CheckNew(entry, _kernel.Settings) is { } limits) return limits;
        if (Refused(type, path, call) is { } refused) return refused;
        return await _kernel.Mounts.EnableAsync(entry, call.Aborted) is { } fault ? fault : Response.None;
    }

    private Fault? Refused(string type, string path, Call call)
    {
        if ((_isLogin || type != "kv") && call.Get(Options)?.GetValueOrDefault("version") is { Length: > 0 })
            return Fault.Invalid(
                $"{(_isLogin ? "auth method" : "secrets engine")} \"{type}\" does not allow setting a version");
        if (!_isLogin && IsProtected(path)) return Fault.Invalid($"cannot mount \"{path}\"");
        if (_kernel.Engines.Values.Any(k => k.Type == type && !k.IsMountable && (!_isLogin || k.IsLogin)))
            return Fault.Invalid(_isLogin
                ? "token credential backend cannot be instantiated"
                : $"mount type of \"{type}\" is not mountable");
        return null;
    }

    private async ValueTask<Response> DisableAsync(Call call)
    {
        var path = FullPath(call);
        if (_isLogin && BuiltInMounts.Covers(path)) return Fault.Invalid("token credential backend cannot be disabled");
        if (!_isLogin && IsProtected(path)) return Fault.Invalid($"cannot unmount \"{path}\"");
        // Data is deleted to the end even when the client goes away; a crash is finished by the next start.
        return await _kernel.Mounts.DisableAsync(path, CancellationToken.None) is { } fault ? fault : Response.None;
    }
}
