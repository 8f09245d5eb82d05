using Kist.Kernel.Hcl;
using static Kist.Agent.Configuration.Stanza;
using static Kist.Server.Configuration.ConfigValues;

namespace Kist.Agent.Configuration;

/// <summary>Reads <c>template { … }</c> and <c>env_template "NAME" { … }</c>.</summary>
internal static class TemplateStanza
{
    /// <summary>A template that becomes a file.</summary>
    public static TemplateConfig Read(HclObject body, string place, Action<HclPosition, string> warn)
    {
        var template = new TemplateConfig(place) { Destination = "" };
        foreach (var member in body.Members) template = File(template, member, warn);
        template = Checked(template, body.Position, "template");
        return template.Destination.Length > 0
            ? template
            : throw Wrong(body.Position, "template", "needs a destination");
    }

    /// <summary>A template that becomes a variable.</summary>
    public static TemplateConfig Variable(Stanza stanza, string place, Action<HclPosition, string> warn)
    {
        if (!IsVariable(stanza.Type))
            throw Wrong(stanza.Position, "env_template", "needs the name of a variable: env_template \"DATABASE_URL\"");
        var template = new TemplateConfig(place) { Destination = stanza.Type };
        foreach (var member in stanza.Body.Members)
            template = Common(template, member) ?? Ignored(template, member, "env_template", warn);
        return Checked(template, stanza.Position, "env_template");
    }

    private static TemplateConfig File(TemplateConfig old, HclMember member, Action<HclPosition, string> warn) =>
        member.Key switch
        {
            "destination" => old with { Destination = Text(member) },
            "create_dest_dirs" => old with { MakesFolders = Flag(member) },
            "perms" => old with { Mode = Perms(member) },
            "user" or "uid" => old with { User = Optional(member) },
            "group" or "gid" => old with { Group = Optional(member) },
            "backup" => old with { Backup = Flag(member) },
            "command" => old with { Command = Command(member) },
            "command_timeout" => old with { CommandTimeout = Duration(member) },
            "exec" => Exec(old, BodyOf(member), warn),
            "wait" => Wait(old, member, warn),
            _ => Common(old, member) ?? Ignored(old, member, "template", warn),
        };

    private static TemplateConfig? Common(TemplateConfig old, HclMember member) => member.Key switch
    {
        "source" => old with { Source = Optional(member) },
        "contents" => old with { Contents = Text(member) is { Length: > 0 } text ? text : null },
        "format" => old with { IsPlain = IsPlain(member) },
        "error_on_missing_key" => old with { FailsOnMissingKey = Flag(member) },
        "left_delimiter" => old with { LeftDelimiter = Optional(member) ?? "{{" },
        "right_delimiter" => old with { RightDelimiter = Optional(member) ?? "}}" },
        "sandbox_path" => old with { Sandbox = Optional(member) },
        // A template that fails keeps its old file, and the agent goes on.
        "error_fatal" => old,
        _ => null,
    };

    private static TemplateConfig Checked(TemplateConfig template, HclPosition position, string stanza) =>
        (template.Source is null) == (template.Contents is null)
            ? throw Wrong(position, stanza, "needs either a source or contents")
            : template;

    private static TemplateConfig Exec(TemplateConfig old, HclObject body, Action<HclPosition, string> warn)
    {
        foreach (var member in body.Members)
            old = member.Key switch
            {
                "command" => old with { Command = Command(member) },
                "timeout" => old with { CommandTimeout = Duration(member) },
                _ => Ignored(old, member, "exec", warn),
            };
        return old;
    }

    private static TemplateConfig Wait(TemplateConfig old, HclMember block, Action<HclPosition, string> warn)
    {
        foreach (var member in BodyOf(block).Members)
            old = member.Key switch
            {
                "min" => old with { WaitLeast = Time(member) },
                "max" => old with { WaitMost = Time(member) },
                "enabled" => old,
                _ => Ignored(old, member, "wait", warn),
            };
        return old with { WaitMost = old.WaitMost < old.WaitLeast ? old.WaitLeast * 4 : old.WaitMost };
    }

    private static UnixFileMode? Perms(HclMember member) =>
        member.Value is HclString { Value.Length: 0 } ? null : Mode(member);

    private static bool IsPlain(HclMember member) => Text(member) switch
    {
        "" or "go" => false,
        "plain" => true,
        _ => throw Wrong(member.Position, member.Key, "must be go or plain"),
    };

    private static bool IsVariable(string name) => name.Length > 0 && !char.IsAsciiDigit(name[0])
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_');

    private static TemplateConfig Ignored(
        TemplateConfig old, HclMember member, string stanza, Action<HclPosition, string> warn)
    {
        warn(member.Position, $"\"{member.Key}\" has no effect in {stanza}");
        return old;
    }
}
