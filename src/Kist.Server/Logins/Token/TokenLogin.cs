using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;

namespace Kist.Server.Logins.Token;

/// <summary>Tokens: auth/token.</summary>
public sealed class TokenLogin(EngineContext context) : IEngine
{
    /// <summary>How the catalog lists it.</summary>
    public static EngineKind Kind { get; } = new("token", true, context => new TokenLogin(context)) { IsMountable = false };

    /// <inheritdoc/>
    public IReadOnlyList<Route> Routes { get; } =
        [new(Operation.Read, "kist-mount", _ => new(Response.Json(j => j.WriteString("path", context.Entry.Path))), "Names the mount")];
}
