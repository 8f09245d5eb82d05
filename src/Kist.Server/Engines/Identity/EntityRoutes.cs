using Kist.Kernel.Identity;
using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;

namespace Kist.Server.Engines.Identity;

/// <summary>The paths of <c>identity/entity</c>.</summary>
internal sealed class EntityRoutes(Unsealed kernel, IdentityShapes shapes)
{
    private static readonly Field<string> Id = Fields.Text("id", "The entity's id");
    private static readonly Field<string> Name = Fields.Text("name", "The entity's name");
    private static readonly Field<IReadOnlyDictionary<string, string>> Metadata =
        Fields.Map("metadata", "What to keep about the entity, for policy templates");
    private static readonly Field<IReadOnlyList<string>> Policies =
        Fields.List("policies", "Policies of all tokens of the entity");
    private static readonly Field<bool> Disabled =
        Fields.Flag("disabled", "Whether the entity's tokens may do nothing");
    private static readonly Field<IReadOnlyList<string>> Ids = Fields.List("entity_ids", "Entities to delete");
    private static readonly Field<IReadOnlyList<string>> From =
        Fields.List("from_entity_ids", "Entities that become part of another one");
    private static readonly Field<string> To = Fields.Text("to_entity_id", "The entity that takes them in");
    private static readonly Field<bool> Force =
        Fields.Flag("force", "Kept for clients; the target's own settings always stay");
    private static readonly Field<IReadOnlyList<string>> Keep =
        Fields.List("conflicting_alias_ids_to_keep", "Which of two aliases on one mount stays; "
            + "without it both do");

    private static readonly Field[] WriteFields = [Id, Name, Metadata, Policies, Disabled];

    public IReadOnlyList<Route> Routes =>
    [
        new(Operation.Update, "entity", WriteAsync, "Makes or changes an entity", WriteFields),
        new(Operation.List, "entity/id", ListAsync, "Lists the entities by id", IdentityShapes.After,
            IdentityShapes.Limit),
        new(Operation.Read, "entity/id/{id}", ReadByIdAsync, "Reads an entity", Id),
        new(Operation.Update, "entity/id/{id}", WriteAsync, "Changes an entity", WriteFields),
        new(Operation.Delete, "entity/id/{id}", DeleteByIdAsync, "Deletes an entity", Id),
        new(Operation.List, "entity/name", ListNamesAsync, "Lists the entities by name", IdentityShapes.After,
            IdentityShapes.Limit),
        new(Operation.List, "entity/name/{name...}", ListNamesAsync, "Lists the entities by name", Name,
            IdentityShapes.After, IdentityShapes.Limit),
        new(Operation.Read, "entity/name/{name...}", ReadByNameAsync, "Reads an entity", Name),
        new(Operation.Update, "entity/name/{name...}", WriteAsync, "Makes or changes an entity", WriteFields),
        new(Operation.Delete, "entity/name/{name...}", DeleteByNameAsync, "Deletes an entity", Name),
        new(Operation.Update, "entity/batch-delete", DeleteManyAsync, "Deletes entities", Ids),
        new(Operation.Update, "entity/merge", MergeAsync, "Makes entities part of another one", From, To, Force, Keep),
    ];

    private async ValueTask<Response> WriteAsync(Call call)
    {
        var (entity, isNew, fault) = await kernel.Identity.WriteEntityAsync(new EntityWish(
            call.Get(Id), call.Get(Name), call.Has(Metadata) ? call.Get(Metadata) : null,
            call.Has(Policies) ? call.Get(Policies) : null, call.Has(Disabled) ? call.Get(Disabled) : null),
            call.Aborted);
        if (fault is not null) return fault;
        if (!isNew) return Response.None;
        return Response.Json(json =>
        {
            json.WriteNull("aliases");
            json.WriteString("id", entity!.Id);
            json.WriteString("name", entity.Name);
        });
    }

    private async ValueTask<Response> ReadByIdAsync(Call call) =>
        await kernel.Identity.EntityAsync(call.Get(Id), call.Aborted) is { } entity
            ? await shapes.EntityAsync(entity, call.Aborted)
            : Response.None;

    private async ValueTask<Response> ReadByNameAsync(Call call)
    {
        if (call.Get(Name).Length == 0) return Fault.UnsupportedOperation;
        return await kernel.Identity.EntityNamedAsync(call.Get(Name), call.Aborted) is { } entity
            ? await shapes.EntityAsync(entity, call.Aborted)
            : Response.None;
    }

    private async ValueTask<Response> DeleteByIdAsync(Call call)
    {
        await kernel.Identity.DeleteEntityAsync(call.Get(Id), call.Aborted);
        return Response.None;
    }

    private async ValueTask<Response> DeleteByNameAsync(Call call)
    {
        if (call.Get(Name).Length == 0) return Fault.UnsupportedOperation;
        if (await kernel.Identity.EntityNamedAsync(call.Get(Name), call.Aborted) is { } entity)
            await kernel.Identity.DeleteEntityAsync(entity.Id, call.Aborted);
        return Response.None;
    }

    private async ValueTask<Response> DeleteManyAsync(Call call)
    {
        if (call.Get(Ids).Count == 0) return Fault.Invalid("missing entity ids to delete");
        foreach (var id in call.Get(Ids)) await kernel.Identity.DeleteEntityAsync(id, call.Aborted);
        return Response.None;
    }

    private async ValueTask<Response> MergeAsync(Call call)
    {
        if (call.Get(From).Count == 0) return Fault.Invalid("missing entity id to merge from");
        if (call.Get(To).Length == 0) return Fault.Invalid("missing entity id to merge to");
        return await kernel.Identity.MergeAsync(call.Get(To), call.Get(From), call.Get(Keep), call.Aborted) is { } fault
            ? fault
            : Response.None;
    }

    private async ValueTask<Response> ListNamesAsync(Call call) =>
        call.PathBelowMount is "entity/name" or "entity/name/"
            ? await shapes.NamesAsync(call, IdentityKind.Entity)
            : Fault.UnsupportedOperation;

    private async ValueTask<Response> ListAsync(Call call)
    {
        var ids = await shapes.IdsAsync(call, IdentityKind.Entity);
        var found = new Dictionary<string, (Entity Entity, List<Alias> Aliases)>();
        foreach (var id in ids)
        {
            if (await kernel.Identity.EntityAsync(id, call.Aborted) is not { } entity) continue;
            var aliases = new List<Alias>();
            foreach (var aliasId in entity.AliasIds)
                if (await kernel.Identity.AliasAsync(aliasId, call.Aborted) is { } alias) aliases.Add(alias);
            found[id] = (entity, aliases);
        }
        return IdentityShapes.Listed(ids, found, (json, one) =>
        {
            json.WriteString("name", one.Entity.Name);
            if (one.Aliases.Count == 0) return;
            json.WriteStartArray("aliases");
            foreach (var alias in one.Aliases)
            {
                json.WriteStartObject();
                json.WriteString("id", alias.Id);
                shapes.WriteAliasInfo(json, alias);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        });
    }
}
