using System.CommandLine;

namespace Kist.Cli.Files;

/// <summary>One command on encrypted files, as both spellings know it: `kist file NAME` and `kist sops NAME`.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Summary">One line of help.</param>
/// <param name="Arguments">Its arguments; one in brackets may be left out, one that ends with … takes the rest.</param>
/// <param name="Flags">Its flags, besides <see cref="FileFlag.Common"/>.</param>
/// <param name="Run">What it does; the exit code.</param>
internal sealed record FileCommand(
    string Name, string Summary, string[] Arguments, FileFlag[] Flags, Func<FileCall, int> Run)
{
    public string Details { get; init; } = "";
    public string[] Examples { get; init; } = [];

    /// <summary>Whether sops has it too.</summary>
    public bool OfSops { get; init; } = true;

    /// <summary>Whether git calls it and nobody types it.</summary>
    public bool Hidden { get; init; }

    /// <summary>Every flag.</summary>
    public IEnumerable<FileFlag> AllFlags => Flags.Concat(FileFlag.Common);

    /// <summary>The command as `kist file` has it: flags in any place, help and completion as everywhere.</summary>
    public KistCommand Create()
    {
        var command = new KistCommand(Name, Summary) { Details = Details, Examples = Examples, Hidden = Hidden };
        var readers = new List<Func<ParseResult, IEnumerable<string>>>();
        foreach (var argument in Arguments)
        {
            var name = argument.Trim('[', ']', '…', ' ');
            var summary = Meaning(name);
            if (argument.Contains('…'))
            {
                var rest = command.Rest(name, summary, atLeastOne: !argument.StartsWith('['));
                readers.Add(p => p.GetValue(rest) ?? []);
            }
            else
            {
                // What is missing is told with sops' exit codes, by the command itself.
                var one = command.Optional(name, summary);
                readers.Add(p => p.GetValue(one) is { } value ? [value] : []);
            }
        }
        var flags = new List<(FileFlag Flag, Func<ParseResult, string[]?> Read)>();
        foreach (var flag in AllFlags) flags.Add((flag, Add(command, flag)));
        return command.Does((session, parsed) =>
        {
            var values = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
            foreach (var (flag, read) in flags)
                if (read(parsed) is { } given) values[flag.Name] = given;
            var separated = false;
            foreach (var token in parsed.Tokens)
                separated |= token.Type == System.CommandLine.Parsing.TokenType.DoubleDash;
            return Run(new FileCall(session, [.. readers.SelectMany(r => r(parsed))], values)
            {
                SeparatedProgram = separated,
            });
        });
    }

    private static Func<ParseResult, string[]?> Add(KistCommand command, FileFlag flag)
    {
        string[] aliases = [.. flag.Short is { } letter ? ["-" + letter] : Array.Empty<string>(),
            .. flag.Also is { } also ? ["--" + also] : Array.Empty<string>()];
        // One name may mean one thing only: kist's own flag of that name is read instead.
        if (flag == FileFlag.Address) return p => p.GetValue(Globals.Address) is { } address ? [address] : null;
        if (flag.IsSwitch)
        {
            var option = command.Switch("--" + flag.Name, flag.Summary, aliases);
            return p => p.GetResult(option) is { Implicit: false } ? [p.GetValue(option) ? "true" : "false"] : null;
        }
        if (flag.Repeats)
        {
            var many = command.Repeated("--" + flag.Name, flag.Value!, flag.Summary);
            return p => p.GetValue(many) is { Length: > 0 } values ? values : null;
        }
        var text = command.Option<string?>("--" + flag.Name, flag.Value!, flag.Summary);
        foreach (var alias in aliases) text.Aliases.Add(alias);
        return p => p.GetValue(text) is { } value ? [value] : null;
    }

    private static string Meaning(string argument) => argument switch
    {
        "FILE" => "The file",
        "FILES" => "The files",
        "PATH" => "Where in the file: key.key.0, or [\"key\"][\"key\"][0]",
        "VALUE" => "The value in JSON: '\"text\"', 42, true, '{\"a\":1}'",
        "TEXT" => "The value, a text; from standard input if it is left out",
        "COMMAND" => "A text for the shell; behind -- a program and its arguments",
        "INDEX" => "Which group; 0 is the first",
        "PERSON" => "A recipient, the beginning of one, or the name of its anchor in .sops.yaml",
        "FOLDER" => "The folder (else the current one)",
        "PLACES" => "Files and folders (else the current folder)",
        "PATTERNS" => "Patterns for .gitattributes (else *.yaml *.yml *.json *.env *.ini)",
        _ => argument.ToLowerInvariant(),
    };
}
