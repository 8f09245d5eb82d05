using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Kist.Cli.Output;

namespace Kist.Cli;

/// <summary>Help of a command: usage, arguments, options, examples. Written from the command tree alone.</summary>
internal sealed class HelpScreen : SynchronousCommandLineAction
{
    private const int Left = 28;

    /// <inheritdoc/>
    public override bool ClearsParseErrors => true;

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        Print(parseResult, Screen.OfProcess(parseResult.GetValue(Globals.NoColour), quiet: false));
        return 0;
    }

    /// <summary>Prints the help of the command that was parsed.</summary>
    public static void Print(ParseResult parsed, Screen screen) => Print(parsed.CommandResult.Command, screen);

    /// <summary>Prints the help of <paramref name="command"/>.</summary>
    public static void Print(Command command, Screen screen)
    {
        screen.Line(command.Description + ".");
        if (command is KistCommand { Details.Length: > 0 } detailed) screen.Line("\n" + detailed.Details);
        screen.Heading("\nUsage");
        screen.Line("  " + Usage(command));
        if (command is RootCommand) PrintGroups(screen);
        else PrintCommands(command, screen);
        PrintArguments(command, screen);
        PrintOptions(command, screen);
        if (command is KistCommand { Examples.Length: > 0 } shown)
        {
            screen.Heading("\nExamples");
            foreach (var example in shown.Examples) screen.Line("  " + example);
        }
        if (command is RootCommand) PrintRootEnd(screen);
        else screen.Line("\nOptions that every command takes: kist --help");
    }

    private static string Usage(Command command)
    {
        if (command is KistCommand { Usage: { } own }) return own;
        var usage = FullName(command);
        if (command.Subcommands.Count > 0) return usage + " COMMAND …";
        foreach (var argument in command.Arguments)
        {
            var name = argument.Name + (argument.Arity.MaximumNumberOfValues > 1 ? " …" : "");
            usage += argument.Arity.MinimumNumberOfValues == 0 ? $" [{name}]" : $" {name}";
        }
        return Visible(command).Count > 0 ? usage + " [OPTIONS]" : usage;
    }

    private static string FullName(Command command)
    {
        var name = command is RootCommand ? "kist" : command.Name;
        foreach (var parent in command.Parents)
            if (parent is Command above) return FullName(above) + " " + name;
        return name;
    }

    private static void PrintGroups(Screen screen)
    {
        var group = "";
        foreach (var entry in Program.Commands)
        {
            if (entry.Group != group) screen.Heading("\n" + entry.Group);
            group = entry.Group;
            PrintRow(screen, entry.Name, entry.Create().Description);
        }
    }

    private static void PrintCommands(Command command, Screen screen)
    {
        if (command.Subcommands.Count == 0) return;
        screen.Heading("\nCommands");
        foreach (var child in command.Subcommands)
            if (!child.Hidden) PrintRow(screen, child.Name, child.Description);
    }

    private static void PrintArguments(Command command, Screen screen)
    {
        if (command.Arguments.Count == 0) return;
        screen.Heading("\nArguments");
        foreach (var argument in command.Arguments) PrintRow(screen, argument.Name, argument.Description);
    }

    private static void PrintOptions(Command command, Screen screen)
    {
        var options = Visible(command);
        if (options.Count == 0) return;
        screen.Heading("\nOptions");
        foreach (var option in options)
        {
            var name = option.Name;
            foreach (var alias in option.Aliases)
                if (alias.StartsWith('-') && !alias.StartsWith("-?", StringComparison.Ordinal)) name += ", " + alias;
            PrintRow(screen, option.HelpName is { } value ? $"{name} {value}" : name, option.Description);
        }
    }

    private static void PrintRootEnd(Screen screen)
    {
        screen.Heading("\nExit codes");
        screen.Line("  0 done · 1 the command line or this machine · 2 the server refused, failed or is out of reach");
        screen.Heading("\nStart here");
        screen.Line("  kist put prod/database url=postgres://db/app password=-");
        screen.Line("  kist get prod/database password");
        screen.Line("  kist run --from prod/database -- ./app");
    }

    private static List<Option> Visible(Command command)
    {
        var options = new List<Option>();
        foreach (var option in command.Options)
            if (!option.Hidden && (option is not HelpOption || command is RootCommand))
                options.Add(option);
        return options;
    }

    private static void PrintRow(Screen screen, string left, string? right)
    {
        if (left.Length + 2 > Left) screen.Line($"  {left}\n{new string(' ', Left + 2)}{right}");
        else screen.Line($"  {left.PadRight(Left)}{right}");
    }
}
