using Kist.Kernel.Hcl;
using Kist.Kernel.Node;
using Kist.Kernel.Routes;

namespace Kist.Server.Configuration;

/// <summary>The kinds of values in a configuration file. What is wrong is a <see cref="ConfigException"/>.</summary>
internal static class ConfigValues
{
    public static string Text(HclMember member) =>
        member.Value is HclString text ? text.Value : throw Wrong(member.Position, member.Key, "must be a string");

    public static IReadOnlyList<string> Texts(HclMember member) =>
        member.Value is HclList list && list.Items.All(i => i is HclString)
            ? [.. list.Items.Select(i => Path.GetFullPath(((HclString)i).Value))]
            : throw Wrong(member.Position, member.Key, "must be a list of strings");

    /// <summary>True or false, also as the text or number that Go's parser takes for them.</summary>
    public static bool Flag(HclMember member) => member.Value switch
    {
        HclBool flag => flag.Value,
        HclNumber { Text: "0" or "1" } number => number.Text == "1",
        HclString { Value: "yes" } => true,
        HclString { Value: "" or "no" } => false,
        HclString { Value: var text } when GoBool.Parse(text) is { } said => said,
        _ => throw Wrong(member.Position, member.Key, "must be true or false"),
    };

    public static TimeSpan Duration(HclMember member)
    {
        var text = member.Value switch { HclString s => s.Value, HclNumber n => n.Text, _ => "x" };
        return GoDuration.TryParse(text, out var time) && time > TimeSpan.Zero
            ? time
            : throw Wrong(member.Position, member.Key, "must be a duration such as \"768h\"");
    }

    // A part of file names and of keys in the store.
    public static string Name(HclMember member) =>
        Text(member) is { Length: > 0 and <= 64 } name && !name.StartsWith('.')
            && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')
            ? name
            : throw Wrong(member.Position, member.Key, "must be 1 to 64 letters, digits, '-', '_' and '.'");

    // Shorter than a hiccup of the database, the work would wander about; much longer, it would not be done.
    public static TimeSpan LeadershipTtl(HclMember member) =>
        Duration(member) is var time && time >= TimeSpan.FromSeconds(1) && time <= TimeSpan.FromMinutes(5)
            ? time
            : throw Wrong(member.Position, member.Key, "must be from \"1s\" to \"5m\"");

    public static bool IsJson(HclMember member) => Text(member) switch
    {
        "json" => true,
        "standard" or "" => false,
        _ => throw Wrong(member.Position, member.Key, "must be standard or json"),
    };

    public static LogLevel Level(HclMember member) => LogLevels.TryParse(Text(member), out var level)
        ? level
        : throw Wrong(member.Position, member.Key, "must be trace, debug, info, warn or error");

    public static ConfigException Wrong(HclPosition position, string key, string what) =>
        new($"line {position.Line}, column {position.Column}: {key} {what}");
}

/// <summary>What is wrong in a configuration file, with line and key.</summary>
internal sealed class ConfigException(string message) : Exception(message);
