using Kist.Kernel.Identity;
using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;

namespace Kist.Server.Engines.Identity;

/// <summary>The paths of <c>identity/group</c>.</summary>
internal sealed class GroupRoutes(Unsealed kernel, IdentityShapes shapes)
{
    private static readonly Field<string> Id = Fields.Text("id", "The group's id");
    private static readonly Field<string> Name = Fields.Text("name", "The group's name");
    private static readonly Field<string> Type = Fields.Text("type", "internal or external", "internal");
    private static readonly Field<IReadOnlyList<string>> Policies =
        Fields.List("policies", "Policies of all its members");
    private static readonly Field<IReadOnlyDictionary<string, string>> Metadata =
        Fields.Map("metadata", "What to keep about the group, for policy templates");
    private static readonly Field<IReadOnlyList<string>> Entities =
        Fields.List("member_entity_ids", "The entities that are in it");
    private static readonly Field<IReadOnlyList<string>> Groups =
        Fields.List("member_group_ids", "The groups that are in it");

    private static readonly Field[] WriteFields = [Id, Name, Type, Policies, Metadata, Entities, Groups];

    public IReadOnlyList<Route> Routes =>
    [
        new(Operation.Update, "group", WriteAsync, "Makes or changes a group", WriteFields),
        new(Operation.List, "group/id", ListAsync, "Lists the groups by id", IdentityShapes.After,
            IdentityShapes.Limit),
        new(Operation.Read, "group/id/{id}", ReadByIdAsync, "Reads a group", Id),
        new(Operation.Update, "group/id/{id}", WriteAsync, "Changes a group", WriteFields),
        new(Operation.Delete, "group/id/{id}", DeleteByIdAsync, "Deletes a group", Id),
        new(Operation.List, "group/name", ListNamesAsync, "Lists the groups by name", IdentityShapes.After,
            IdentityShapes.Limit),
        new(Operation.List, "group/name/{name...}", ListNamesAsync, "Lists the groups by name", Name,
            IdentityShapes.After,
            IdentityShapes.Limit),
        new(Operation.Read, "group/name/{name...}", ReadByNameAsync, "Reads a group", Name),
        new(Operation.Update, "group/name/{name...}", WriteAsync, "Makes or changes a group", WriteFields),
        new(Operation.Delete, "group/name/{name...}", DeleteByNameAsync, "Deletes a group", Name),
    ];

    private async ValueTask<Response> WriteAsync(Call call)
    {
        var (group, isNew, fault) = await kernel.Identity.WriteGroupAsync(new GroupWish(
            call.Get(Id), call.Get(Name), call.Has(Type) ? call.Get(Type) : null,
            call.Has(Policies) ? call.Get(Policies) : null, call.Has(Metadata) ? call.Get(Metadata) : null,
            call.Has(Entities) ? call.Get(Entities) : null, call.Has(Groups) ? call.Get(Groups) : null), call.Aborted);
        if (fault is not null) return fault;
        if (!isNew) return Response.None;
        return Response.Json(json =>
        {
            json.WriteString("id", group!.Id);
            json.WriteString("name", group.Name);
        });
    }

    private async ValueTask<Response> ReadByIdAsync(Call call) =>
        await kernel.Identity.GroupAsync(call.Get(Id), call.Aborted) is { } group
            ? await shapes.GroupAsync(group, call.Aborted)
            : Response.None;

    private async ValueTask<Response> ReadByNameAsync(Call call)
    {
        if (call.Get(Name).Length == 0) return Fault.UnsupportedOperation;
        return await kernel.Identity.GroupNamedAsync(call.Get(Name), call.Aborted) is { } group
            ? await shapes.GroupAsync(group, call.Aborted)
            : Response.None;
    }

    private async ValueTask<Response> DeleteByIdAsync(Call call)
    {
        await kernel.Identity.DeleteGroupAsync(call.Get(Id), call.Aborted);
        return Response.None;
    }

    private async ValueTask<Response> DeleteByNameAsync(Call call)
    {
        if (call.Get(Name).Length == 0) return Fault.UnsupportedOperation;
        if (await kernel.Identity.GroupNamedAsync(call.Get(Name), call.Aborted) is { } group)
            await kernel.Identity.DeleteGroupAsync(group.Id, call.Aborted);
        return Response.None;
    }

    private async ValueTask<Response> ListNamesAsync(Call call) =>
        call.PathBelowMount is "group/name" or "group/name/"
            ? await shapes.NamesAsync(call, IdentityKind.Group)
            : Fault.UnsupportedOperation;

    private async ValueTask<Response> ListAsync(Call call)
    {
        var ids = await shapes.IdsAsync(call, IdentityKind.Group);
        var found = new Dictionary<string, (Group Group, int Members)>();
        foreach (var id in ids)
            if (await kernel.Identity.GroupAsync(id, call.Aborted) is { } group)
                found[id] = (group, (await kernel.Identity.MembersOfAsync(id, call.Aborted)).Count);
        return IdentityShapes.Listed(ids, found, (json, one) =>
        {
            if (one.Group.Alias is { } alias)
            {
                json.WriteStartObject("alias");
                json.WriteString("id", alias.Id);
                shapes.WriteAliasInfo(json, alias);
                json.WriteEndObject();
            }
            json.WriteString("name", one.Group.Name);
            json.WriteNumber("num_member_entities", one.Members);
            json.WriteNumber("num_parent_groups", one.Group.ParentIds?.Count ?? 0);
        });
    }
}
