using System.Text.Json;
using Kist.Kernel.Hcl;

namespace Kist.Kernel.Policies;

/// <summary>Writes merged rules in the shape that Vault's browser interface reads.</summary>
internal static class ResultantAcl
{
    internal static void Write(
        Utf8JsonWriter writer, bool isRoot, Dictionary<string, Permissions> exact, IEnumerable<PatternRule> patterns)
    {
        writer.WriteStartObject();
        writer.WriteBoolean("root", isRoot);
        if (!isRoot)
        {
            var (globs, wildcards) = Split(patterns);
            var exactPaths = exact.Select(entry => (entry.Key, entry.Value)).Concat(wildcards);
            WritePaths(writer, "exact_paths", exactPaths);
            WritePaths(writer, "glob_paths", globs);
        }
        writer.WriteEndObject();
    }

    private static (List<(string, Permissions)> Globs, List<(string, Permissions)> Wildcards) Split(
        IEnumerable<PatternRule> patterns)
    {
        var globs = new List<(string, Permissions)>();
        var wildcards = new List<(string, Permissions)>();
        foreach (var rule in patterns)
            (rule.Pattern.IsGlob ? globs : wildcards).Add((rule.Pattern.Body, rule.Permissions));
        return (globs, wildcards);
    }

    private static void WritePaths(
        Utf8JsonWriter writer, string name, IEnumerable<(string Path, Permissions Rule)> rules)
    {
        writer.WriteStartObject(name);
        foreach (var (path, rule) in rules.OrderBy(entry => entry.Path, StringComparer.Ordinal))
        {
            writer.WriteStartObject(path);
            writer.WriteStartArray("capabilities");
            foreach (var capability in CapabilityNames.Of(rule.Capabilities)) writer.WriteStringValue(capability);
            writer.WriteEndArray();
            if (rule.MinWrap > TimeSpan.Zero) writer.WriteNumber("min_wrapping_ttl", (long)rule.MinWrap.TotalSeconds);
            if (rule.MaxWrap > TimeSpan.Zero) writer.WriteNumber("max_wrapping_ttl", (long)rule.MaxWrap.TotalSeconds);
            if (rule.Parameters is { } parameters) WriteParameters(writer, parameters);
            writer.WriteEndObject();
        }
        writer.WriteEndObject();
    }

    private static void WriteParameters(Utf8JsonWriter writer, ParameterConstraints parameters)
    {
        WriteValues(writer, "allowed_parameters", parameters.Allowed);
        WriteValues(writer, "denied_parameters", parameters.Denied);
        if (parameters.Required.Count == 0) return;
        writer.WriteStartArray("required_parameters");
        foreach (var name in parameters.Required) writer.WriteStringValue(name);
        writer.WriteEndArray();
    }

    private static void WriteValues(Utf8JsonWriter writer, string key, Dictionary<string, ParameterValue[]> parameters)
    {
        if (parameters.Count == 0) return;
        writer.WriteStartObject(key);
        foreach (var (name, values) in parameters.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            writer.WriteStartArray(name);
            foreach (var value in values) WriteValue(writer, value.Value);
            writer.WriteEndArray();
        }
        writer.WriteEndObject();
    }

    private static void WriteValue(Utf8JsonWriter writer, HclValue value)
    {
        switch (value)
        {
            case HclString text:
                writer.WriteStringValue(text.Value);
                break;
            case HclBool flag:
                writer.WriteBooleanValue(flag.Value);
                break;
            case HclNumber number when number.TryGetInt64(out var whole):
                writer.WriteNumberValue(whole);
                break;
            case HclNumber number:
                writer.WriteNumberValue(double.Parse(number.Text, System.Globalization.CultureInfo.InvariantCulture));
                break;
            case HclList list:
                writer.WriteStartArray();
                foreach (var item in list.Items) WriteValue(writer, item);
                writer.WriteEndArray();
                break;
            case HclObject body:
                writer.WriteStartObject();
                foreach (var group in body.Members.GroupBy(member => member.Key, StringComparer.Ordinal))
                {
                    writer.WritePropertyName(group.Key);
                    WriteValue(writer, group.First().Value);
                }
                writer.WriteEndObject();
                break;
        }
    }
}
