using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;

namespace Kist.Server.Engines.Sys;

/// <summary>The system's own paths.</summary>
public sealed class SysEngine(EngineContext context) : IEngine
{
    /// <summary>How the catalog lists it.</summary>
    public static EngineKind Kind { get; } = new("system", false, context => new SysEngine(context)) { IsMountable = false };

    /// <inheritdoc/>
    public IReadOnlyList<Route> Routes { get; } =
        [new(Operation.Read, "kist-mount", _ => new(Response.Json(j => j.WriteString("path", context.Entry.Path))), "Names the mount")];
}
