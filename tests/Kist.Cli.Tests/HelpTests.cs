using System.CommandLine;
using System.Runtime.CompilerServices;
using System.Text;
using Kist.Cli.Output;

namespace Kist.Cli.Tests;

/// <summary>
/// The whole surface of the command line as one committed text, so that a change of it shows in a diff.
/// <c>KIST_UPDATE_SNAPSHOTS=1</c> writes it anew.
/// </summary>
public sealed class HelpTests
{
    [Fact]
    public void Help_of_every_command_is_as_committed()
    {
        var actual = Render(CommandLine.Build());
        var path = Path.Combine(SourceFolder(), "Data", "help.txt");
        if (Environment.GetEnvironmentVariable("KIST_UPDATE_SNAPSHOTS") == "1") File.WriteAllText(path, actual);
        var committed = File.ReadAllText(path);
        Assert.True(committed == actual,
            "help has changed: KIST_UPDATE_SNAPSHOTS=1 writes Data/help.txt anew, then read its diff\n"
            + FirstDifference(committed, actual));
    }

    [Fact]
    public void Every_command_has_a_one_line_summary_and_every_runnable_one_an_example()
    {
        foreach (var command in All(CommandLine.Build()))
        {
            Assert.False(string.IsNullOrWhiteSpace(command.Description), command.Name);
            Assert.DoesNotContain('\n', command.Description!);
            Assert.False(command.Description!.EndsWith('.'), command.Name);
            if (command is KistCommand { Subcommands.Count: 0 } leaf) Assert.NotEmpty(leaf.Examples);
        }
    }

    [Fact]
    public void Every_option_and_argument_is_described()
    {
        foreach (var command in All(CommandLine.Build()))
        {
            Assert.All(command.Options, option => Assert.False(string.IsNullOrEmpty(option.Description), option.Name));
            Assert.All(command.Arguments, a => Assert.False(string.IsNullOrEmpty(a.Description), a.Name));
        }
    }

    [Fact]
    public void Every_name_in_the_list_of_commands_is_the_name_of_what_it_builds() =>
        Assert.All(Program.Commands, static entry => Assert.Equal(entry.Name, entry.Create().Name));

    private static IEnumerable<Command> All(Command command) =>
        command.Subcommands.SelectMany(All).Prepend(command);

    private static string Render(Command root)
    {
        using var text = new MemoryStream();
        var screen = new Screen(text, text, outputIsTerminal: false, colour: false, quiet: false);
        foreach (var command in All(root))
        {
            screen.Line($"$ {FullName(command)} --help");
            HelpScreen.Print(command, screen);
            screen.Line("");
        }
        return Encoding.UTF8.GetString(text.ToArray());
    }

    private static string FullName(Command command) =>
        command.Parents.FirstOrDefault() is Command parent ? $"{FullName(parent)} {command.Name}" : "kist";

    private static string FirstDifference(string committed, string actual)
    {
        var (before, after) = (committed.Split('\n'), actual.Split('\n'));
        var line = before.Zip(after).TakeWhile(static pair => pair.First == pair.Second).Count();
        return $"line {line + 1}: {before.ElementAtOrDefault(line)}\nbecomes: {after.ElementAtOrDefault(line)}";
    }

    private static string SourceFolder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
