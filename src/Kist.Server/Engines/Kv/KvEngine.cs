using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;

namespace Kist.Server.Engines.Kv;

/// <summary>Key-value secrets, versions 1 and 2.</summary>
public sealed class KvEngine(EngineContext context) : IEngine
{
    /// <summary>How the catalog lists it.</summary>
    public static EngineKind Kind { get; } = new("kv", false, context => new KvEngine(context)) { IsMountable = true };

    /// <inheritdoc/>
    public IReadOnlyList<Route> Routes { get; } =
        [new(Operation.Read, "kist-mount", _ => new(Response.Json(j => j.WriteString("path", context.Entry.Path))), "Names the mount")];
}
