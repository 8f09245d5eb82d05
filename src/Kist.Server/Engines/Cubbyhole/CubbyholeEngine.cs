using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;

namespace Kist.Server.Engines.Cubbyhole;

/// <summary>A private place per token.</summary>
public sealed class CubbyholeEngine(EngineContext context) : IEngine
{
    /// <summary>How the catalog lists it.</summary>
    public static EngineKind Kind { get; } = new("cubbyhole", false, context => new CubbyholeEngine(context)) { IsMountable = false };

    /// <inheritdoc/>
    public IReadOnlyList<Route> Routes { get; } =
        [new(Operation.Read, "kist-mount", _ => new(Response.Json(j => j.WriteString("path", context.Entry.Path))), "Names the mount")];
}
