using System.CommandLine;
using Kist.Cli.Output;
using Kist.Formats.Sops;

namespace Kist.Cli.Files;

/// <summary>`kist sops`: the same commands with the command line of sops, so that an alias works in scripts.</summary>
internal static class SopsCommand
{
    private static readonly FileFlag s_decrypt = new("decrypt", null, "", "d"), s_encrypt = new("encrypt", null, "",
        "e"),
        s_rotate = new("rotate", null, "", "r"), s_set = new("set", "PATH VALUE", ""), s_version = new("version",
            null, "",
            "v"), s_help = new("help", null, "", "h"), s_noCheck = new("disable-version-check", null, ""),
        s_check = new("check-for-updates", null, "");

    /// <summary>The flags of sops before any command: global ones, and those of the old style.</summary>
    private static FileFlag[] RootFlags =>
    [
        s_decrypt, s_encrypt, s_rotate, s_set, s_version, s_help, s_noCheck, s_check, .. FileFlag.KeyFlags,
        .. FileFlag.Changes.Where(static f => f != FileFlag.AwsProfile && f != FileFlag.Context), FileFlag.InPlace,
        FileFlag.Output, FileFlag.Extract, FileFlag.InputType, FileFlag.OutputType, FileFlag.ShowKeys,
        FileFlag.IgnoreMac, FileFlag.MacOnlyEncrypted, .. FileFlag.Rules, FileFlag.Threshold, FileFlag.Override,
        .. FileFlag.Common,
    ];

    /// <summary>The command as help and completion know it.</summary>
    public static KistCommand Create()
    {
        var command = new KistCommand("sops", "Take the command line of sops, for scripts: alias sops='kist sops'")
        {
            Usage = "kist sops [OPTIONS] COMMAND [OPTIONS] [ARGUMENTS], or kist sops [-d | -e | -r] [OPTIONS] FILE",
            Details = """
                Commands, flags, variables and exit codes are those of sops; flags stand before other arguments. The
                commands are those of `kist file`: kist file --help.
                """,
            Examples =
            [
                "alias sops='kist sops'",
                "sops -d secrets.yaml",
                "sops exec-env secrets.yaml './deploy.sh'",
            ],
        };
        var rest = command.Rest("ARGUMENTS", "Whatever sops takes");
        return command.Does((session, parsed) => Run(session, parsed.GetValue(rest) ?? []));
    }

    /// <summary>Runs `kist sops ARGUMENTS`.</summary>
    public static int Run(string[] arguments)
    {
        var parsed = CommandLine.Build("sops").Parse(["sops"]);
        return Session.Run(parsed, session => Run(session, arguments));
    }

    private static int Run(Session session, string[] arguments)
    {
        var root = new GoArguments();
        if (root.Read(arguments, RootFlags) is { } wrong) return Misused(session, wrong);
        if (root.Flags.ContainsKey(s_version.Name)) return Version(session);
        if (root.Flags.ContainsKey(s_help.Name)) return Help(session);
        if (root.Rest is [var name, .. var rest] && !IsOldStyle(root))
        {
            if (name is "help" or "h") return Help(session);
            if (name == "groups" && rest is ["--help" or "-h", ..]) return Help(session, name);
            if (name == "completion") return CommandLine.Run([name, .. rest]);
            if (name == "groups")
                return rest is [var which, .. var own]
                    && Array.Find(FileCommands.Groups, c => c.Name == which) is { } group
                    ? Call(session, group, own, root) : Misused(session, "groups takes add or delete");
            if (Array.Find(FileCommands.All, c => c.OfSops && c.Name == name) is { } command)
                return Call(session, command, rest, root);
        }
        return OldStyle(session, root);
    }

    private static bool IsOldStyle(GoArguments root) =>
        root.Flags.ContainsKey(s_decrypt.Name) || root.Flags.ContainsKey(s_encrypt.Name)
        || root.Flags.ContainsKey(s_rotate.Name) || root.Flags.ContainsKey(s_set.Name);

    private static int Call(Session session, FileCommand command, IReadOnlyList<string> arguments, GoArguments root)
    {
        var own = new GoArguments();
        if (own.Read(arguments, command.AllFlags.Append(s_help).Append(FileFlag.MacOnlyEncrypted)
            .Concat(FileFlag.Rules).Append(FileFlag.Order)) is { } wrong) return Misused(session, wrong);
        if (own.Flags.ContainsKey(s_help.Name)) return Help(session, command.Name);
        foreach (var (name, values) in root.Flags) own.Flags.TryAdd(name, values);
        var limit = command.Arguments.Any(a => a.Contains('…')) ? int.MaxValue : Math.Max(command.Arguments.Length, 1);
        Warn(session, own.Rest, limit);
        return command.Run(new FileCall(session, limit == int.MaxValue
            ? own.Rest : [.. own.Rest.Take(limit)], own.Flags)
        {
            SeparatedProgram = own.Separated,
        });
    }

    // sops -d FILE, sops -e FILE, sops -r FILE, sops --set '["a"] 1' FILE, and sops FILE to edit.
    private static int OldStyle(Session session, GoArguments root)
    {
        if (root.Rest.Count == 0)
            return session.Fail(new Problem("no file specified", "kist sops --help", (int)SopsExit.NoFile));
        Warn(session, root.Rest, 1);
        var call = new FileCall(session, [root.Rest[0]], root.Flags);
        if (FileText.CheckOutput(call) is { } conflict) return call.Fail(conflict);
        var changes = root.Flags.Keys.Any(static k => k.StartsWith("add-", StringComparison.Ordinal)
            || k.StartsWith("rm-", StringComparison.Ordinal));
        if (changes && !File.Exists(call.Arguments[0]))
            return call.Fail(SopsExit.KeysOfMissingFile,
                $"cannot add or remove keys on non-existent file {call.Arguments[0]}, use `--kms` and `--pgp` instead");
        if (root.Flags.ContainsKey(s_decrypt.Name)) return CryptRuns.Decrypt(call);
        // As sops does: a configuration that has no rule for the file stops everything but decryption.
        if (FileConfig.RuleFor(call, Path.GetFullPath(call.Text(FileFlag.Override) ?? call.Arguments[0])).Fault
            is { } unruled) return call.Fail(unruled);
        if (root.Flags.ContainsKey(s_encrypt.Name)) return CryptRuns.Encrypt(call);
        if (root.Flags.ContainsKey(s_rotate.Name)) return RecipientRuns.Rotate(call);
        return root.Flags.TryGetValue(s_set.Name, out var set) ? ChangeRuns.SetOld(call, set[^1]) : EditRun.Run(call);
    }

    private static void Warn(Session session, List<string> rest, int limit)
    {
        if (rest.Count <= limit) return;
        session.Screen.Warn(limit == 1
            ? "More than one positional argument provided. Only the first one will be used!"
            : $"More than {limit} positional arguments provided. Only the first {limit} will be used!");
        if (rest.Skip(limit).LastOrDefault(static a => a.StartsWith('-')) is { } flag)
            session.Screen.Warn($"One of the ignored arguments, {flag.Split('=')[0]}, looks like a flag. "
                + "Flags must always be provided before the first positional argument!");
    }

    private static int Misused(Session session, string message) =>
        session.Fail(new Problem(message, "kist sops --help"));

    private static int Help(Session session, string? name = null)
    {
        var sops = FileCommands.CreateOfSops();
        // Below the root, so that usage says `kist sops`.
        _ = new RootCommand { sops };
        var shown = sops.Subcommands.FirstOrDefault(c => c.Name == name)
            ?? sops.Subcommands.SelectMany(static c => c.Subcommands).FirstOrDefault(c => c.Name == name);
        HelpScreen.Print(shown ?? sops, session.Screen);
        return 0;
    }

    // Scripts ask for the version to know what a file may hold.
    private static int Version(Session session)
    {
        session.Screen.Line($"sops {SopsMetadata.CurrentVersion} (kist "
            + typeof(SopsCommand).Assembly.GetName().Version!.ToString(3) + ")");
        return 0;
    }
}
