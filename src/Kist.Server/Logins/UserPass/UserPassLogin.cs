using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;

namespace Kist.Server.Logins.UserPass;

/// <summary>Login by name and password.</summary>
public sealed class UserPassLogin(EngineContext context) : IEngine
{
    /// <summary>How the catalog lists it.</summary>
    public static EngineKind Kind { get; } = new("userpass", true, context => new UserPassLogin(context)) { IsMountable = true };

    /// <inheritdoc/>
    public IReadOnlyList<Route> Routes { get; } =
        [new(Operation.Read, "kist-mount", _ => new(Response.Json(j => j.WriteString("path", context.Entry.Path))), "Names the mount")];
}
