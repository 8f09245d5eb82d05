using System.Text.Json;

namespace Kist.Kernel.Policies;

/// <summary>
/// What a rule says about request parameters. Names are lower case; an empty list of values means any value; the name
/// <c>*</c> means all parameters. Reference: "Parameter constraints" in Vault's policy documentation.
/// </summary>
internal sealed class ParameterConstraints
{
    private readonly bool _allowsAnyName;

    private ParameterConstraints(
        Dictionary<string, ParameterValue[]> allowed,
        Dictionary<string, ParameterValue[]> denied,
        IReadOnlyList<string> required)
    {
        Allowed = allowed;
        Denied = denied;
        Required = required;
        _allowsAnyName = allowed.Count == 0 || allowed.ContainsKey("*");
    }

    internal Dictionary<string, ParameterValue[]> Allowed { get; }

    internal Dictionary<string, ParameterValue[]> Denied { get; }

    internal IReadOnlyList<string> Required { get; }

    /// <summary>Null when nothing is constrained.</summary>
    internal static ParameterConstraints? Create(
        Dictionary<string, ParameterValue[]> allowed,
        Dictionary<string, ParameterValue[]> denied,
        IReadOnlyList<string> required) =>
        allowed.Count + denied.Count + required.Count == 0
            ? null
            : new ParameterConstraints(allowed, denied, [.. required.Distinct(StringComparer.Ordinal)]);

    /// <summary>Both bind: names and values add up, except that any value (an empty list) stays any value.</summary>
    internal ParameterConstraints Merge(ParameterConstraints? other) =>
        other is null
            ? this
            : new ParameterConstraints(
                Merge(Allowed, other.Allowed),
                Merge(Denied, other.Denied),
                [.. Required.Union(other.Required, StringComparer.Ordinal)]);

    private static Dictionary<string, ParameterValue[]> Merge(
        Dictionary<string, ParameterValue[]> one, Dictionary<string, ParameterValue[]> other)
    {
        var all = new Dictionary<string, ParameterValue[]>(one, StringComparer.Ordinal);
        foreach (var (name, values) in other)
        {
            var known = all.TryGetValue(name, out var earlier);
            var anyValue = values.Length == 0 || known && earlier!.Length == 0;
            all[name] = anyValue ? [] : known ? [.. values, .. earlier!] : values;
        }
        return all;
    }

    /// <summary>
    /// Whether a request with <paramref name="parameters"/> is within the constraints. JSON that is malformed is not.
    /// </summary>
    internal bool Permit(PolicyParameters parameters)
    {
        try
        {
            return Permit(parameters.Json);
        }
        // The edge has parsed the body before; what does not parse here is refused, whatever it is.
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    private bool Permit(ReadOnlySpan<byte> json)
    {
        if (json.IsEmpty || json.SequenceEqual("null"u8)) return Required.Count == 0;
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 128 });
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return false;
        HashSet<string>? missing = Required.Count == 0 ? null : [.. Required.Select(name => name.ToLowerInvariant())];
        var any = false;
        // Of a repeated property every occurrence is checked: it does not matter which one the handler takes.
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            any = true;
            var name = reader.GetString()!;
            // A required name must be there as handlers know it, in lower case; constrained names match in any case.
            missing?.Remove(name);
            reader.Read();
            if (!PermitOne(name.ToLowerInvariant(), reader)) return false;
            reader.Skip();
        }
        return missing is null or { Count: 0 } && !(any && Denied.ContainsKey("*"));
    }

    private bool PermitOne(string name, Utf8JsonReader value)
    {
        if (Denied.TryGetValue(name, out var denied) && ParameterValue.IsDenied(value, denied)) return false;
        return Allowed.TryGetValue(name, out var allowed) ? ParameterValue.IsAllowed(value, allowed) : _allowsAnyName;
    }
}
