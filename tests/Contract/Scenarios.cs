using System.Text.Json.Nodes;
using Xunit;

namespace Kist.Contract.Tests;

/// <summary>The recorded scenarios that Kist has to pass, read from <c>Data</c>.</summary>
public static class Scenarios
{
    /// <summary>
    /// Scenarios of a copied area that belong to a feature Kist does not have yet. Take the line out with the feature.
    /// </summary>
    public static readonly IReadOnlyDictionary<string, string> NotYet = new Dictionary<string, string>
    {
        ["identity-oidc-token-rs256"] = "identity tokens (OIDC provider) are a later feature",
        ["identity-oidc-token-rs384"] = "identity tokens (OIDC provider) are a later feature",
        ["identity-oidc-token-es256"] = "identity tokens (OIDC provider) are a later feature",
        ["identity-oidc-token-eddsa"] = "identity tokens (OIDC provider) are a later feature",
        ["identity-oidc-roles"] = "identity tokens (OIDC provider) are a later feature",
        ["identity-oidc-config"] = "identity tokens (OIDC provider) are a later feature",
    };

    private static readonly Lazy<Dictionary<string, JsonObject>> s_all = new(Load);

    /// <summary>Every copied scenario by name, also those not yet played.</summary>
    public static IReadOnlyDictionary<string, JsonObject> All => s_all.Value;

    /// <summary>Names of scenarios for one dev server that they share.</summary>
    public static TheoryData<string> Shared => Select(fresh: false);

    /// <summary>Names of scenarios that need a new uninitialised server each.</summary>
    public static TheoryData<string> Fresh => Select(fresh: true);

    private static TheoryData<string> Select(bool fresh) =>
        [.. All.Where(s => !NotYet.ContainsKey(s.Key) && Needs(s.Value, "fresh") == fresh).Select(s => s.Key)];

    private static bool Needs(JsonObject scenario, string what) =>
        scenario["needs"] is JsonArray needs && needs.Any(n => JsonText.StringOf(n) == what);

    private static Dictionary<string, JsonObject> Load()
    {
        var scenarios = new Dictionary<string, JsonObject>(StringComparer.Ordinal);
        var folder = Path.Combine(AppContext.BaseDirectory, "Data");
        foreach (var file in Directory.GetFiles(folder, "*.json").Order(StringComparer.Ordinal))
        {
            var area = JsonText.Parse(File.ReadAllBytes(file))!.AsObject();
            foreach (var scenario in area["scenarios"]!.AsArray())
                scenarios.Add(scenario!["name"]!.GetValue<string>(), scenario.AsObject());
        }
        return scenarios;
    }
}
