using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using Kist.Cli.Output;

namespace Kist.Cli;

/// <summary>Turns arguments into a command, or into an error that says what would have been right.</summary>
internal static class CommandLine
{
    private static readonly ParserConfiguration Parser = new()
    {
        ResponseFileTokenReplacer = null, // @file is a value of `put`, never more arguments
        EnablePosixBundling = false,
    };

    /// <summary>Runs the program and gives its exit code.</summary>
    public static int Run(string[] args)
    {
        args = VaultSpelling.Read(Spelling.Help(args));
        var word = FirstWord(args);
        var root = Build(IsCommand(word) ? word : null);
        if (word is not (null or ['[', ..]) && !IsCommand(word)) return Screen.OfProcess(
            args.Contains(Globals.NoColour.Name), quiet: false).Show(NoCommand("", word, root));
        args = Spelling.Normal(root, args);
        var parsed = root.Parse(args, Parser);
        if (Misspelt(parsed) is { } option)
            return Screen.OfProcess(parsed.GetValue(Globals.NoColour), quiet: false).Show(
                NoOption(parsed, option) with { ExitCode = MistakeCode(parsed) });
        if (parsed.Action is ParseErrorAction || (parsed.Errors.Count > 0 && parsed.Action is not HelpScreen))
            return Refuse(parsed, args);
        try
        {
            return parsed.Invoke(new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,
                // The server and `kist run` have signals of their own; the library's time limit would end them with 143
                // while they still do as they were told.
                ProcessTerminationTimeout = null,
            });
        }
        catch (IOException e)
        {
            return Screen.OfProcess(noColour: true, quiet: false).Show(
                new Problem($"standard input or output failed: {e.Message}", "check for space and for open files"));
        }
    }

    /// <summary>The whole command tree, or only the branch called <paramref name="only"/>.</summary>
    public static RootCommand Build(string? only = null)
    {
        var root = new RootCommand("Keeps a team's secrets and hands them to the programs that need them");
        foreach (var option in root.Options)
        {
            if (option is HelpOption help) help.Action = new HelpScreen();
            if (option is VersionOption version) version.Action = new VersionScreen();
        }
        foreach (var option in Globals.All) root.Options.Add(option);
        foreach (var entry in Program.Commands)
            if (only is null || only == entry.Name) root.Subcommands.Add(entry.Create());
        return root;
    }

    // Help of the root, completion and mistakes need every command; anything else needs one.
    private static string? FirstWord(string[] args)
    {
        for (var i = 0; i < args.Length; i++)
        {
            if (Globals.TakesValue(args[i])) i++;
            else if (!args[i].StartsWith('-')) return args[i];
        }
        return null;
    }

    private static bool IsCommand(string? word)
    {
        foreach (var entry in Program.Commands)
            if (entry.Name == word) return true;
        return false;
    }

    private static int Refuse(ParseResult parsed, string[] args)
    {
        var command = parsed.CommandResult.Command;
        if (command.Subcommands.Count > 0 && parsed.UnmatchedTokens.Count == 0 && args.Length <= Depth(parsed))
        {
            HelpScreen.Print(parsed, Screen.OfProcess(noColour: true, quiet: false));
            return command is RootCommand ? 0 : Problem.Local;
        }
        return Screen.OfProcess(parsed.GetValue(Globals.NoColour), quiet: false).Show(
            Explain(parsed) with { ExitCode = MistakeCode(parsed) });
    }

    private static int MistakeCode(ParseResult parsed) =>
        parsed.CommandResult.Command is KistCommand command ? command.MistakeCode : Problem.Local;

    // Arguments are named, but never repeated as they are: what was typed in the wrong place may be a secret.
    private static Problem Explain(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        var help = "kist " + (Name(parsed) is { Length: > 0 } name ? name + " --help" : "--help");
        if (parsed.UnmatchedTokens.Count == 0)
            return command.Subcommands.Count > 0
                ? new Problem($"kist {Name(parsed)} needs a command: {Choices(command)}".Replace("  ", " "), help)
                : new Problem(Wrong(parsed), help);
        var token = parsed.UnmatchedTokens[0];
        if (token.StartsWith('-') && token.Length > 1) return NoOption(parsed, token.Split('=')[0]);
        if (command.Subcommands.Count == 0)
            return new Problem($"too many arguments for kist {Name(parsed)}", help);
        return NoCommand(Name(parsed) + " ", token, command);
    }

    private static Problem NoCommand(string group, string word, Command command)
    {
        var names = new List<string>();
        foreach (var child in command.Subcommands) names.Add(child.Name);
        return new Problem($"there is no command kist {group}{word.Split('=')[0]}",
            VaultSpelling.Hint(word)
                ?? (Meant(word, names) is { } meant ? $"kist {group}{meant}" : $"kist {group}--help"));
    }

    // The parser takes an unknown option for an argument wherever one fits; nobody means that before a `--`.
    private static string? Misspelt(ParseResult parsed)
    {
        Token? before = null;
        foreach (var token in parsed.Tokens)
        {
            if (token.Type == TokenType.DoubleDash) return null;
            var isValue = before is { Type: TokenType.Option, Value: var name } && TakesValue(parsed, name);
            if (token is { Type: TokenType.Argument, Value: ['-', _, ..] word } && !isValue) return word.Split('=')[0];
            before = token;
        }
        return null;
    }

    private static bool TakesValue(ParseResult parsed, string name)
    {
        foreach (var option in parsed.CommandResult.Command.Options)
            if (option.Name == name || option.Aliases.Contains(name)) return option.ValueType != typeof(bool);
        return Globals.TakesValue(name);
    }

    private static Problem NoOption(ParseResult parsed, string option) =>
        new($"kist {Name(parsed)} has no option {option}".Replace("  ", " "),
            Meant(option, Options(parsed)) ?? $"kist {Name(parsed)} --help".Replace("  ", " "));

    private static string Wrong(ParseResult parsed)
    {
        if (parsed.Errors[0].SymbolResult is OptionResult { Option: var option })
            return option.Required && parsed.GetResult(option) is null or { Implicit: true }
                ? $"kist {Name(parsed)} needs {option.Name} {option.HelpName}"
                : $"{option.Name} takes {option.HelpName ?? "no value"}";
        foreach (var needed in parsed.CommandResult.Command.Options)
            if (needed.Required && parsed.GetResult(needed) is null)
                return $"kist {Name(parsed)} needs {needed.Name} {needed.HelpName}";
        foreach (var argument in parsed.CommandResult.Command.Arguments)
            if ((parsed.GetResult(argument)?.Tokens.Count ?? 0) < argument.Arity.MinimumNumberOfValues)
                return $"kist {Name(parsed)} needs {argument.Name}";
        return "the arguments do not fit together";
    }

    private static List<string> Options(ParseResult parsed)
    {
        var names = new List<string>();
        foreach (var option in parsed.CommandResult.Command.Options) names.Add(option.Name);
        foreach (var option in Globals.All) names.Add(option.Name);
        return names;
    }

    private static string Choices(Command command)
    {
        var names = new List<string>();
        foreach (var child in command.Subcommands) names.Add(child.Name);
        return string.Join(", ", names);
    }

    private static string Name(ParseResult parsed)
    {
        var names = new List<string>();
        for (var at = parsed.CommandResult; at?.Command is not (null or RootCommand);
            at = at.Parent as CommandResult) names.Insert(0, at.Command.Name);
        return string.Join(' ', names);
    }

    private static int Depth(ParseResult parsed) => Name(parsed) is "" ? 0 : Name(parsed).Split(' ').Length;

    /// <summary>The candidate that is at most two typing mistakes away.</summary>
    internal static string? Meant(string typed, IEnumerable<string> candidates)
    {
        string? best = null;
        var least = Math.Min(3, typed.Length);
        foreach (var candidate in candidates)
        {
            var distance = Distance(typed, candidate);
            if (distance >= least) continue;
            least = distance;
            best = candidate;
        }
        return best;
    }

    // Edits between two words, a swap of neighbours counting as one.
    private static int Distance(string a, string b)
    {
        var rows = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++) rows[i, 0] = i;
        for (var j = 0; j <= b.Length; j++) rows[0, j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            for (var j = 1; j <= b.Length; j++)
            {
                var cost = a[i - 1] == b[j - 1] ? 0 : 1;
                rows[i, j] = Math.Min(Math.Min(rows[i - 1, j] + 1, rows[i, j - 1] + 1), rows[i - 1, j - 1] + cost);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    rows[i, j] = Math.Min(rows[i, j], rows[i - 2, j - 2] + 1);
            }
        }
        return rows[a.Length, b.Length];
    }

    private sealed class VersionScreen : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            Screen.OfProcess(noColour: true, quiet: false).Line("kist " + VersionCommand.Number);
            return 0;
        }
    }
}
