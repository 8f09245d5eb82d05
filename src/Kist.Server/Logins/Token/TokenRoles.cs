using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Kist.Kernel.Barrier;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;
using Kist.Kernel.Tokens;

namespace Kist.Server.Logins.Token;

/// <summary>The paths of <c>auth/token/roles</c>.</summary>
internal sealed partial class TokenRoles(EngineContext context)
{
    private static readonly Field<string> Name = Fields.Text("role_name", "Name of the role");
    private static readonly Field<IReadOnlyList<string>> Allowed =
        Fields.List("allowed_policies", "Policies that tokens of this role may have");
    private static readonly Field<IReadOnlyList<string>> Disallowed =
        Fields.List("disallowed_policies", "Policies that tokens of this role may not have");
    private static readonly Field<IReadOnlyList<string>> AllowedGlob =
        Fields.List("allowed_policies_glob", "Patterns of policies that tokens of this role may have");
    private static readonly Field<IReadOnlyList<string>> DisallowedGlob =
        Fields.List("disallowed_policies_glob", "Patterns of policies that tokens of this role may not have");
    private static readonly Field<IReadOnlyList<string>> Aliases =
        Fields.List("allowed_entity_aliases", "Entity aliases that may be named when a token is made");
    private static readonly Field<bool> Orphan = Fields.Flag("orphan", "Whether tokens have no parent");
    private static readonly Field<bool> Renewable = Fields.Flag("renewable", "Whether tokens can be renewed", true);
    private static readonly Field<string> Suffix = Fields.Text("path_suffix", "Appended to the path of tokens");
    private static readonly Field<TimeSpan> OldPeriod = Fields.Duration("period", "Old name of token_period");
    private static readonly Field<TimeSpan> Period = Fields.Duration("token_period", "Period of periodic tokens");
    private static readonly Field<TimeSpan> OldMax =
        Fields.Duration("explicit_max_ttl", "Old name of token_explicit_max_ttl");
    private static readonly Field<TimeSpan> Max = Fields.Duration("token_explicit_max_ttl", "Hard end of tokens");
    private static readonly Field<IReadOnlyList<string>> OldCidrs =
        Fields.List("bound_cidrs", "Old name of token_bound_cidrs");
    private static readonly Field<IReadOnlyList<string>> Cidrs =
        Fields.List("token_bound_cidrs", "Addresses that tokens may be used from");
    private static readonly Field<long> Uses = Fields.Number("token_num_uses", "How often tokens may be used");
    private static readonly Field<bool> NoDefault =
        Fields.Flag("token_no_default_policy", "Whether tokens do not get the policy default");
    private static readonly Field<string> Type =
        Fields.Text("token_type", "service, batch, default-service or default-batch", "default-service");
    private static readonly Field<string> After = Fields.Text("after", "List names after this one");
    private static readonly Field<long> Limit = Fields.Number("limit", "List at most so many names");

    private readonly Storage _storage = context.Storage.Sub("role/");

    private static readonly Field[] WriteFields =
    [
        Name, Allowed, Disallowed, AllowedGlob, DisallowedGlob, Aliases, Orphan, Renewable, Suffix, OldPeriod, Period,
        OldMax, Max, OldCidrs, Cidrs, Uses, NoDefault, Type,
    ];

    public IReadOnlyList<Route> Routes =>
    [
        new(Operation.List, "roles", ListAsync, "Lists the token roles", After, Limit),
        new(Operation.Read, "roles/{role_name}", ReadAsync, "Reads a token role", Name),
        new(Operation.Update, "roles/{role_name}", WriteAsync, "Writes a token role", WriteFields)
        {
            Exists = async probe => await FindAsync(probe.Captures[0], probe.Aborted) is not null,
        },
        new(Operation.Delete, "roles/{role_name}", DeleteAsync, "Deletes a token role", Name),
    ];

    public async ValueTask<TokenRole?> FindAsync(string name, CancellationToken ct)
    {
        using var plain = await _storage.GetAsync(name, ct);
        return plain is null ? null : JsonSerializer.Deserialize(plain.Span, TokenRoleJson.Default.TokenRole);
    }

    private async ValueTask<Response> ListAsync(Call call)
    {
        var names = await _storage.ListAsync("", call.Get(After), (int)call.Get(Limit), call.Aborted);
        return names.Count == 0 ? Response.None : Response.Json(json => Texts(json, "keys", names));
    }

    private async ValueTask<Response> ReadAsync(Call call)
    {
        if (await FindAsync(call.Get(Name), call.Aborted) is not { } role) return Response.None;
        return Response.Json(json => Write(json, role));
    }

    private async ValueTask<Response> DeleteAsync(Call call)
    {
        await _storage.DeleteAsync(call.Get(Name), call.Aborted);
        return Response.None;
    }

    private async ValueTask<Response> WriteAsync(Call call)
    {
        var name = call.Get(Name);
        var (role, fault, warnings) = Apply(call, await FindAsync(name, call.Aborted) ?? new TokenRole { Name = name });
        if (fault is not null) return fault;
        var longest = context.Kernel.Mounts.MaxTtl(call.Mount.Entry);
        if (role.ExplicitMaxTtl > longest) warnings.Add(string.Create(CultureInfo.InvariantCulture,
            $"The explicit max TTL of {role.ExplicitMaxTtl.TotalSeconds} seconds is beyond what the mount allows, "
            + $"{longest.TotalSeconds} seconds; tokens of this role live no longer than that"));
        await _storage.PutAsync(name, JsonSerializer.SerializeToUtf8Bytes(role, TokenRoleJson.Default.TokenRole),
            call.Aborted);
        return warnings.Count == 0 ? Response.None : new Response { Warnings = warnings };
    }

    private static (TokenRole Role, Fault? Fault, List<string> Warnings) Apply(Call call, TokenRole role)
    {
        var warnings = new List<string>();
        if (call.Has(Allowed)) role = role with { AllowedPolicies = PolicyNames.Clean(call.Get(Allowed), false) };
        if (call.Has(Disallowed)) role =
            role with { DisallowedPolicies = PolicyNames.Clean(call.Get(Disallowed), false) };
        if (call.Has(AllowedGlob)) role =
            role with { AllowedPoliciesGlob = PolicyNames.Clean(call.Get(AllowedGlob), false) };
        if (call.Has(DisallowedGlob))
            role = role with { DisallowedPoliciesGlob = PolicyNames.Clean(call.Get(DisallowedGlob), false) };
        if (call.Has(Aliases))
            role = role with { AllowedEntityAliases =
                [.. call.Get(Aliases).Select(a => a.ToLowerInvariant()).Distinct()] };
        if (call.Has(Orphan)) role = role with { Orphan = call.Get(Orphan) };
        if (call.Has(Renewable)) role = role with { NotRenewable = !call.Get(Renewable) };
        if (call.Has(Suffix))
        {
            if (CheckSuffix(call.Get(Suffix)) is { } badSuffix) return (role, badSuffix, warnings);
            role = role with { PathSuffix = call.Get(Suffix) };
        }
        if (call.Has(NoDefault)) role = role with { NoDefaultPolicy = call.Get(NoDefault) };
        if (call.Has(Uses) && call.Get(Uses) is < 0 or > int.MaxValue)
            return (role, Fault.Invalid("error parsing role fields: 'token_num_uses' cannot be negative"), warnings);
        if (call.Has(Uses)) role = role with { NumUses = (int)call.Get(Uses) };
        if (ApplyTimes(call, ref role, warnings) is { } fault) return (role, fault, warnings);
        if (ApplyType(call, ref role) is { } badType) return (role, badType, warnings);
        var badCidrs = ApplyCidrs(call, ref role, warnings);
        return (role, badCidrs, warnings);
    }

    // Vault looks for the pattern anywhere in the suffix; Kist asks besides that the whole can stand in a path.
    [GeneratedRegex(@"[0-9A-Za-z_][0-9A-Za-z_.-]+[0-9A-Za-z_]", RegexOptions.NonBacktracking)]
    private static partial Regex SuffixForm { get; }

    private static Fault? CheckSuffix(string suffix)
    {
        if (suffix.Length == 0) return null;
        if (!SuffixForm.IsMatch(suffix) || suffix.Contains('/'))
            return Fault.Invalid(@"given role path suffix contains invalid characters; must match \w[\w-.]+\w");
        return RequestPath.TryCreate(suffix, out _, out _) && !suffix.Contains("..", StringComparison.Ordinal) ? null
            : Fault.Invalid("error registering path suffix: path cannot contain parent references");
    }

    private static Fault? ApplyTimes(Call call, ref TokenRole role, List<string> warnings)
    {
        if (call.Has(Period) && call.Has(OldPeriod))
            warnings.Add("Both \"token_period\" and deprecated \"period\" were specified; \"token_period\" is used");
        if (call.Has(Max) && call.Has(OldMax))
            warnings.Add(
                "Both \"token_explicit_max_ttl\" and deprecated \"explicit_max_ttl\" were specified; the former is "
                + "used");
        foreach (var field in (Field<TimeSpan>[])[Period, OldPeriod, Max, OldMax])
            if (call.Get(field) < TimeSpan.Zero) return Fault.Invalid($"'{field.Name}' cannot be negative");
        if (call.Has(Period)) role = role with { Period = call.Get(Period), LegacyPeriod = TimeSpan.Zero };
        else if (call.Has(OldPeriod)) role =
            role with { Period = call.Get(OldPeriod), LegacyPeriod = call.Get(OldPeriod) };
        if (call.Has(Max)) role = role with { ExplicitMaxTtl = call.Get(Max), LegacyExplicitMaxTtl = TimeSpan.Zero };
        else if (call.Has(OldMax))
            role = role with { ExplicitMaxTtl = call.Get(OldMax), LegacyExplicitMaxTtl = call.Get(OldMax) };
        return null;
    }

    private static Fault? ApplyType(Call call, ref TokenRole role)
    {
        if (call.Has(Type))
        {
            if (call.Get(Type) is not ("service" or "batch" or "default-service" or "default-batch"))
                return Fault.Invalid($"invalid 'token_type' value \"{call.Get(Type)}\"");
            role = role with { TokenType = call.Get(Type) };
        }
        if (role.TokenType is not "batch") return null;
        var clash = !role.Orphan ? "role is set to generate non-orphan tokens"
            : role.Period > TimeSpan.Zero ? "role is set to generate periodic tokens"
            : !role.NotRenewable ? "role is set to generate renewable tokens"
            : role.ExplicitMaxTtl > TimeSpan.Zero ? "role is set to generate tokens with an explicit max TTL"
            : role.NumUses != 0 ? "role is set to generate tokens with limited use count" : null;
        return clash is null ? null : Fault.Invalid("'token_type' cannot be 'batch' when " + clash);
    }

    private static Fault? ApplyCidrs(Call call, ref TokenRole role, List<string> warnings)
    {
        if (!call.Has(Cidrs) && !call.Has(OldCidrs)) return null;
        if (call.Has(Cidrs) && call.Has(OldCidrs))
            warnings.Add(
                "Both \"token_bound_cidrs\" and deprecated \"bound_cidrs\" were specified; the former is used");
        var shown = new List<string>();
        foreach (var text in call.Has(Cidrs) ? call.Get(Cidrs) : call.Get(OldCidrs))
        {
            if (!Cidr.TryParse(text, out var one))
                return Fault.Invalid(call.Has(Cidrs)
                    ? "error parsing role fields: error parsing token_bound_cidrs: not an address range"
                    : "error parsing bound_cidrs: not an address range");
            shown.Add(one);
        }
        role = role with { BoundCidrs = shown, LegacyBoundCidrs = call.Has(Cidrs) ? [] : shown };
        return null;
    }

    private static void Write(Utf8JsonWriter json, TokenRole role)
    {
        if (role.AllowedEntityAliases is { } aliases) Texts(json, "allowed_entity_aliases", aliases);
        else json.WriteNull("allowed_entity_aliases");
        Texts(json, "allowed_policies", role.AllowedPolicies);
        Texts(json, "allowed_policies_glob", role.AllowedPoliciesGlob);
        if (role.LegacyBoundCidrs.Count > 0) Texts(json, "bound_cidrs", role.LegacyBoundCidrs);
        Texts(json, "disallowed_policies", role.DisallowedPolicies);
        Texts(json, "disallowed_policies_glob", role.DisallowedPoliciesGlob);
        json.WriteNumber("explicit_max_ttl", (long)role.LegacyExplicitMaxTtl.TotalSeconds);
        json.WriteString("name", role.Name);
        json.WriteBoolean("orphan", role.Orphan);
        json.WriteString("path_suffix", role.PathSuffix);
        json.WriteNumber("period", (long)role.LegacyPeriod.TotalSeconds);
        json.WriteBoolean("renewable", !role.NotRenewable);
        if (role.BoundCidrs.Count > 0) Texts(json, "token_bound_cidrs", role.BoundCidrs);
        json.WriteNumber("token_explicit_max_ttl", (long)role.ExplicitMaxTtl.TotalSeconds);
        json.WriteBoolean("token_no_default_policy", role.NoDefaultPolicy);
        if (role.NumUses > 0) json.WriteNumber("token_num_uses", role.NumUses);
        json.WriteNumber("token_period", (long)role.Period.TotalSeconds);
        json.WriteString("token_type", role.TokenType);
    }

    private static void Texts(Utf8JsonWriter json, string name, IReadOnlyList<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts) json.WriteStringValue(text);
        json.WriteEndArray();
    }
}
