using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;

namespace Kist.Server.Engines.Identity;

/// <summary>Entities, aliases and groups.</summary>
public sealed class IdentityEngine(EngineContext context) : IEngine
{
    /// <summary>How the catalog lists it.</summary>
    public static EngineKind Kind { get; } = new("identity", false, context => new IdentityEngine(context)) { IsMountable = false };

    /// <inheritdoc/>
    public IReadOnlyList<Route> Routes { get; } =
        [new(Operation.Read, "kist-mount", _ => new(Response.Json(j => j.WriteString("path", context.Entry.Path))), "Names the mount")];
}
