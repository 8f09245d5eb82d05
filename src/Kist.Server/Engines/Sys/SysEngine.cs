using Kist.Kernel.Routes;

namespace Kist.Server.Engines.Sys;

/// <summary>
/// The system's own paths (https://developer.hashicorp.com/vault/api-docs/system), one file per group. Paths that
/// answer while sealed are the front's.
/// </summary>
public sealed class SysEngine(EngineContext context) : IEngine
{
    /// <summary>How the catalog lists it.</summary>
    public static EngineKind Kind { get; } =
        new("system", false, context => new SysEngine(context)) { IsMountable = false };

    /// <inheritdoc/>
    public IReadOnlyList<Route> Routes { get; } =
    [
        .. new MountPaths(context.Kernel, isLogin: false).Routes,
        .. new MountPaths(context.Kernel, isLogin: true).Routes,
        .. new RemountPaths(context.Kernel).Routes,
        .. new TunePaths(context.Kernel, isLogin: false).Routes,
        .. new TunePaths(context.Kernel, isLogin: true).Routes,
        .. new UiPaths(context.Kernel).Routes,
        .. new PolicyPaths(context.Kernel).Routes,
        .. new PasswordPolicyPaths(context.Kernel).Routes,
        .. new CapabilityPaths(context.Kernel).Routes,
        .. new AuditPaths(context.Kernel).Routes,
        .. new AuditHeaderPaths(context.Kernel).Routes,
        .. new LeasePaths(context.Kernel).Routes,
        .. new LeaseListPaths(context.Kernel).Routes,
        .. new WrappingPaths(context.Kernel).Routes,
        .. new QuotaPaths(context.Kernel).Routes,
        .. ToolPaths.Routes,
        .. new PluginPaths(context.Kernel).Routes,
        .. new CorsPaths(context.Kernel).Routes,
        .. new UiHeaderPaths(context.Kernel).Routes,
        .. new KeyPaths(context.Kernel).Routes,
        .. new CounterPaths(context.Kernel).Routes,
        .. new NodeInfoPaths(context.Kernel).Routes,
        .. new LoggerPaths(context.Kernel).Routes,
        .. new DebugPaths(context.Kernel).Routes,
        .. new MetricsPaths(context.Kernel).Routes,
        .. new OpenApiPaths(context.Kernel).Routes,
        .. new SealPaths(context.Kernel).Routes,
        .. new RaftPaths(context.Kernel).Routes,
        .. new EventPaths(context.Kernel).Routes,
    ];
}
