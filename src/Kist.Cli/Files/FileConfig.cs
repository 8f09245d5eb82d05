using Kist.Formats.Sops;
using Kist.Formats.Sops.Config;

namespace Kist.Cli.Files;

/// <summary>What flags and the .sops.yaml together say about a file.</summary>
internal static class FileConfig
{
    /// <summary>The configuration: the one that is named, else the nearest of this folder and those above; null where
    /// there is none.</summary>
    public static SopsOutcome<SopsConfig?> Load(FileCall call)
    {
        var named = call.Text(FileFlag.Config);
        var path = named ?? SopsConfig.Find(Environment.CurrentDirectory, out var other);
        if (path is null)
        {
            SopsConfig.Find(Environment.CurrentDirectory, out other);
            if (other is not null) call.Screen.Warn($"{other} is not read: the name must be {SopsConfig.FileName}");
            return SopsOutcome<SopsConfig?>.Of(null);
        }
        return SopsConfig.Load(path, call.Now).Try(out var config, out var fault)
            ? SopsOutcome<SopsConfig?>.Of(config) : fault;
    }

    /// <summary>The rule for a new file; null where there is no configuration, or one without rules.</summary>
    /// <param name="file">Absolute.</param>
    public static SopsOutcome<CreationRule?> RuleFor(FileCall call, string file)
    {
        var loaded = Load(call);
        if (loaded.Fault is { } fault) return fault;
        if (loaded.Value is not { HasCreationRules: true } config) return SopsOutcome<CreationRule?>.Of(null);
        var found = config.CreationRuleFor(file);
        foreach (var warning in config.Warnings) call.Screen.Warn(warning);
        return found.Try(out var rule, out fault) ? SopsOutcome<CreationRule?>.Of(rule) : fault;
    }

    /// <summary>How the outputs of this call are laid out.</summary>
    public static SopsOutcome<SopsStyle> Style(FileCall call)
    {
        var loaded = Load(call);
        if (loaded.Fault is { } fault) return fault;
        var style = loaded.Value?.Style ?? new SopsStyle();
        if (!call.TryNumber(FileFlag.Indent, out var indent))
            return new SopsFault(SopsExit.Generic, "--indent is a number of blanks");
        return indent is null ? style : new SopsStyle(indent.Value, indent.Value, indent.Value);
    }

    /// <summary>What a new file's metadata are, its data key not yet encrypted to anybody.</summary>
    public static SopsOutcome<SopsMetadata> NewFile(FileCall call, string file)
    {
        var found = RuleFor(call, file);
        if (found.Fault is { } fault) return fault;
        var rule = found.Value;
        if (!Selection(call, rule).Try(out var rules, out fault)) return fault;
        if (!call.Keys().Try(out var keys, out fault)) return fault;
        if (!call.TryNumber(FileFlag.Threshold, out var threshold))
            return new SopsFault(SopsExit.Generic, "--shamir-secret-sharing-threshold is a number");
        if (keys.Count == 0 && rule is null)
            return new SopsFault(SopsExit.Generic,
                "config file not found, or has no creation rules, and no keys provided "
                + "through command line options: --age RECIPIENT, or a .sops.yaml with creation_rules");
        IReadOnlyList<KeyGroup> groups = keys.Count > 0 ? [new KeyGroup(keys)] : rule!.Groups;
        return new SopsMetadata
        {
            Groups = groups, ShamirThreshold = threshold ?? (keys.Count > 0 ? 0 : rule!.ShamirThreshold), Rules = rules,
        };
    }

    private static SopsOutcome<SopsRules> Selection(FileCall call, CreationRule? rule)
    {
        var chosen = new List<(SopsSelection Selection, string Text)>();
        for (var i = 0; i < FileFlag.Rules.Length; i++)
        {
            var selection = (SopsSelection)i;
            var own = (rule?.Selections ?? []).FirstOrDefault(s => s.Selection == selection).Text;
            if ((call.Text(FileFlag.Rules[i]) ?? own) is { Length: > 0 } text) chosen.Add((selection, text));
        }
        if (chosen.Count > 1)
            return new SopsFault(SopsExit.Conflict, "cannot use more than one of encrypted_suffix, unencrypted_suffix, "
                + "encrypted_regex, unencrypted_regex, encrypted_comment_regex, or unencrypted_comment_regex");
        var macOnly = call.Has(FileFlag.MacOnlyEncrypted) || rule is { MacOnlyEncrypted: true };
        return chosen.Count == 0 ? SopsRules.Default with { MacOnlyEncrypted = macOnly }
            : SopsRules.Of(chosen[0].Selection, chosen[0].Text, macOnly);
    }
}
