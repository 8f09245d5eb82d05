namespace Kist.Agent.Templates;

/// <summary>Functions over lists and maps.</summary>
internal static class ListFunctions
{
    private const long MaxLoop = 1_000_000;

    public static void AddTo(Dictionary<string, Func<FunctionCall, object?>> all)
    {
        all["contains"] = static c => Holds(c.Takes(2)[1], c[0]);
        all["in"] = static c => Holds(c.Takes(2)[0], c[1]);
        all["containsAll"] = static c => c.Takes(2).List(0).All(v => Holds(c[1], v));
        all["containsAny"] = static c => c.Takes(2).List(0).Any(v => Holds(c[1], v));
        all["containsNone"] = static c => !c.Takes(2).List(0).Any(v => Holds(c[1], v));
        all["containsNotAll"] = static c => !c.Takes(2).List(0).All(v => Holds(c[1], v));
        all["loop"] = static c => Loop(c.Takes(1, 2));
        all["explodeMap"] = static c => Exploded(c.Takes(1).Map(0));
        all["mergeMap"] = static c => Merged(c.Takes(2).Map(0), c.Map(1), overrides: false);
        all["mergeMapWithOverride"] = static c => Merged(c.Takes(2).Map(0), c.Map(1), overrides: true);
    }

    private static bool Holds(object? all, object? value) => all switch
    {
        string text => value is string part && text.Contains(part, StringComparison.Ordinal),
        TemplateMap map => value is string key && map.ContainsKey(key),
        IReadOnlyList<object?> list => list.Any(item => TemplateValue.AreEqual(item, value) == true),
        null => false,
        _ => throw new TemplateFault($"{TemplateValue.Kind(all)} holds nothing"),
    };

    private static List<object?> Loop(FunctionCall call)
    {
        var (from, to) = call.Count == 1 ? (0, call.Whole(0)) : (call.Whole(0), call.Whole(1));
        if (to - from > MaxLoop) throw new TemplateFault($"loop counts to {MaxLoop} at most");
        call.Run.Spend(to - from);
        var list = new List<object?>();
        for (var i = from; i < to; i++) list.Add(i);
        return list;
    }

    // "a/b/c": v becomes a map in a map in a map.
    private static TemplateMap Exploded(TemplateMap flat)
    {
        var root = new TemplateMap();
        foreach (var (path, value) in flat)
        {
            var at = root;
            var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
            for (var i = 0; i + 1 < parts.Length; i++)
            {
                if (at.GetValueOrDefault(parts[i]) is not TemplateMap inner)
                {
                    if (at.ContainsKey(parts[i])) throw new TemplateFault("explodeMap: a name is both value and map");
                    at[parts[i]] = inner = new TemplateMap();
                }
                at = inner;
            }
            if (parts.Length > 0) at[parts[^1]] = value;
        }
        return root;
    }

    // The piped map is the one that is added to.
    private static TemplateMap Merged(TemplateMap added, TemplateMap into, bool overrides)
    {
        var merged = new TemplateMap();
        foreach (var (key, value) in into) merged[key] = value;
        foreach (var (key, value) in added)
        {
            if (merged.GetValueOrDefault(key) is TemplateMap inner && value is TemplateMap more)
                merged[key] = Merged(more, inner, overrides);
            else if (overrides || !merged.ContainsKey(key)) merged[key] = value;
        }
        return merged;
    }
}
