using Kist.Kernel.Identity;
using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;

namespace Kist.Server.Engines.Identity;

/// <summary>The paths of <c>identity/group-alias</c>: the names of external groups in login methods.</summary>
internal sealed class GroupAliasRoutes(Unsealed kernel, IdentityShapes shapes)
{
    private static readonly Field<string> Id = Fields.Text("id", "The alias's id");
    private static readonly Field<string> Name = Fields.Text("name", "The group's name in the login method");
    private static readonly Field<string> Accessor = Fields.Text("mount_accessor", "The accessor of the login's mount");
    private static readonly Field<string> Canonical = Fields.Text("canonical_id", "The external group it stands for");

    private static readonly Field[] WriteFields = [Id, Name, Accessor, Canonical];

    public IReadOnlyList<Route> Routes =>
    [
        new(Operation.Update, "group-alias", WriteAsync, "Makes or changes a group's alias", WriteFields),
        new(Operation.List, "group-alias/id", ListAsync, "Lists the groups' aliases by id", IdentityShapes.After,
            IdentityShapes.Limit),
        new(Operation.Read, "group-alias/id/{id}", ReadAsync, "Reads a group's alias", Id),
        new(Operation.Update, "group-alias/id/{id}", WriteAsync, "Changes a group's alias", WriteFields),
        new(Operation.Delete, "group-alias/id/{id}", DeleteAsync, "Deletes a group's alias", Id),
    ];

    private async ValueTask<Response> WriteAsync(Call call)
    {
        var (alias, fault) = await kernel.Identity.WriteGroupAliasAsync(new AliasWish(
            call.Get(Id), call.Get(Name), call.Get(Accessor), call.Get(Canonical), null), call.Aborted);
        if (fault is not null) return fault;
        return Response.Json(json =>
        {
            json.WriteString("canonical_id", alias!.CanonicalId);
            json.WriteString("id", alias.Id);
        });
    }

    private async ValueTask<Response> ReadAsync(Call call) =>
        await FindAsync(call.Get(Id), call.Aborted) is { } alias ? shapes.OfAlias(alias) : Response.None;

    private async ValueTask<Response> DeleteAsync(Call call)
    {
        await kernel.Identity.DeleteGroupAliasAsync(call.Get(Id), call.Aborted);
        return Response.None;
    }

    private async ValueTask<Response> ListAsync(Call call)
    {
        var ids = await shapes.IdsAsync(call, IdentityKind.GroupAlias);
        var found = new Dictionary<string, Alias>();
        foreach (var id in ids)
            if (await FindAsync(id, call.Aborted) is { } alias) found[id] = alias;
        return IdentityShapes.Listed(ids, found, (json, alias) =>
        {
            json.WriteString("canonical_id", alias.CanonicalId);
            shapes.WriteAliasInfo(json, alias);
        });
    }

    private async ValueTask<Alias?> FindAsync(string id, CancellationToken ct) =>
        (await kernel.Identity.GroupWithAliasAsync(id, ct))?.Alias;
}
