using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;
using Kist.Kernel.Tokens;

namespace Kist.Server.Logins.Token;

/// <summary>
/// <c>auth/token</c>: making, looking up, renewing and revoking tokens, and the roles they are made from
/// (developer.hashicorp.com/vault/api-docs/auth/token).
/// </summary>
public sealed class TokenLogin : IEngine
{
    private readonly TokenRoles _roles;

    private TokenLogin(EngineContext context)
    {
        _roles = new TokenRoles(context);
        var create = new TokenCreation(context.Kernel, _roles);
        Routes = [.. create.Routes, .. new TokenLookup(context.Kernel).Routes,
            .. new TokenLifecycle(context.Kernel).Routes, .. _roles.Routes];
    }

    /// <summary>How the catalog lists it.</summary>
    public static EngineKind Kind { get; } =
        new("token", true, context => new TokenLogin(context)) { IsMountable = false };

    /// <inheritdoc/>
    public IReadOnlyList<Route> Routes { get; }

    /// <summary>A token made from a role follows the role as it is now, and dies with it.</summary>
    public async ValueTask<LoginRenewal> RenewLoginAsync(
        Kernel.Mounts.Mount mount, TokenEntry token, CancellationToken ct)
    {
        if (token.Role.Length == 0)
            return new LoginRenewal(null, token.CreationTtl, token.MaxTtl, token.Period, token.ExplicitMaxTtl);
        if (await _roles.FindAsync(token.Role, ct) is not { } role)
            return new LoginRenewal(Fault.ListedInvalid(
                $"original token role \"{token.Role}\" could not be found, not renewing"), default, default, default,
                    default);
        return new LoginRenewal(null, token.CreationTtl, TimeSpan.Zero, role.Period, role.ExplicitMaxTtl);
    }
}
