using System.Text.Json;
using Kist.Kernel.Mounts;
using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;
using Kist.Kernel.Tokens;
using Kist.Secrets;

namespace Kist.Server.Engines.Sys;

/// <summary>
/// <c>sys/internal/ui</c>: what a user interface, and every <c>kv</c> command, asks before it does anything. Some of it
/// answers without a token, so these handlers look at the token themselves and show only what it may know.
/// </summary>
internal sealed class UiPaths
{
    private static readonly Field<string> Path = Fields.Text("path", "A path of interest.");

    private readonly Unsealed _kernel;

    public UiPaths(Unsealed kernel)
    {
        _kernel = kernel;
        Routes =
        [
            new(Operation.Read, "internal/ui/mounts", MountsAsync, "Lists the mounts that the caller may know of")
                { Access = Access.Open },
            new(Operation.Read, "internal/ui/mounts/{path+}", MountAsync, "Tells which mount a path is in", Path)
                { Access = Access.Open },
            new(Operation.Read, "internal/ui/namespaces", NamespacesAsync, "Lists the namespaces of the caller")
                { Access = Access.Open },
            new(Operation.Read, "internal/ui/feature-flags", FlagsAsync, "Lists feature flags")
                { Access = Access.Open },
            new(Operation.Read, "internal/ui/resultant-acl", AclAsync, "Shows what the caller's policies add up to"),
        ];
    }

    public IReadOnlyList<Route> Routes { get; }

    /// <summary>Whether <paramref name="caller"/> (null: nobody) may know of a mount.</summary>
    public static bool IsShown(MountEntry entry, Caller? caller) =>
        !entry.Tainted
            && (entry.ListingVisibility == "unauth" || caller is not null && caller.Acl.HasAccessBelow(entry.Path));

    /// <summary>Who asks on an open route; null without a token. A token that is no good is refused.</summary>
    public static async ValueTask<(Caller? Caller, Fault? Fault)> CallerAsync(Unsealed kernel, Call call) =>
        string.IsNullOrEmpty(call.Request.Token)
            ? (null, null)
            : await kernel.Tokens.AuthenticateAsync(call.Request, call.Aborted);

    private async ValueTask<Response> MountsAsync(Call call)
    {
        var (caller, fault) = await CallerAsync(_kernel, call);
        if (fault is not null) return fault;
        return Response.Json(json =>
        {
            WriteMounts(json, "auth", caller, isLogin: true);
            WriteMounts(json, "secret", caller, isLogin: false);
        });
    }

    private void WriteMounts(Utf8JsonWriter json, string name, Caller? caller, bool isLogin)
    {
        json.WriteStartObject(name);
        foreach (var mount in _kernel.Mounts.Current.All)
        {
            if (mount.Entry.IsLogin != isLogin || !IsShown(mount.Entry, caller)) continue;
            json.WriteStartObject(MountShape.ShownPath(mount.Entry));
            if (caller is not null) MountShape.Write(json, mount.Entry, _kernel.Node.Parts.Version);
            else WriteOpenly(json, mount.Entry);
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }

    private static void WriteOpenly(Utf8JsonWriter json, MountEntry entry)
    {
        json.WriteString("type", entry.Type);
        json.WriteString("description", entry.Description);
        json.WriteMap("options", entry.Options);
    }

    private async ValueTask<Response> MountAsync(Call call)
    {
        var (caller, fault) = await CallerAsync(_kernel, call);
        if (fault is not null) return fault;
        if (caller is null) return Fault.NoToken;
        var path = MountPaths.Canonical(call.Get(Path));
        // The same answer whether there is no mount or no access, so that nobody can try out what exists.
        if (!_kernel.Mounts.Current.TryFind(path, out var mount) || !IsShown(mount.Entry, caller))
            return new Fault(FaultKind.Denied,
                "preflight capability check returned 403, please ensure client's policies grant access to path "
                + $"\"{path}\"");
        return Response.Json(json =>
        {
            json.WriteString("path", MountShape.ShownPath(mount.Entry));
            MountShape.Write(json, mount.Entry, _kernel.Node.Parts.Version);
        });
    }

    private async ValueTask<Response> NamespacesAsync(Call call)
    {
        var (caller, fault) = await CallerAsync(_kernel, call);
        if (fault is not null) return fault;
        if (caller is null) return Fault.NoToken;
        return Response.Json(json => json.WriteTexts("keys", [""]));
    }

    private static ValueTask<Response> FlagsAsync(Call call) =>
        new(new Response { ContentType = "application/json" }.WithJson(json => json.WriteTexts("feature_flags", [])));

    private static ValueTask<Response> AclAsync(Call call)
    {
        var data = new SecretWriter();
        using (var json = new Utf8JsonWriter(data, Response.JsonOptions)) call.Caller.Acl.WriteResultant(json);
        return new(Response.Of(data));
    }
}
