using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;
using Kist.Kernel.Tokens;

namespace Kist.Server.Logins.UserPass;

/// <summary>
/// <c>login/NAME</c>. An unknown name costs the same work and gets the same answer as a wrong password.
/// </summary>
internal sealed class PasswordLogin(Users users, PasswordHash hash)
{
    /// <summary>Where the token keeps its user's name.</summary>
    public const string UserNameKey = "username";

    private static readonly Field<string> Name = Fields.Text("username", "Name of the user");

    public IReadOnlyList<Route> Routes =>
    [
        new(Operation.Update, "login/{username}", LoginAsync, "Logs in with a name and a password", Name,
            PasswordText.Field) { Access = Access.Open },
    ];

    private async ValueTask<Response> LoginAsync(Call call)
    {
        var name = call.Get(Name).ToLowerInvariant();
        using var password = PasswordText.Read(call);
        if (password.Length == 0) return Fault.ListedInvalid("missing password");
        var user = await users.FindAsync(name, call.Aborted);
        if (!await hash.IsRightAsync(password, user?.Password, call.Aborted))
            return Fault.Invalid("invalid username or password");
        var tokens = user!.Tokens;
        if (tokens.BoundCidrs.Count > 0 && !Cidr.AnyContains(tokens.BoundCidrs, call.Request.Remote))
            return Fault.BadToken;
        var about = new Dictionary<string, string> { [UserNameKey] = name };
        return new Response
        {
            Login = tokens.ToGrant() with
            {
                Alias = new LoginAlias(name), Metadata = about, DisplayName = name, LoginData = about,
            },
        };
    }
}
