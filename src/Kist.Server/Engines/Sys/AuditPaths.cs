using Kist.Kernel.Audit;
using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;

namespace Kist.Server.Engines.Sys;

/// <summary><c>sys/audit</c> and <c>sys/audit-hash</c>.</summary>
internal sealed class AuditPaths
{
    private static readonly Field<string> Path = Fields.Text("path", "The sink's name.");
    private static readonly Field<string> Type = Fields.Text("type", "The sink's type, for example file.");
    private static readonly Field<string> Description = Fields.Text("description", "What it is for, for people.");
    private static readonly Field<bool> Local = Fields.Flag("local", "Kept for clients: nothing is replicated.");

    private static readonly Field<IReadOnlyDictionary<string, string>> Options =
        Fields.Map("options", "The sink's options, for example file_path.");

    private static readonly Field<string> Input = Fields.Text("input", "The text to hash as the audit does.");

    private readonly Unsealed _kernel;

    public AuditPaths(Unsealed kernel)
    {
        _kernel = kernel;
        Routes =
        [
            new(Operation.Read, "audit", ListAsync, "Lists the audit sinks") { Access = Access.Sudo },
            new(Operation.Update, "audit/{path+}", EnableAsync, "Enables an audit sink", Path, Type, Description,
                Options, Local)
                { Access = Access.Sudo },
            new(Operation.Delete, "audit/{path+}", DisableAsync, "Disables an audit sink", Path)
                { Access = Access.Sudo },
            new(Operation.Update, "audit-hash/{path+}", HashAsync, "Hashes a text as a sink does", Path, Input),
        ];
    }

    public IReadOnlyList<Route> Routes { get; }

    private ValueTask<Response> ListAsync(Call call) => new(Response.Json(json =>
    {
        foreach (var sink in _kernel.Audit.Broker.Sinks.OrderBy(s => s.Path, StringComparer.Ordinal))
        {
            json.WriteStartObject(sink.Path);
            json.WriteString("path", sink.Path);
            json.WriteString("type", sink.Type);
            json.WriteString("description", sink.Description);
            json.WriteMap("options", sink.Options);
            json.WriteBoolean("local", sink.Local);
            json.WriteEndObject();
        }
    }));

    private async ValueTask<Response> EnableAsync(Call call)
    {
        var entry = new AuditSinkEntry
        {
            Path = MountPaths.Canonical(call.Get(Path)),
            Type = call.Get(Type),
            Description = call.Get(Description),
            Local = call.Get(Local),
            Options = call.Get(Options),
        };
        if (_kernel.Audit.Broker.Sinks.Any(s => s.Path.StartsWith(entry.Path, StringComparison.Ordinal)
            || entry.Path.StartsWith(s.Path, StringComparison.Ordinal)))
            return Fault.Invalid("path already in use");
        return await _kernel.Audit.EnableAsync(entry, call.Aborted) is { } fault ? fault : Response.None;
    }

    private async ValueTask<Response> DisableAsync(Call call)
    {
        await _kernel.Audit.DisableAsync(call.Get(Path), call.Aborted);
        return Response.None;
    }

    private ValueTask<Response> HashAsync(Call call)
    {
        if (call.Get(Input).Length == 0) return new(Fault.Invalid("the \"input\" parameter is empty"));
        var path = MountPaths.Canonical(call.Get(Path));
        return new(_kernel.Audit.Broker.Hash(path, call.Get(Input)) is { } hash
            ? Response.Json(json => json.WriteString("hash", hash))
            : Fault.Invalid($"unknown audit backend \"{path}\""));
    }
}
