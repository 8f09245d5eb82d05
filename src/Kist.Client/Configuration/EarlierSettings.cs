using Kist.Client.References;
using Microsoft.Extensions.Configuration;

namespace Kist.Client.Configuration;

/// <summary>The settings of the providers before ours that hold references.</summary>
internal static class EarlierSettings
{
    /// <summary>Keys and their texts. Throws <see cref="KistException"/>, which names the key and never the value, when
    /// a reference is not written as one.</summary>
    public static Dictionary<string, ReferenceText> Read(IReadOnlyList<IConfigurationProvider> providers)
    {
        var found = new Dictionary<string, ReferenceText>(StringComparer.OrdinalIgnoreCase);
        Walk(providers, null, found);
        return found;
    }

    private static void Walk(
        IReadOnlyList<IConfigurationProvider> providers, string? parent, Dictionary<string, ReferenceText> found)
    {
        var names = providers.Aggregate(Enumerable.Empty<string>(), (keys, p) => p.GetChildKeys(keys, parent))
            .Distinct(StringComparer.OrdinalIgnoreCase);
        foreach (var name in names)
        {
            var key = parent is null ? name : ConfigurationPath.Combine(parent, name);
            if (ValueOf(providers, key) is { } value && ReferenceText.MayHold(value)) found[key] = Parse(key, value);
            Walk(providers, key, found);
        }
    }

    // The last provider that has the key decides, as in the configuration itself.
    private static string? ValueOf(IReadOnlyList<IConfigurationProvider> providers, string key)
    {
        for (var i = providers.Count - 1; i >= 0; i--)
            if (providers[i].TryGet(key, out var value)) return value;
        return null;
    }

    private static ReferenceText Parse(string key, string value) =>
        ReferenceText.TryParse(value, out var parsed, out var fault) ? parsed
            : throw new KistException(KistFailure.Reference, $"the setting {key}: {fault}");
}
