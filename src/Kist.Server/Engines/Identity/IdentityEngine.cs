using Kist.Kernel.Routes;

namespace Kist.Server.Engines.Identity;

/// <summary>
/// <c>identity/</c>: entities, their aliases, groups and look-ups
/// (developer.hashicorp.com/vault/api-docs/secret/identity). What they mean for tokens is the kernel's business; this
/// is the door to it.
/// </summary>
public sealed class IdentityEngine : IEngine
{
    private IdentityEngine(EngineContext context)
    {
        var shapes = new IdentityShapes(context.Kernel);
        Routes =
        [
            .. new EntityRoutes(context.Kernel, shapes).Routes, .. new AliasRoutes(context.Kernel, shapes).Routes,
            .. new GroupRoutes(context.Kernel, shapes).Routes, .. new GroupAliasRoutes(context.Kernel, shapes).Routes,
            .. new LookupRoutes(context.Kernel, shapes).Routes,
        ];
    }

    /// <summary>How the catalog lists it.</summary>
    public static EngineKind Kind { get; } =
        new("identity", false, context => new IdentityEngine(context)) { IsMountable = false };

    /// <inheritdoc/>
    public IReadOnlyList<Route> Routes { get; }
}
