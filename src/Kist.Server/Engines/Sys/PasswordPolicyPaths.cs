using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Policies.Passwords;
using Kist.Kernel.Routes;

namespace Kist.Server.Engines.Sys;

/// <summary><c>sys/policies/password</c>: how generated passwords look.</summary>
internal sealed class PasswordPolicyPaths
{
    private static readonly Field<string> Name = Fields.Text("name", "The password policy's name.");
    private static readonly Field<string> Policy =
        Fields.Text("policy", "The policy in HCL or JSON, or that in base64.");

    private static readonly Fault Missing = new(FaultKind.NotFound, "policy does not exist", Listed: true);

    private readonly Unsealed _kernel;

    public PasswordPolicyPaths(Unsealed kernel)
    {
        _kernel = kernel;
        Routes =
        [
            new(Operation.Read, "policies/password/{name}", ReadAsync, "Reads a password policy", Name),
            new(Operation.Update, "policies/password/{name}", WriteAsync, "Writes a password policy", Name, Policy),
            new(Operation.Delete, "policies/password/{name}", DeleteAsync, "Deletes a password policy", Name),
            new(Operation.Read, "policies/password/{name}/generate", GenerateAsync, "Generates a password", Name)
                { HasEffects = true },
        ];
    }

    public IReadOnlyList<Route> Routes { get; }

    private async ValueTask<Response> ReadAsync(Call call) =>
        await _kernel.PasswordPolicies.GetAsync(call.Get(Name), call.Aborted) is { } text
            ? Response.Json(json => json.WriteString("policy", text))
            : Missing;

    private async ValueTask<Response> WriteAsync(Call call)
    {
        if (call.Get(Policy).Length == 0) return Fault.ListedInvalid("missing policy");
        var text = PolicyText.Decode(call.Get(Policy));
        if (!PasswordPolicy.TryParse(text, out _, out var error)) return Fault.ListedInvalid(error);
        await _kernel.PasswordPolicies.PutAsync(call.Get(Name), text, call.Aborted);
        return Response.None;
    }

    private async ValueTask<Response> DeleteAsync(Call call)
    {
        await _kernel.PasswordPolicies.DeleteAsync(call.Get(Name), call.Aborted);
        return Response.None;
    }

    private async ValueTask<Response> GenerateAsync(Call call)
    {
        if (await _kernel.PasswordPolicies.FindAsync(call.Get(Name), call.Aborted) is not { } policy) return Missing;
        using var password = policy.Generate();
        return Response.Json(json => json.WriteString("password", password.Span));
    }
}
