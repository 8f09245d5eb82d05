using System.CommandLine;

namespace Kist.Cli;

/// <summary>A command with what help shows beyond its one-line summary.</summary>
internal sealed class KistCommand : Command
{
    public KistCommand(string name, string summary) : base(name, summary)
    {
    }

    /// <summary>Paragraphs of help after the summary.</summary>
    public string Details { get; init; } = "";

    /// <summary>How to call it, where that does not follow from its arguments and options.</summary>
    public string? Usage { get; init; }

    /// <summary>The exit code of a mistake in the arguments, where 1 means something else.</summary>
    public int MistakeCode { get; init; } = Output.Problem.Local;

    /// <summary>Example command lines, each with an optional remark after <c>#</c>.</summary>
    public string[] Examples { get; init; } = [];

    /// <summary>Adds an argument that must be there.</summary>
    public Argument<string> Required(string name, string summary)
    {
        var argument = new Argument<string>(name) { Description = summary };
        Arguments.Add(argument);
        return argument;
    }

    /// <summary>Adds an argument that may be left out.</summary>
    public Argument<string?> Optional(string name, string summary)
    {
        var argument = new Argument<string?>(name) { Description = summary, Arity = ArgumentArity.ZeroOrOne };
        Arguments.Add(argument);
        return argument;
    }

    /// <summary>Adds an argument that takes the rest of the line.</summary>
    public Argument<string[]> Rest(string name, string summary, bool atLeastOne = false)
    {
        var argument = new Argument<string[]>(name)
        {
            Description = summary,
            Arity = atLeastOne ? ArgumentArity.OneOrMore : ArgumentArity.ZeroOrMore,
        };
        Arguments.Add(argument);
        return argument;
    }

    /// <summary>Adds an option with a value.</summary>
    public Option<T> Option<T>(string name, string value, string summary)
    {
        var option = new Option<T>(name) { Description = summary, HelpName = value };
        Options.Add(option);
        return option;
    }

    /// <summary>Adds an option that may be given several times.</summary>
    public Option<string[]> Repeated(string name, string value, string summary)
    {
        var option = new Option<string[]>(name)
        {
            Description = summary + " (may be repeated)",
            HelpName = value,
            AllowMultipleArgumentsPerToken = false,
            Arity = ArgumentArity.OneOrMore,
        };
        Options.Add(option);
        return option;
    }

    /// <summary>Adds a switch.</summary>
    public Option<bool> Switch(string name, string summary, params string[] aliases)
    {
        var option = new Option<bool>(name, aliases) { Description = summary };
        Options.Add(option);
        return option;
    }

    /// <summary>Says what the command does with a session of its own.</summary>
    public KistCommand Does(Func<Session, ParseResult, int> body)
    {
        SetAction(parsed => Session.Run(parsed, session => body(session, parsed)));
        return this;
    }

    /// <summary>Adds the commands of a group.</summary>
    public KistCommand With(params ReadOnlySpan<Command> commands)
    {
        foreach (var command in commands) Subcommands.Add(command);
        return this;
    }
}
