using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Policies;
using Kist.Kernel.Routes;

namespace Kist.Server.Engines.Sys;

/// <summary><c>sys/policies/acl</c> and its elder <c>sys/policy</c>.</summary>
internal sealed class PolicyPaths
{
    private static readonly Field<string> Name = Fields.Text("name", "The policy's name, without regard to case.");
    private static readonly Field<string> Policy =
        Fields.Text("policy", "The policy in HCL or JSON, or that in base64.");
    private static readonly Field<string> Rules = Fields.Text("rules", "The old name of policy.");

    private readonly Unsealed _kernel;

    public PolicyPaths(Unsealed kernel)
    {
        _kernel = kernel;
        Routes =
        [
            new(Operation.List, "policies/acl", ListAsync, "Lists the policies", Paging.After, Paging.Limit),
            new(Operation.Read, "policies/acl/{name+}", call => ReadAsync(call, "policy"), "Reads a policy", Name),
            new(Operation.Update, "policies/acl/{name+}",
                call => WriteAsync(call, call.Get(Policy), false), "Writes a policy", Name, Policy),
            new(Operation.Delete, "policies/acl/{name+}", DeleteAsync, "Deletes a policy", Name),
            new(Operation.Read, "policy", ListOldAsync, "Lists the policies", Paging.After, Paging.Limit),
            new(Operation.List, "policy", ListOldAsync, "Lists the policies", Paging.After, Paging.Limit),
            new(Operation.Read, "policy/{name+}", call => ReadAsync(call, "rules"), "Reads a policy", Name),
            new(Operation.Update, "policy/{name+}", WriteOldAsync, "Writes a policy", Name, Policy, Rules),
            new(Operation.Delete, "policy/{name+}", DeleteAsync, "Deletes a policy", Name),
        ];
    }

    public IReadOnlyList<Route> Routes { get; }

    private async ValueTask<Response> ListAsync(Call call)
    {
        var names = Paging.Page(call, await _kernel.Policies.ListAsync(call.Aborted));
        return names.Count == 0 ? Response.None : Response.Json(json => json.WriteTexts("keys", names));
    }

    private async ValueTask<Response> ListOldAsync(Call call)
    {
        var names = Paging.Page(call, await _kernel.Policies.ListAsync(call.Aborted));
        return names.Count == 0 ? Response.None : Response.Json(json =>
        {
            json.WriteTexts("keys", names);
            json.WriteTexts("policies", names);
        });
    }

    private async ValueTask<Response> ReadAsync(Call call, string textName)
    {
        if (!PolicyName.TryParse(call.Get(Name), out var name, out _)) return Response.None;
        if (await _kernel.Policies.GetAsync(name.ToString(), call.Aborted) is not { } text) return Response.None;
        return Response.Json(json =>
        {
            json.WriteString("name", name.ToString());
            json.WriteString(textName, text);
        });
    }

    private ValueTask<Response> WriteOldAsync(Call call) => call.Get(Policy).Length > 0
        ? WriteAsync(call, call.Get(Policy), false)
        : WriteAsync(call, call.Get(Rules), true);

    private async ValueTask<Response> WriteAsync(Call call, string sent, bool isOldField)
    {
        if (!PolicyName.TryParse(call.Get(Name), out var name, out var error)) return Fault.Invalid(error);
        if (name.IsImmutable) return Fault.Invalid($"cannot update \"{name}\" policy");
        if (sent.Length == 0) return Fault.Invalid("'policy' parameter not supplied or empty");
        var text = PolicyText.Decode(sent);
        if (!PolicyDocument.TryParse(text, out var document, out error)) return Fault.Invalid(error);
        await _kernel.Policies.PutAsync(name.ToString(), text, call.Aborted);
        var response = Response.None;
        if (isOldField) response = response.Warn("'rules' is deprecated, please use 'policy' instead");
        foreach (var warning in document.Warnings) response = response.Warn(warning);
        return response;
    }

    private async ValueTask<Response> DeleteAsync(Call call)
    {
        if (!PolicyName.TryParse(call.Get(Name), out var name, out _)) return Response.None;
        if (name == PolicyName.Default) return Fault.Invalid("cannot delete default policy");
        if (name.IsImmutable) return Fault.Invalid($"cannot delete \"{name}\" policy");
        await _kernel.Policies.DeleteAsync(name.ToString(), call.Aborted);
        return Response.None;
    }
}
