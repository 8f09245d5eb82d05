using System.Text.Json.Serialization;

namespace Kist.Server.Logins.Token;

/// <summary>A role of <c>auth/token/roles</c>: what tokens made from it look like.</summary>
internal sealed record TokenRole
{
    public required string Name { get; init; }

    public IReadOnlyList<string> AllowedPolicies { get; init; } = [];

    public IReadOnlyList<string> DisallowedPolicies { get; init; } = [];

    public IReadOnlyList<string> AllowedPoliciesGlob { get; init; } = [];

    public IReadOnlyList<string> DisallowedPoliciesGlob { get; init; } = [];

    public IReadOnlyList<string>? AllowedEntityAliases { get; init; }

    public bool Orphan { get; init; }

    public bool NotRenewable { get; init; }

    public string PathSuffix { get; init; } = "";

    /// <summary>As given under the old name <c>period</c>; shown there again.</summary>
    public TimeSpan LegacyPeriod { get; init; }

    /// <summary>As given under the old name <c>explicit_max_ttl</c>; shown there again.</summary>
    public TimeSpan LegacyExplicitMaxTtl { get; init; }

    /// <summary>As given under the old name <c>bound_cidrs</c>; shown there again.</summary>
    public IReadOnlyList<string> LegacyBoundCidrs { get; init; } = [];

    public TimeSpan Period { get; init; }

    public TimeSpan ExplicitMaxTtl { get; init; }

    public IReadOnlyList<string> BoundCidrs { get; init; } = [];

    public int NumUses { get; init; }

    public bool NoDefaultPolicy { get; init; }

    /// <summary><c>default-service</c>, <c>default-batch</c>, <c>service</c> or <c>batch</c>.</summary>
    public string TokenType { get; init; } = "default-service";

    /// <summary>Whether the role restricts policies itself, so that the parent's do not bound them.</summary>
    [JsonIgnore]
    public bool RestrictsPolicies => AllowedPolicies.Count + DisallowedPolicies.Count
        + AllowedPoliciesGlob.Count + DisallowedPoliciesGlob.Count > 0;
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(TokenRole))]
internal sealed partial class TokenRoleJson : JsonSerializerContext;
