using System.Text.Json;
using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;
using Kist.Kernel.Tokens;

namespace Kist.Server.Logins.Token;

/// <summary>Looking up tokens: by text, by accessor, one's own; and the list of accessors.</summary>
internal sealed class TokenLookup(Unsealed kernel)
{
    private static readonly Field<string> Token = Fields.Text("token", "The token; by default the caller's own");
    private static readonly Field<string> Accessor = Fields.Text("accessor", "The token's accessor");
    private static readonly Field<string> After = Fields.Text("after", "List names after this one");
    private static readonly Field<long> Limit = Fields.Number("limit", "List at most so many names");

    public IReadOnlyList<Route> Routes =>
    [
        new(Operation.Read, "lookup", LookupAsync, "Looks up a token", Token),
        new(Operation.Update, "lookup", LookupAsync, "Looks up a token", Token),
        new(Operation.Read, "lookup/{token}", LookupAsync, "Looks up a token", Token),
        new(Operation.Update, "lookup/{token}", LookupAsync, "Looks up a token", Token),
        new(Operation.Read, "lookup-self", LookupSelfAsync, "Looks up the caller's token"),
        new(Operation.Update, "lookup-self", LookupSelfAsync, "Looks up the caller's token"),
        new(Operation.Update, "lookup-accessor", LookupAccessorAsync, "Looks up a token by its accessor", Accessor),
        new(Operation.Update, "lookup-accessor/{accessor}", LookupAccessorAsync, "Looks up a token by its accessor",
            Accessor),
        new(Operation.List, "accessors/", ListAsync, "Lists the accessors of all tokens", After, Limit)
        {
            Access = Access.Sudo,
        },
        // Nothing is read here, but whether that is so is told to those only who may list.
        new(Operation.Read, "accessors", _ => new(Fault.UnsupportedPath), "Nothing: accessors are listed")
        {
            Access = Access.Sudo,
        },
    ];

    private async ValueTask<Response> LookupAsync(Call call)
    {
        var text = call.Get(Token);
        if (text.Length == 0 || text == call.Request.Token) return await LookupSelfAsync(call);
        if (await kernel.Tokens.LookupAsync(text, call.Aborted) is not { } entry)
            return new Fault(FaultKind.Denied, "bad token");
        return await ShowAsync(entry, text, call.Aborted);
    }

    /// <summary>Reads the entry anew: the cached caller may be a use older.</summary>
    private async ValueTask<Response> LookupSelfAsync(Call call)
    {
        var entry = call.Caller.Entry!;
        if (entry.NumUses != 0) entry = await kernel.Tokens.ReadAsync(entry.Hash, call.Aborted) ?? entry;
        return await ShowAsync(entry, call.Request.Token!, call.Aborted);
    }

    private async ValueTask<Response> LookupAccessorAsync(Call call)
    {
        if (call.Get(Accessor).Length == 0) return Fault.ListedInvalid("missing accessor");
        if (await kernel.Tokens.LookupAccessorAsync(call.Get(Accessor), call.Aborted) is not { } entry)
            return Fault.ListedInvalid("invalid accessor");
        return await ShowAsync(entry, "", call.Aborted);
    }

    private async ValueTask<Response> ListAsync(Call call)
    {
        var accessors = await kernel.Tokens.AccessorsAsync(call.Get(After), (int)call.Get(Limit), call.Aborted);
        return accessors.Count == 0 ? Response.None : Response.Json(json =>
        {
            json.WriteStartArray("keys");
            foreach (var accessor in accessors) json.WriteStringValue(accessor);
            json.WriteEndArray();
        });
    }

    private async ValueTask<Response> ShowAsync(TokenEntry entry, string text, CancellationToken ct)
    {
        var identity = entry.NoIdentityPolicies ? null : await kernel.Identity.ViewAsync(entry.EntityId, ct);
        var now = kernel.Clock.GetUtcNow();
        return Response.Json(json => Write(json, entry, text, identity?.Policies ?? [], now));
    }

    private static void Write(Utf8JsonWriter json, TokenEntry entry, string text, IReadOnlyList<string> ofIdentity,
        DateTimeOffset now)
    {
        json.WriteString("accessor", entry.Accessor);
        if (entry.BoundCidrs.Count > 0) Texts(json, "bound_cidrs", entry.BoundCidrs);
        json.WriteNumber("creation_time", entry.IssueTime.ToUnixTimeSeconds());
        json.WriteNumber("creation_ttl", Seconds(entry.CreationTtl));
        json.WriteString("display_name", entry.DisplayName);
        json.WriteString("entity_id", entry.EntityId);
        if (entry.ExpireTime is { } end) json.WriteString("expire_time", GoTime.Format(end));
        else json.WriteNull("expire_time");
        json.WriteNumber("explicit_max_ttl", Seconds(entry.ExplicitMaxTtl));
        if (ofIdentity.Count > 0)
        {
            json.WriteStartObject("external_namespace_policies");
            json.WriteEndObject();
        }
        json.WriteString("id", text);
        if (ofIdentity.Count > 0) Texts(json, "identity_policies", ofIdentity);
        json.WriteString("issue_time", GoTime.Format(entry.IssueTime));
        if (entry.LastRenewal is { } renewal)
        {
            json.WriteString("last_renewal", GoTime.Format(renewal));
            json.WriteNumber("last_renewal_time", renewal.ToUnixTimeSeconds());
        }
        WriteMeta(json, entry.Metadata);
        // A token in its last use, about to be revoked, shows Vault's marker.
        json.WriteNumber("num_uses", Math.Max(entry.NumUses, -1));
        json.WriteBoolean("orphan", entry.IsOrphan);
        json.WriteString("path", entry.Path);
        if (entry.Period > TimeSpan.Zero) json.WriteNumber("period", Seconds(entry.Period));
        Texts(json, "policies", entry.Policies);
        json.WriteBoolean("renewable", entry.Renewable);
        if (entry.Role.Length > 0) json.WriteString("role", entry.Role);
        json.WriteNumber("ttl", (long)entry.RemainingAt(now).TotalSeconds);
        json.WriteString("type", entry.Type is TokenType.Batch ? "batch" : "service");
    }

    private static void WriteMeta(Utf8JsonWriter json, IReadOnlyDictionary<string, string>? meta)
    {
        if (meta is null)
        {
            json.WriteNull("meta");
            return;
        }
        json.WriteStartObject("meta");
        foreach (var (key, value) in meta.OrderBy(p => p.Key, StringComparer.Ordinal)) json.WriteString(key, value);
        json.WriteEndObject();
    }

    private static long Seconds(TimeSpan time) => (long)time.TotalSeconds;

    private static void Texts(Utf8JsonWriter json, string name, IReadOnlyList<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts) json.WriteStringValue(text);
        json.WriteEndArray();
    }
}
