using Kist.Kernel.Hcl;
using Kist.Kernel.Routes;
using Kist.Server.Configuration;
using static Kist.Server.Configuration.ConfigValues;

namespace Kist.Agent.Configuration;

/// <summary>
/// A block of an agent's configuration. In the files of Vault Agent a block's type is its label
/// (<c>method "approle" { }</c>) or a key of it (<c>method { type = "approle" }</c>), and in JSON a list may stand
/// around it.
/// </summary>
/// <param name="Name">What the block is called.</param>
/// <param name="Type">Its type; empty: none is given.</param>
internal sealed record Stanza(string Name, string Type, HclPosition Position, HclObject Body)
{
    /// <summary>The blocks of a member.</summary>
    public static IEnumerable<Stanza> Of(HclMember member)
    {
        if (member.Value is HclList list)
            return list.Items.SelectMany(item => Of(member with { Value = item, Position = item.Position }));
        if (member.Value is not HclObject body) throw Wrong(member.Position, member.Key, "must be a block: { … }");
        if (body.Find("type") is HclString type) return [new(member.Key, type.Value, member.Position, body)];
        // A label: every member is a block of its own.
        return body.Members.Count > 0 && body.Members.All(m => IsBlock(m.Value)) && !IsBody(member.Key, body)
            ? body.Members.SelectMany(m => Labelled(member.Key, m))
            : [new(member.Key, "", member.Position, body)];
    }

    /// <summary>The one block of a member.</summary>
    public static Stanza OnlyOf(HclMember member)
    {
        var all = Of(member).ToList();
        return all is [var one] ? one : throw Wrong(member.Position, member.Key, "stands more than once");
    }

    /// <summary>The body of a block that has no type.</summary>
    public static HclObject BodyOf(HclMember member) => member.Value switch
    {
        HclObject body => body,
        HclList { Items: [HclObject body] } => body,
        _ => throw Wrong(member.Position, member.Key, "must be a block: { … }"),
    };

    /// <summary>A time that may be zero.</summary>
    public static TimeSpan Time(HclMember member)
    {
        var text = member.Value switch { HclString s => s.Value, HclNumber n => n.Text, _ => "x" };
        return GoDuration.TryParse(text, out var time) && time >= TimeSpan.Zero
            ? time
            : throw Wrong(member.Position, member.Key, "must be a duration such as \"5m\"");
    }

    /// <summary>A whole number.</summary>
    public static int Whole(HclMember member) =>
        member.Value is HclNumber number && number.TryGetInt64(out var value) && Math.Abs(value) <= int.MaxValue
            ? (int)value
            : throw Wrong(member.Position, member.Key, "must be a whole number");

    /// <summary>A mode: octal, as text or with a leading zero.</summary>
    public static UnixFileMode Mode(HclMember member)
    {
        var text = member.Value switch { HclString s => s.Value, HclNumber n => n.Text, _ => "x" };
        var isDecimal = member.Value is HclNumber && !text.StartsWith('0');
        if (isDecimal && int.TryParse(text, out var number) && number is >= 0 and <= 0xFFF) return (UnixFileMode)number;
        return !isDecimal && Templates.SecretFunctions.ReadMode(text) is { } mode && text.Length > 0
            ? mode
            : throw Wrong(member.Position, member.Key, "must be a mode such as \"0600\"");
    }

    /// <summary>A command: one text for the shell, or a list of a program and its arguments.</summary>
    public static IReadOnlyList<string>? Command(HclMember member) => member.Value switch
    {
        HclString { Value.Length: 0 } => null,
        HclString text => [text.Value],
        HclList { Items: [] } => null,
        HclList list when list.Items.All(i => i is HclString) => [.. list.Items.Select(i => ((HclString)i).Value)],
        _ => throw Wrong(member.Position, member.Key, "must be a text or a list of texts"),
    };

    /// <summary>A text that is not empty, or null.</summary>
    public static string? Optional(HclMember member) => Text(member) is { Length: > 0 } text ? text : null;

    private static IEnumerable<Stanza> Labelled(string name, HclMember label) =>
        (label.Value is HclList list ? list.Items : [label.Value])
        .Select(body => new Stanza(name, label.Key, label.Position, (HclObject)body));

    private static bool IsBlock(HclValue value) =>
        value is HclObject || (value is HclList { Items.Count: > 0 } list && list.Items.All(i => i is HclObject));

    // Blocks without a type whose members are all blocks themselves.
    private static bool IsBody(string name, HclObject body) =>
        name is "cache" or "vault" or "template"
        && body.Members.All(m => m.Key is "persist" or "retry" or "exec" or "wait");
}
