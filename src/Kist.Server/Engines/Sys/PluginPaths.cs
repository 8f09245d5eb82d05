using System.Globalization;
using System.Text.Json;
using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;

namespace Kist.Server.Engines.Sys;

/// <summary>
/// <c>sys/plugins</c>: shows what is built in. Programs from outside are never run, so registering one is refused and
/// reloading changes nothing.
/// </summary>
internal sealed class PluginPaths
{
    private static readonly Field<string> Type = Fields.Text("type", "auth, secret or database.");
    private static readonly Field<string> Name = Fields.Text("name", "The plug-in's name.");
    private static readonly Field<string> Version = Fields.Text("version", "The plug-in's version.");
    private static readonly Field<string> Sha256 = Fields.Text("sha256", "The hash of the program, in hex.");
    private static readonly Field<string> Command = Fields.Text("command", "The program.");
    private static readonly Field<string> Plugin = Fields.Text("plugin", "The plug-in to reload.");
    private static readonly Field<IReadOnlyList<string>> Mounts = Fields.List("mounts", "The mounts to reload.");
    private static readonly Field<string> Scope = Fields.Text("scope", "Kept for clients.");

    private static readonly string[] Databases =
    [
        "mongodb-database-plugin", "mssql-database-plugin", "mysql-database-plugin", "postgresql-database-plugin",
        "redis-database-plugin",
    ];

    private readonly Unsealed _kernel;

    public PluginPaths(Unsealed kernel)
    {
        _kernel = kernel;
        Routes =
        [
            new(Operation.Read, "plugins/catalog", CatalogAsync, "Lists the plug-ins of all types"),
            new(Operation.List, "plugins/catalog/{type}", ListAsync, "Lists the plug-ins of a type", Type)
                { Access = Access.Sudo },
            new(Operation.Read, "plugins/catalog/{type}/{name+}", ReadAsync, "Reads a plug-in", Type, Name, Version)
                { Access = Access.Sudo },
            new(Operation.Update, "plugins/catalog/{type}/{name+}", RegisterAsync, "Refuses a plug-in from outside",
                Type, Name,
                Sha256, Command, Version) { Access = Access.Sudo },
            new(Operation.Delete, "plugins/catalog/{type}/{name+}", _ => new(Response.None),
                "Removes a plug-in from outside",
                Type, Name, Version) { Access = Access.Sudo },
            new(Operation.Update, "plugins/reload/backend", ReloadAsync, "Reloads plug-ins", Plugin, Mounts, Scope),
        ];
    }

    public IReadOnlyList<Route> Routes { get; }

    private string ShownVersion => $"v{_kernel.Node.Parts.Version}+builtin.kist";

    private IReadOnlyList<string> NamesOf(string type) => type switch
    {
        "database" => Databases,
        "auth" or "secret" =>
        [
            .. _kernel.Engines.Values.Where(k => k.IsLogin == (type == "auth") && k.IsMountable && k.Type != "database")
                .Select(k => k.Type).Order(StringComparer.Ordinal),
        ],
        _ => [],
    };

    private ValueTask<Response> CatalogAsync(Call call) => new(Response.Json(json =>
    {
        string[] types = ["auth", "database", "secret"];
        foreach (var type in types) json.WriteTexts(type, NamesOf(type));
        json.WriteStartArray("detailed");
        foreach (var type in types)
            foreach (var name in NamesOf(type))
            {
                json.WriteStartObject();
                json.WriteString("type", type);
                Write(json, name);
                json.WriteEndObject();
            }
        json.WriteEndArray();
    }));

    private ValueTask<Response> ListAsync(Call call)
    {
        if (call.Get(Type) is not ("auth" or "secret" or "database" or "unknown"))
            return new(Fault.ListedInvalid("the type of a plug-in is auth, secret, database or unknown"));
        var names = NamesOf(call.Get(Type));
        return new(names.Count == 0 ? Response.None : Response.Json(json => json.WriteTexts("keys", names)));
    }

    private ValueTask<Response> ReadAsync(Call call)
    {
        var type = call.Get(Type);
        if (type is not ("auth" or "secret" or "database"))
            return new(Response.None.Warn("a plug-in is read by its type (auth, database or secret) and its name"));
        if (!NamesOf(type).Contains(call.Get(Name))) return new(Response.None);
        return new(Response.Json(json =>
        {
            json.WriteNull("args");
            json.WriteString("command", "");
            json.WriteString("sha256", "");
            Write(json, call.Get(Name));
        }));
    }

    private void Write(Utf8JsonWriter json, string name)
    {
        json.WriteString("name", name);
        json.WriteBoolean("builtin", true);
        json.WriteString("version", ShownVersion);
        json.WriteString("deprecation_status", "supported");
    }

    private static ValueTask<Response> RegisterAsync(Call call)
    {
        var sha256 = call.Get(Sha256);
        if (sha256.Length == 0) return new(Fault.Invalid("missing SHA-256 value"));
        if (call.Get(Command).Length == 0) return new(Fault.Invalid("missing command value"));
        if (sha256.Length % 2 != 0 || !sha256.All(char.IsAsciiHexDigit))
            return new(Fault.Invalid("could not decode SHA-256 value from hex"));
        return new(Fault.Invalid("this server does not run plug-ins from outside"));
    }

    private ValueTask<Response> ReloadAsync(Call call)
    {
        var (plugin, mounts) = (call.Get(Plugin), call.Get(Mounts));
        if (plugin.Length == 0 && mounts.Count == 0) return new(Fault.Invalid("plugin or mounts must be provided"));
        if (plugin.Length > 0 && mounts.Count > 0)
            return new(Fault.Invalid("plugin and mounts cannot be set at the same time"));
        foreach (var mount in mounts)
            if (_kernel.Mounts.Current.At(MountPaths.Canonical(mount)) is null)
                return new(Fault.ListedInvalid($"cannot fetch mount entry on \"{MountPaths.Canonical(mount)}\""));
        return new(Response.Json(json =>
            json.WriteString("reload_id", Guid.NewGuid().ToString("D", CultureInfo.InvariantCulture))));
    }
}
