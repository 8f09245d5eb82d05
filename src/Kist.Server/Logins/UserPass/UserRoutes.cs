using System.Text.Json;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;
using Kist.Kernel.Tokens;

namespace Kist.Server.Logins.UserPass;

/// <summary>The paths of <c>users</c>: who may log in, with which password, to what.</summary>
internal sealed class UserRoutes(Users users, PasswordHash hash)
{
    private static readonly Field<string> Name = Fields.Text("username", "Name of the user, lower case");
    private static readonly Field<string> After = Fields.Text("after", "List names after this one");
    private static readonly Field<long> Limit = Fields.Number("limit", "List at most so many names");
    private static readonly TokenFields TokenFields = new("policies", "ttl", "max_ttl", "bound_cidrs");

    private static readonly Field[] WriteFields = [Name, PasswordText.Field, .. TokenFields.All];

    public IReadOnlyList<Route> Routes =>
    [
        new(Operation.List, "users", ListAsync, "Lists the users", After, Limit),
        new(Operation.Read, "users/{username}", ReadAsync, "Reads a user, without the password", Name),
        new(Operation.Update, "users/{username}", WriteAsync, "Makes or changes a user", WriteFields)
        {
            Exists = async probe => await users.FindAsync(probe.Captures[0], probe.Aborted) is not null,
        },
        new(Operation.Delete, "users/{username}", DeleteAsync, "Deletes a user", Name),
        new(Operation.Update, "users/{username}/password", SetPasswordAsync, "Changes a user's password", Name,
            PasswordText.Field),
        new(Operation.Update, "users/{username}/policies", SetPoliciesAsync, "Changes a user's policies",
            [Name, .. TokenFields.PolicyFields]),
    ];

    private async ValueTask<Response> ListAsync(Call call)
    {
        var names = await users.ListAsync(call.Get(After), (int)call.Get(Limit), call.Aborted);
        return names.Count == 0 ? Response.None : Response.Json(json =>
        {
            json.WriteStartArray("keys");
            foreach (var name in names) json.WriteStringValue(name);
            json.WriteEndArray();
        });
    }

    private async ValueTask<Response> ReadAsync(Call call) =>
        await users.FindAsync(call.Get(Name), call.Aborted) is { } user
            ? Response.Json(user.Tokens.Write)
            : Response.None;

    private async ValueTask<Response> DeleteAsync(Call call)
    {
        await users.DeleteAsync(call.Get(Name), call.Aborted);
        return Response.None;
    }

    private async ValueTask<Response> WriteAsync(Call call)
    {
        if (TokenFields.Apply(call, new TokenSettings(), out _) is { } wrong) return wrong;
        HashedPassword? password = null;
        if (call.Has(PasswordText.Field) || call.Request.Operation is Operation.Create)
        {
            var (made, fault) = await HashAsync(call);
            if (fault is not null) return fault;
            password = made;
        }
        Fault? refused = null;
        await users.ChangeAsync(call.Get(Name), known =>
        {
            refused = TokenFields.Apply(call, known?.Tokens ?? new TokenSettings(), out var settings);
            if (refused is null && known is null && password is null) refused = Fault.Invalid("missing password");
            return refused is null ? new User { Password = password ?? known!.Password, Tokens = settings } : null;
        }, call.Aborted);
        return refused is null ? Response.None : refused;
    }

    private async ValueTask<Response> SetPasswordAsync(Call call)
    {
        if (await users.FindAsync(call.Get(Name), call.Aborted) is null) return Unknown;
        var (password, fault) = await HashAsync(call);
        if (fault is not null) return fault;
        return await users.ChangeAsync(call.Get(Name), known =>
            known is null ? null : known with { Password = password! }, call.Aborted) ? Response.None : Unknown;
    }

    private async ValueTask<Response> SetPoliciesAsync(Call call) =>
        await users.ChangeAsync(call.Get(Name), known => known is null ? null : known with
        {
            Tokens = TokenFields.ApplyPolicies(call, known.Tokens),
        }, call.Aborted) ? Response.None : Unknown;

    private async ValueTask<(HashedPassword? Password, Fault? Fault)> HashAsync(Call call)
    {
        using var password = PasswordText.Read(call);
        if (password.Length == 0) return (null, Fault.Invalid("missing password"));
        if (password.Length > PasswordText.MaxBytes)
            return (null, Fault.Invalid($"password has more than {PasswordText.MaxBytes} bytes"));
        return (await hash.HashAsync(password, call.Aborted), null);
    }

    private static Fault Unknown => Fault.ListedInvalid("username does not exist");
}
