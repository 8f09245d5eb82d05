using System.Text.Json;
using Kist.Kernel.Leases;
using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;
using Kist.Kernel.Tokens;

namespace Kist.Server.Logins.Token;

/// <summary>
/// <c>auth/token/create</c>, <c>create-orphan</c> and <c>create/ROLE</c>. The steps stand in the order in which Vault
/// takes them, because that decides which error a client sees.
/// </summary>
internal sealed class TokenCreation(Unsealed kernel, TokenRoles roles)
{
    private static readonly Field<string> RoleName = Fields.Text("role_name", "Name of the role");
    private static readonly Field<string> Id = Fields.Text("id", "The token's text, chosen (needs sudo)");
    private static readonly Field<IReadOnlyList<string>> Policies = Fields.Texts("policies", "Policies of the token");
    private static readonly Field<ReadOnlyMemory<byte>> Meta =
        Fields.Json("meta", "What to keep about the token: texts by name");
    private static readonly Field<bool> NoParent = Fields.Flag("no_parent", "Whether it has no parent (needs sudo)");
    private static readonly Field<bool> NoDefault =
        Fields.Flag("no_default_policy", "Whether to leave out the policy default");
    private static readonly Field<bool> Renewable =
        Fields.FlagUnlessNull("renewable", "Whether it can be renewed");
    private static readonly Field<TimeSpan> Lease = Fields.Duration("lease", "Old name of ttl");
    private static readonly Field<TimeSpan> Ttl = Fields.Duration("ttl", "How long it lives");
    private static readonly Field<string> Type = Fields.Text("type", "service or batch");
    private static readonly Field<TimeSpan> ExplicitMax = Fields.Duration("explicit_max_ttl", "A hard end");
    private static readonly Field<string> DisplayName = Fields.Text("display_name", "Its name in audit and look-ups");
    private static readonly Field<long> NumUses = Fields.Number("num_uses", "How often it may be used; 0: any number");
    private static readonly Field<TimeSpan> Period =
        Fields.Duration("period", "Period of a periodic token (needs sudo)");
    private static readonly Field<string> EntityAlias =
        Fields.Text("entity_alias", "The entity alias behind it (needs a role)");

    private static readonly Field[] All =
    [
        RoleName, Id, Policies, Meta, NoParent, NoDefault, Renewable, Lease, Ttl, Type, ExplicitMax, DisplayName,
            NumUses,
        Period, EntityAlias,
    ];

    public IReadOnlyList<Route> Routes =>
    [
        new(Operation.Update, "create", call => CreateAsync(call, null, orphan: false), "Makes a token", All),
        new(Operation.Update, "create-orphan", call =>
            CreateAsync(call, null, orphan: true), "Makes a token without a parent",
            All),
        new(Operation.Update, "create/{role_name}", CreateFromRoleAsync, "Makes a token from a role", All),
    ];

    private async ValueTask<Response> CreateFromRoleAsync(Call call)
    {
        if (await roles.FindAsync(call.Get(RoleName), call.Aborted) is not { } role)
            return Fault.Invalid($"unknown role {call.Get(RoleName)}");
        return await CreateAsync(call, role, orphan: false);
    }

    private async ValueTask<Response> CreateAsync(Call call, TokenRole? role, bool orphan)
    {
        var parent = call.Caller.Entry!;
        if (parent.Type is TokenType.Batch) return Fault.Invalid("batch tokens cannot create more tokens");
        if (parent.NumUses > 0) return Fault.Invalid("restricted use token cannot generate child tokens");
        var isSudo = call.Caller.Acl.Check(call.Request.Operation, call.Request.Path.Value).Sudo;
        if (CheckFields(call, isSudo, role) is { } wrong) return wrong;
        var (metadata, badMeta) = ReadMeta(call.Get(Meta));
        if (badMeta is not null) return badMeta;
        var (entityId, badAlias) = await ResolveAliasAsync(call, role);
        if (badAlias is not null) return badAlias;
        var type = TypeOf(call.Get(Type), role);
        if (type is null) return Fault.Invalid("invalid 'token_type' value");
        if (type is TokenType.Batch && BatchRefusal(call) is { } notForBatch) return notForBatch;

        var (policies, refused) = TokenPolicies.Choose(call.Get(Policies), call.Get(NoDefault), role, parent, isSudo);
        if (refused is not null) return refused;
        if (policies.Contains("root")
            && type is TokenType.Batch) return Fault.Invalid("batch tokens cannot be root tokens");
        if (role is null && call.Get(NoParent) && !isSudo)
            return Fault.Invalid("root or sudo privileges required to create orphan token");
        if (call.Get(Period) > TimeSpan.Zero && !isSudo)
            return Fault.Invalid("root or sudo privileges required to create periodic token");

        var isOrphan = role?.Orphan ?? (call.Get(NoParent) || orphan);
        var warnings = new List<string>();
        var (ttl, period) = LifeOf(call, role, type.Value, policies, warnings);
        if (ttl == TimeSpan.Zero && parent.ExpireTime is not null)
            return Fault.Invalid("expiring root tokens cannot create non-expiring root tokens");
        var entry = new TokenEntry
        {
            Type = type.Value,
            Parent = isOrphan ? "" : parent.Hash,
            Policies = policies,
            Path = call.Request.Path.Value + (role is { PathSuffix.Length: > 0 } ? "/" + role.PathSuffix : ""),
            Metadata = metadata,
            DisplayName = NameOf(call.Get(DisplayName)),
            Role = role?.Name ?? "",
            EntityId = entityId ?? (isOrphan ? "" : parent.EntityId),
            BoundCidrs = ttl == TimeSpan.Zero ? [] : role is not null ? role.BoundCidrs : isOrphan ? []
                : parent.BoundCidrs,
            NumUses = UsesOf(call, role, type.Value),
            ExplicitMaxTtl = call.Get(ExplicitMax),
            Period = period,
            Renewable = ttl > TimeSpan.Zero && type is TokenType.Service && call.Get(Renewable)
                && role is not { NotRenewable: true },
            MountUuid = call.Mount.Entry.Uuid,
        };
        if (call.Has(Id) && call.Get(Id).Length > 0)
            warnings.Add("A custom token ID is only as hard to guess as its text; let the server make it instead.");
        var (token, fault) = await kernel.Tokens.CreateAsync(entry, ttl, call.Get(Id) is { Length: > 0 } id ? id : null,
            call.Aborted);
        if (fault is not null) return fault;
        foreach (var policy in policies)
            if (await kernel.Policies.GetAsync(policy, call.Aborted) is null)
                warnings.Add($"Policy \"{policy}\" does not exist");
        return new Response { Token = token, Warnings = warnings.Count == 0 ? null : warnings };
    }

    private static Fault? CheckFields(Call call, bool isSudo, TokenRole? role)
    {
        if (call.Get(NumUses) < 0) return Fault.Invalid("number of uses cannot be negative");
        if (call.Get(NumUses) > int.MaxValue) return Fault.Invalid("number of uses is too large");
        if (call.Get(EntityAlias).Length > 0 && role is null)
            return Fault.Invalid("'entity_alias' is only allowed in combination with token role");
        foreach (var field in (Field<TimeSpan>[])[ExplicitMax, Period, Ttl, Lease])
            if (call.Get(field) < TimeSpan.Zero) return Fault.Invalid($"{field.Name} must be positive");
        if (call.Get(Id) is not { Length: > 0 } id) return null;
        if (!isSudo) return Fault.Invalid("root or sudo privileges required to specify token id");
        foreach (var prefix in (string[])["s.", TokenText.ServicePrefix, TokenText.BatchPrefix])
            if (id.StartsWith(prefix, StringComparison.Ordinal))
                return Fault.Invalid($"custom token ID cannot have the '{prefix}' prefix");
        if (id.Contains('.')) return Fault.Invalid("custom token ID cannot have a '.' in the value");
        return id.Length > 256 || id.Any(char.IsControl)
            ? Fault.Invalid("custom token ID is too long or has control characters")
            : null;
    }

    private static Fault? BatchRefusal(Call call)
    {
        foreach (var (field, set) in ((string, bool)[])
            [("explicit_max_ttl", call.Get(ExplicitMax) != default), ("num_uses", call.Get(NumUses) != 0),
                ("period", call.Get(Period) != default)])
            if (set) return Fault.Invalid($"batch tokens cannot have \"{field}\" set");
        return null;
    }

    private static TokenType? TypeOf(string asked, TokenRole? role)
    {
        TokenType? type = asked switch
        {
            "service" => TokenType.Service,
            "batch" => TokenType.Batch,
            "" => role is { TokenType: "default-batch" } ? TokenType.Batch : TokenType.Service,
            _ => null,
        };
        return type is null ? null : role?.TokenType switch
        {
            "service" => TokenType.Service,
            "batch" => TokenType.Batch,
            _ => type,
        };
    }

    private static int UsesOf(Call call, TokenRole? role, TokenType type)
    {
        if (type is TokenType.Batch) return 0;
        var asked = (int)call.Get(NumUses);
        if (role is not { NumUses: > 0 }) return asked;
        return asked == 0 ? role.NumUses : Math.Min(asked, role.NumUses);
    }

    private (TimeSpan Ttl, TimeSpan Period) LifeOf(
        Call call, TokenRole? role, TokenType type, IReadOnlyList<string> policies, List<string> warnings)
    {
        var asked = call.Get(Ttl) > TimeSpan.Zero ? call.Get(Ttl) : call.Get(Lease);
        var (hardEnd, period) = (call.Get(ExplicitMax), call.Get(Period));
        if (role is not null && type is TokenType.Service)
        {
            hardEnd = Lesser(hardEnd, role.ExplicitMaxTtl, "Explicit max TTL", warnings);
            period = Lesser(period, role.Period, "Period", warnings);
        }
        var isRoot = policies.Contains("root");
        if (period == TimeSpan.Zero && asked == TimeSpan.Zero && isRoot) return (hardEnd, call.Get(Period));
        var now = kernel.Clock.GetUtcNow();
        var ttl = new TtlRule
        {
            RoleTtl = asked, Period = period, ExplicitMaxTtl = hardEnd, Start = now,
            MountDefault = kernel.Mounts.DefaultTtl(call.Mount.Entry),
                MountMax = kernel.Mounts.MaxTtl(call.Mount.Entry),
        }.Decide(now, warnings);
        return (ttl, call.Get(Period));
    }

    private static TimeSpan Lesser(TimeSpan asked, TimeSpan ofRole, string what, List<string> warnings)
    {
        if (ofRole == TimeSpan.Zero) return asked;
        if (asked == TimeSpan.Zero) return ofRole;
        var lesser = asked < ofRole ? asked : ofRole;
        warnings.Add($"{what} specified both during creation call and in role; using the lesser value of "
            + $"{(long)lesser.TotalSeconds} seconds");
        return lesser;
    }

    /// <summary>Letters, digits and dashes only, as the name goes into audit lines and lease paths.</summary>
    private static string NameOf(string asked)
    {
        if (asked.Length == 0) return "token";
        var name = string.Create(asked.Length, asked, static (span, text) =>
        {
            for (var i = 0; i < text.Length; i++) span[i] = char.IsAsciiLetterOrDigit(text[i]) ? text[i] : '-';
        });
        while (name.Contains("--", StringComparison.Ordinal)) name = name.Replace("--", "-", StringComparison.Ordinal);
        return ("token-" + name).TrimEnd('-');
    }

    private static (IReadOnlyDictionary<string, string>? Meta, Fault? Fault) ReadMeta(ReadOnlyMemory<byte> json)
    {
        if (json.IsEmpty) return (null, null);
        using var document = JsonDocument.Parse(json);
        var kind = document.RootElement.ValueKind;
        if (kind is JsonValueKind.Null) return (null, null);
        if (kind is not JsonValueKind.Object)
            return (null, Fault.Invalid("Error decoding request: 1 error(s) decoding:\n\n* 'meta' expected a map, got "
                + $"'{(kind is JsonValueKind.String ? "string" : kind is JsonValueKind.Array ? "slice" : "other")}'"));
        var map = new Dictionary<string, string>();
        foreach (var property in document.RootElement.EnumerateObject())
        {
            if (property.Value.ValueKind is JsonValueKind.Object or JsonValueKind.Array)
                return (null, Fault.Invalid(
                    $"Error decoding request: 1 error(s) decoding:\n\n* 'meta[{property.Name}]' expected "
                    + $"type 'string', got unconvertible type"));
            map[property.Name] = property.Value.ValueKind switch
            {
                JsonValueKind.String => property.Value.GetString()!,
                JsonValueKind.True => "1",
                JsonValueKind.False => "0",
                JsonValueKind.Null => "",
                _ => property.Value.GetRawText(),
            };
        }
        return (map.Count == 0 ? null : map, null);
    }

    private async ValueTask<(string? EntityId, Fault? Fault)> ResolveAliasAsync(Call call, TokenRole? role)
    {
        var alias = call.Get(EntityAlias).ToLowerInvariant();
        if (alias.Length == 0) return (null, null);
        if (!(role!.AllowedEntityAliases ?? []).Any(pattern => TokenPolicies.Fits(pattern, alias)))
            return (null, Fault.Invalid("invalid 'entity_alias' value"));
        var (id, fault) = await kernel.Identity.LoginAsync(call.Mount, new LoginAlias(alias), [], call.Aborted);
        return (id, fault);
    }
}
