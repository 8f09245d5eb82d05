using Kist.Kernel.Routes;

namespace Kist.Server.Engines.Announced;

/// <summary>
/// An engine that Vault has and Kist does not have yet. It can be mounted, tuned and removed, so that the set-up of a
/// team can be brought along, and every path below it answers 404 "unsupported path".
/// </summary>
public sealed class AnnouncedEngine : IEngine
{
    /// <inheritdoc/>
    public IReadOnlyList<Route> Routes => [];

    /// <summary>How the catalog lists one.</summary>
    public static EngineKind Kind(string type, bool isLogin) => new(type, isLogin, _ => new AnnouncedEngine());
}
