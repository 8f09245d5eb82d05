using Kist.Kernel.Identity;
using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;

namespace Kist.Server.Engines.Identity;

/// <summary>
/// The paths of <c>identity/entity-alias</c>, which answer under their older names <c>alias</c> and <c>persona</c> too.
/// </summary>
internal sealed class AliasRoutes(Unsealed kernel, IdentityShapes shapes)
{
    private static readonly Field<string> Id = Fields.Text("id", "The alias's id");
    private static readonly Field<string> Name = Fields.Text("name", "The name in the login method");
    private static readonly Field<string> Accessor = Fields.Text("mount_accessor", "The accessor of the login's mount");
    private static readonly Field<string> Canonical = Fields.Text("canonical_id", "The entity it stands for");
    private static readonly Field<string> OldCanonical = Fields.Text("entity_id", "Old name of canonical_id");
    private static readonly Field<IReadOnlyDictionary<string, string>> Custom =
        Fields.Map("custom_metadata", "What to keep about the alias, for policy templates");

    private static readonly Field[] WriteFields = [Id, Name, Accessor, Canonical, OldCanonical, Custom];

    public IReadOnlyList<Route> Routes => [.. Under("entity-alias"), .. Under("alias"), .. Under("persona")];

    private IReadOnlyList<Route> Under(string folder) =>
    [
        new(Operation.Update, folder, WriteAsync, "Makes or changes an alias", WriteFields),
        new(Operation.List, folder + "/id", ListAsync, "Lists the aliases by id", IdentityShapes.After,
            IdentityShapes.Limit),
        new(Operation.Read, folder + "/id/{id}", ReadAsync, "Reads an alias", Id),
        new(Operation.Update, folder + "/id/{id}", WriteAsync, "Changes an alias", WriteFields),
        new(Operation.Delete, folder + "/id/{id}", DeleteAsync, "Deletes an alias", Id),
    ];

    private async ValueTask<Response> WriteAsync(Call call)
    {
        var canonical = call.Get(Canonical).Length > 0 ? call.Get(Canonical) : call.Get(OldCanonical);
        var (alias, fault) = await kernel.Identity.WriteAliasAsync(new AliasWish(call.Get(Id), call.Get(Name),
            call.Get(Accessor), canonical, call.Has(Custom) ? call.Get(Custom) : null), call.Aborted);
        if (fault is not null) return fault;
        if (alias is null) return Response.None;
        return Response.Json(json =>
        {
            json.WriteString("canonical_id", alias.CanonicalId);
            json.WriteString("id", alias.Id);
        });
    }

    private async ValueTask<Response> ReadAsync(Call call) =>
        await kernel.Identity.AliasAsync(call.Get(Id), call.Aborted) is { } alias
            ? shapes.OfAlias(alias)
            : Response.None;

    private async ValueTask<Response> DeleteAsync(Call call)
    {
        await kernel.Identity.DeleteAliasAsync(call.Get(Id), call.Aborted);
        return Response.None;
    }

    private async ValueTask<Response> ListAsync(Call call)
    {
        var ids = await shapes.IdsAsync(call, IdentityKind.Alias);
        var found = new Dictionary<string, Alias>();
        foreach (var id in ids)
            if (await kernel.Identity.AliasAsync(id, call.Aborted) is { } alias) found[id] = alias;
        return IdentityShapes.Listed(ids, found, (json, alias) =>
        {
            json.WriteString("canonical_id", alias.CanonicalId);
            shapes.WriteAliasInfo(json, alias);
        });
    }
}
