using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;

namespace Kist.Kernel.Tokens;

/// <summary>
/// The <c>token_*</c> fields that every login method has, with the older names that some have beside them. A login puts
/// <see cref="All"/> into its routes and keeps the <see cref="TokenSettings"/> that <see cref="Apply"/> makes.
/// Reference: "Token Auth Method (API)", section on token parameters, in Vault's documentation.
/// </summary>
public sealed class TokenFields
{
    private static readonly Field<IReadOnlyList<string>> Policies =
        Fields.List("token_policies", "Policies of the tokens");
    private static readonly Field<bool> NoDefault =
        Fields.Flag("token_no_default_policy", "Whether tokens do not get the policy default");
    private static readonly Field<TimeSpan> Ttl = Fields.Duration("token_ttl", "How long tokens live");
    private static readonly Field<TimeSpan> MaxTtl = Fields.Duration("token_max_ttl", "How long tokens live at most");
    private static readonly Field<TimeSpan> ExplicitMax =
        Fields.Duration("token_explicit_max_ttl", "A hard end of tokens, which renewal cannot move");
    private static readonly Field<TimeSpan> Period = Fields.Duration("token_period", "Period of periodic tokens");
    private static readonly Field<long> NumUses =
        Fields.Number("token_num_uses", "How often tokens may be used; 0: any number");
    private static readonly Field<IReadOnlyList<string>> Cidrs =
        Fields.List("token_bound_cidrs", "Addresses that logins and tokens may come from");
    private static readonly Field<string> Type =
        Fields.Text("token_type", "default, service or batch", TokenSettings.DefaultType);

    private static readonly Field<IReadOnlyList<string>> OldPolicies =
        Fields.List("policies", "Old name of token_policies");
    private static readonly Field<TimeSpan> OldTtl = Fields.Duration("ttl", "Old name of token_ttl");
    private static readonly Field<TimeSpan> OldMaxTtl = Fields.Duration("max_ttl", "Old name of token_max_ttl");
    private static readonly Field<TimeSpan> OldPeriod = Fields.Duration("period", "Old name of token_period");
    private static readonly Field<long> OldNumUses = Fields.Number("num_uses", "Old name of token_num_uses");
    private static readonly Field<IReadOnlyList<string>> OldCidrs =
        Fields.List("bound_cidrs", "Old name of token_bound_cidrs");

    private static readonly Field[] Old = [OldPolicies, OldTtl, OldMaxTtl, OldPeriod, OldNumUses, OldCidrs];

    private readonly HashSet<string> _oldNames;

    /// <summary>The fields, with those older names (without <c>token_</c>) that this login has.</summary>
    public TokenFields(params string[] oldNames)
    {
        _oldNames = [.. oldNames];
        All =
        [
            Policies, NoDefault, Ttl, MaxTtl, ExplicitMax, Period, NumUses, Cidrs, Type,
            .. Old.Where(field => _oldNames.Contains(field.Name)),
        ];
    }

    /// <summary>The fields, for a route's list.</summary>
    public IReadOnlyList<Field> All { get; }

    /// <summary>The two fields that set policies only.</summary>
    public static IReadOnlyList<Field> PolicyFields { get; } = [Policies, OldPolicies];

    /// <summary>Sets policies alone, from <see cref="PolicyFields"/>.</summary>
    public static TokenSettings ApplyPolicies(Call call, TokenSettings settings)
    {
        if (call.Has(Policies)) return Named(settings with { Policies = Clean(call.Get(Policies)) }, "policies", false);
        return call.Has(OldPolicies)
            ? Named(settings with { Policies = Clean(call.Get(OldPolicies)) }, "policies", true)
            : settings;
    }

    /// <summary>The settings with the fields that the request has, or what is wrong with them.</summary>
    public Fault? Apply(Call call, TokenSettings known, out TokenSettings settings)
    {
        settings = known;
        var fault = ApplyTimes(call, ref settings) ?? ApplyCidrs(call, ref settings) ?? ApplyNumUses(call, ref settings)
            ?? ApplyType(call, ref settings);
        if (fault is not null) return fault;
        if (call.Has(NoDefault)) settings = settings with { NoDefaultPolicy = call.Get(NoDefault) };
        var (policies, isOld) = Choose(call, Policies, OldPolicies);
        if (policies is not null)
            settings = Named(settings with { Policies = Clean(policies.Value) }, "policies", isOld);
        return Check(settings);
    }

    private static Fault? Check(TokenSettings settings)
    {
        if (settings.Ttl > settings.MaxTtl && settings.MaxTtl > TimeSpan.Zero)
            return Fault.Invalid("'token_ttl' cannot be greater than 'token_max_ttl'");
        if (settings.Type is not ("batch" or "default-batch")) return null;
        if (settings.Period > TimeSpan.Zero)
            return Fault.Invalid(
                "'token_type' cannot be 'batch' or 'default_batch' when set to generate periodic tokens");
        return settings.NumUses == 0 ? null : Fault.Invalid(
            "'token_type' cannot be 'batch' or 'default_batch' when set to generate tokens with limited use count");
    }

    private Fault? ApplyTimes(Call call, ref TokenSettings settings)
    {
        foreach (var field in (Field<TimeSpan>[])[Ttl, MaxTtl, ExplicitMax, Period])
            if (call.Has(field) && call.Get(field) < TimeSpan.Zero)
                return Fault.Invalid($"'{field.Name}' cannot be negative");
        foreach (var field in (Field<TimeSpan>[])[OldTtl, OldMaxTtl, OldPeriod])
            if (HasOld(call, field) && call.Get(field) < TimeSpan.Zero)
                return Fault.Invalid($"'{field.Name}' cannot be negative");
        if (call.Has(ExplicitMax)) settings = settings with { ExplicitMaxTtl = call.Get(ExplicitMax) };
        var (ttl, oldTtl) = Choose(call, Ttl, OldTtl);
        if (ttl is not null) settings = Named(settings with { Ttl = ttl.Value }, "ttl", oldTtl);
        var (max, oldMax) = Choose(call, MaxTtl, OldMaxTtl);
        if (max is not null) settings = Named(settings with { MaxTtl = max.Value }, "max_ttl", oldMax);
        var (period, oldPeriod) = Choose(call, Period, OldPeriod);
        if (period is not null) settings = Named(settings with { Period = period.Value }, "period", oldPeriod);
        return null;
    }

    private Fault? ApplyNumUses(Call call, ref TokenSettings settings)
    {
        var (uses, isOld) = Choose(call, NumUses, OldNumUses);
        if (uses is null) return null;
        if (uses.Value is < 0 or > int.MaxValue) return Fault.Invalid("'token_num_uses' cannot be negative");
        settings = Named(settings with { NumUses = (int)uses.Value }, "num_uses", isOld);
        return null;
    }

    private Fault? ApplyCidrs(Call call, ref TokenSettings settings)
    {
        var (cidrs, isOld) = Choose(call, Cidrs, OldCidrs);
        if (cidrs is null) return null;
        var shown = new List<string>();
        foreach (var text in cidrs.Value)
        {
            if (!Cidr.TryParse(text, out var one))
                return Fault.Invalid("error parsing token_bound_cidrs: not an address range");
            shown.Add(one);
        }
        settings = Named(settings with { BoundCidrs = shown }, "bound_cidrs", isOld);
        return null;
    }

    private static Fault? ApplyType(Call call, ref TokenSettings settings)
    {
        if (!call.Has(Type)) return null;
        var type = call.Get(Type);
        if (type is not ("" or "default" or "service" or "batch" or "default-service" or "default-batch"))
            return Fault.Invalid($"invalid 'token_type' value \"{(type.Length <= 64 ? type : type[..64])}\"");
        settings = settings with { Type = type.Length == 0 ? TokenSettings.DefaultType : type };
        return null;
    }

    /// <summary>The value under the new name, else under the old one, else none.</summary>
    private (Chosen<T>? Value, bool IsOld) Choose<T>(Call call, Field<T> field, Field<T> old) =>
        call.Has(field) ? (new Chosen<T>(call.Get(field)), false)
        : HasOld(call, old) ? (new Chosen<T>(call.Get(old)), true)
        : (null, false);

    private bool HasOld(Call call, Field old) => _oldNames.Contains(old.Name) && call.Has(old);

    private static TokenSettings Named(TokenSettings settings, string oldName, bool isOld)
    {
        var others = settings.ShownOldNames.Where(name => name != oldName);
        return settings with { ShownOldNames = isOld ? [.. others, oldName] : [.. others] };
    }

    private static IReadOnlyList<string> Clean(IReadOnlyList<string> names) =>
        PolicyNames.Clean(names, addDefault: false);

    private sealed record Chosen<T>(T Value);
}
