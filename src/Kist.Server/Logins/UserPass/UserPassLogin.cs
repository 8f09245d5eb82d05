using Kist.Kernel.Mounts;
using Kist.Kernel.Routes;
using Kist.Kernel.Tokens;

namespace Kist.Server.Logins.UserPass;

/// <summary>Login by name and password (developer.hashicorp.com/vault/api-docs/auth/userpass).</summary>
public sealed class UserPassLogin : IEngine
{
    private readonly Users _users;

    private UserPassLogin(EngineContext context)
    {
        _users = new Users(context.Storage.Sub("user/"));
        var hash = new PasswordHash();
        Routes = [.. new UserRoutes(_users, hash).Routes, .. new PasswordLogin(_users, hash).Routes];
    }

    /// <summary>How the catalog lists it.</summary>
    public static EngineKind Kind { get; } = new("userpass", true, context => new UserPassLogin(context));

    /// <inheritdoc/>
    public IReadOnlyList<Route> Routes { get; }

    /// <summary>A token follows its user as it is now.</summary>
    public async ValueTask<LoginRenewal> RenewLoginAsync(Mount mount, TokenEntry token, CancellationToken ct)
    {
        var name = token.LoginData?.GetValueOrDefault(PasswordLogin.UserNameKey) ?? "";
        return await _users.FindAsync(name, ct) is { } user
            ? user.Tokens.ToRenewal(token)
            : new LoginRenewal { IsForgotten = true };
    }
}
