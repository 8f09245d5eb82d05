using Kist.Kernel.Identity;
using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;

namespace Kist.Server.Engines.Identity;

/// <summary>
/// <c>identity/lookup/entity</c> and <c>identity/lookup/group</c>: one of name, id, alias id, or alias name with
/// accessor. What is not there is an empty answer, not an error.
/// </summary>
internal sealed class LookupRoutes(Unsealed kernel, IdentityShapes shapes)
{
    private static readonly Field<string> Name = Fields.Text("name", "The name");
    private static readonly Field<string> Id = Fields.Text("id", "The id");
    private static readonly Field<string> AliasId = Fields.Text("alias_id", "The id of its alias");
    private static readonly Field<string> AliasName =
        Fields.Text("alias_name", "The name of its alias; needs the accessor");
    private static readonly Field<string> AliasAccessor =
        Fields.Text("alias_mount_accessor", "The accessor of its alias's mount; needs the name");

    private static readonly Field[] All = [Name, Id, AliasId, AliasName, AliasAccessor];

    public IReadOnlyList<Route> Routes =>
    [
        new(Operation.Update, "lookup/entity", EntityAsync, "Finds an entity", All),
        new(Operation.Update, "lookup/group", GroupAsync, "Finds a group", All),
    ];

    private async ValueTask<Response> EntityAsync(Call call)
    {
        if (Check(call) is { } fault) return fault;
        var (identity, ct) = (kernel.Identity, call.Aborted);
        var entity = call switch
        {
            _ when call.Get(Name).Length > 0 => await identity.EntityNamedAsync(call.Get(Name), ct),
            _ when call.Get(Id).Length > 0 => await identity.EntityAsync(call.Get(Id), ct),
            _ => await EntityOfAsync(call.Get(AliasId).Length > 0
                ? await identity.AliasAsync(call.Get(AliasId), ct)
                : await identity.AliasOfAsync(call.Get(AliasAccessor), call.Get(AliasName), ct), ct),
        };
        return entity is null ? Response.None : await shapes.EntityAsync(entity, ct);
    }

    private async ValueTask<Entity?> EntityOfAsync(Alias? alias, CancellationToken ct) =>
        alias is null ? null : await kernel.Identity.EntityAsync(alias.CanonicalId, ct);

    private async ValueTask<Response> GroupAsync(Call call)
    {
        if (Check(call) is { } fault) return fault;
        var (identity, ct) = (kernel.Identity, call.Aborted);
        var group = call switch
        {
            _ when call.Get(Name).Length > 0 => await identity.GroupNamedAsync(call.Get(Name), ct),
            _ when call.Get(Id).Length > 0 => await identity.GroupAsync(call.Get(Id), ct),
            _ when call.Get(AliasId).Length > 0 => await identity.GroupWithAliasAsync(call.Get(AliasId), ct),
            _ => await identity.GroupOfAliasAsync(call.Get(AliasAccessor), call.Get(AliasName), ct),
        };
        return group is null ? Response.None : await shapes.GroupAsync(group, ct);
    }

    private static Fault? Check(Call call)
    {
        if (call.Get(AliasName).Length > 0 != call.Get(AliasAccessor).Length > 0)
            return Fault.Invalid("both 'alias_name' and 'alias_mount_accessor' needs to be set");
        var given = 0;
        foreach (var field in (Field<string>[])[Name, Id, AliasId, AliasName])
            if (call.Get(field).Length > 0) given++;
        return given switch
        {
            0 => Fault.Invalid("query parameter not supplied"),
            1 => null,
            _ => Fault.Invalid("query parameter conflict; please supply distinct set of query parameters"),
        };
    }
}
