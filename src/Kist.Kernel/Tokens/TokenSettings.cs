using System.Text.Json;

namespace Kist.Kernel.Tokens;

/// <summary>What the tokens of a user or role look like: the values of the <c>token_*</c> fields, as a login stores
/// them.</summary>
public sealed record TokenSettings
{
    /// <summary>Policies of the tokens.</summary>
    public IReadOnlyList<string> Policies { get; init; } = [];

    /// <summary>Whether they do not get the policy <c>default</c>.</summary>
    public bool NoDefaultPolicy { get; init; }

    /// <summary>Their life; zero: the mount's default.</summary>
    public TimeSpan Ttl { get; init; }

    /// <summary>Their longest life; zero: the mount's.</summary>
    public TimeSpan MaxTtl { get; init; }

    /// <summary>A hard end; zero: none.</summary>
    public TimeSpan ExplicitMaxTtl { get; init; }

    /// <summary>Their period; zero: not periodic.</summary>
    public TimeSpan Period { get; init; }

    /// <summary>How often they may be used; 0: any number.</summary>
    public int NumUses { get; init; }

    /// <summary>Where the login and the tokens may be used from; empty: anywhere.</summary>
    public IReadOnlyList<string> BoundCidrs { get; init; } = [];

    /// <summary>
    /// <c>default</c> (the mount's), <c>service</c>, <c>batch</c>, <c>default-service</c>, <c>default-batch</c>.
    /// </summary>
    public string Type { get; init; } = DefaultType;

    /// <summary>The type that leaves the choice to the mount.</summary>
    public const string DefaultType = "default";

    /// <summary>
    /// Old names that were used to set a value; they are shown again until the new name is used.
    /// </summary>
    public IReadOnlyList<string> ShownOldNames { get; init; } = [];

    /// <summary>The token that a login asks for; the login adds who it is for.</summary>
    public TokenGrant ToGrant() => new()
    {
        Policies = Policies,
        NoDefaultPolicy = NoDefaultPolicy,
        Ttl = Ttl,
        MaxTtl = MaxTtl,
        ExplicitMaxTtl = ExplicitMaxTtl,
        Period = Period,
        NumUses = NumUses,
        BoundCidrs = BoundCidrs,
        Type = Type switch
        {
            "service" or "default-service" => TokenType.Service,
            "batch" or "default-batch" => TokenType.Batch,
            _ => null,
        },
    };

    /// <summary>
    /// What a renewal goes by: the settings as they are now. Refused when the policies are not those that the token was
    /// made with, so that nobody keeps by renewing what he would not get by logging in.
    /// </summary>
    public LoginRenewal ToRenewal(TokenEntry token)
    {
        var now = PolicyNames.Clean(Policies, addDefault: false).Where(p => p != "default");
        var then = token.Policies.Where(p => p != "default");
        return now.SequenceEqual(then)
            ? new LoginRenewal(null, Ttl, MaxTtl, Period, ExplicitMaxTtl)
            : new LoginRenewal(
                Pipeline.Fault.ListedInvalid("failed to renew entry: policies have changed, not renewing"),
                default, default, default, default);
    }

    /// <summary>Writes the <c>token_*</c> fields and the old names as reads show them.</summary>
    public void Write(Utf8JsonWriter json)
    {
        foreach (var name in ShownOldNames)
        {
            switch (name)
            {
                case "policies" when Policies.Count > 0: WriteTexts(json, name, Policies); break;
                case "bound_cidrs" when BoundCidrs.Count > 0: WriteTexts(json, name, BoundCidrs); break;
                case "ttl" when Ttl > TimeSpan.Zero: WriteSeconds(json, name, Ttl); break;
                case "max_ttl" when MaxTtl > TimeSpan.Zero: WriteSeconds(json, name, MaxTtl); break;
                case "period" when Period > TimeSpan.Zero: WriteSeconds(json, name, Period); break;
                case "num_uses" when NumUses > 0: json.WriteNumber(name, NumUses); break;
            }
        }
        WriteTexts(json, "token_bound_cidrs", BoundCidrs);
        WriteSeconds(json, "token_explicit_max_ttl", ExplicitMaxTtl);
        WriteSeconds(json, "token_max_ttl", MaxTtl);
        json.WriteBoolean("token_no_default_policy", NoDefaultPolicy);
        json.WriteNumber("token_num_uses", NumUses);
        WriteSeconds(json, "token_period", Period);
        WriteTexts(json, "token_policies", Policies);
        WriteSeconds(json, "token_ttl", Ttl);
        json.WriteString("token_type", Type);
    }

    private static void WriteSeconds(Utf8JsonWriter json, string name, TimeSpan time) =>
        json.WriteNumber(name, (long)time.TotalSeconds);

    private static void WriteTexts(Utf8JsonWriter json, string name, IReadOnlyList<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts) json.WriteStringValue(text);
        json.WriteEndArray();
    }
}
