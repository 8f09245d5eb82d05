using System.Collections.Frozen;

namespace Kist.Agent.Templates;

/// <summary>The functions that templates may call, by name.</summary>
internal static class Functions
{
    private static readonly FrozenDictionary<string, Func<FunctionCall, object?>> s_all = All();

    // What templates for Consul and Nomad use; an agent of secrets has no answer to them.
    private static readonly string[] s_foreign =
    [
        "caLeaf", "caRoots", "connect", "datacenters", "exportedServices", "key", "keyExists", "keyExistsGet",
        "keyOrDefault", "ls", "safeLs", "safeTree", "tree", "node", "nodes", "nomadService", "nomadServices",
        "nomadVar", "nomadVarExists", "nomadVarList", "nomadVarListSafe", "partitions", "peerings", "service",
        "services", "byKey", "byTag", "byPort", "byMeta", "byCriteria",
    ];

    /// <summary>Why a name cannot be called; null: it can.</summary>
    public static string? WhyNot(string name)
    {
        if (s_all.ContainsKey(name) || name is "and" or "or" or "scratch") return null;
        if (s_foreign.Contains(name)) return $"the function {name} asks Consul or Nomad, which the agent does not know";
        if (name == "plugin") return "the function plugin runs programs, which templates may not";
        if (name == "call") return "there are no values that the function call could call";
        return $"there is no function {name}";
    }

    /// <summary>Calls it.</summary>
    public static object? Call(FunctionCall call) =>
        s_all.TryGetValue(call.Name, out var function)
            ? function(call)
            : throw new TemplateFault($"there is no function {call.Name}");

    private static FrozenDictionary<string, Func<FunctionCall, object?>> All()
    {
        var all = new Dictionary<string, Func<FunctionCall, object?>>(StringComparer.Ordinal);
        GoFunctions.AddTo(all);
        SecretFunctions.AddTo(all);
        TextFunctions.AddTo(all);
        EncodingFunctions.AddTo(all);
        NumberFunctions.AddTo(all);
        ListFunctions.AddTo(all);
        SprigFunctions.AddTo(all);
        return all.ToFrozenDictionary(StringComparer.Ordinal);
    }
}
