namespace Kist.Agent.Templates;

/// <summary>What a template keeps while it is rendered: <c>scratch.Set "k" v</c> and its like.</summary>
internal sealed class Scratch
{
    private readonly TemplateMap _kept = new();

    /// <summary>Whether the method is one of a scratch pad's.</summary>
    public static bool Knows(string method) =>
        method is "Key" or "Get" or "Set" or "SetX" or "MapSet" or "MapSetX" or "MapValues";

    /// <summary>Does what the method says; setters write nothing.</summary>
    public object? Call(string method, IReadOnlyList<object?> arguments)
    {
        var wanted = method switch { "Set" or "SetX" => 2, "MapSet" or "MapSetX" => 3, _ => 1 };
        if (arguments.Count != wanted || arguments[0] is not string key)
            throw new TemplateFault($"scratch.{method} needs a name and {wanted - 1} values");
        switch (method)
        {
            case "Key": return _kept.ContainsKey(key);
            case "Get": return _kept.GetValueOrDefault(key);
            case "MapValues": return Map(key, false) is { } map ? map.Values.ToList() : new List<object?>();
            case "Set":
                _kept[key] = arguments[1];
                return "";
            case "SetX":
                _kept.TryAdd(key, arguments[1]);
                return "";
        }
        if (arguments[1] is not string name) throw new TemplateFault($"scratch.{method} needs the name of an entry");
        var target = Map(key, true)!;
        if (method == "MapSet") target[name] = arguments[2];
        else target.TryAdd(name, arguments[2]);
        return "";
    }

    private TemplateMap? Map(string key, bool makes)
    {
        if (_kept.TryGetValue(key, out var value))
            return value as TemplateMap ?? throw new TemplateFault("the entry of scratch is not a map");
        if (!makes) return null;
        var map = new TemplateMap();
        _kept[key] = map;
        return map;
    }
}
