using System.CommandLine;

namespace Kist.Cli;

/// <summary>
/// The forms in which people type the same: long options with one dash as Go's programs take them (<c>-field=url</c>),
/// <c>kist help get</c>, and <c>kist run</c> without <c>--</c> before the program.
/// </summary>
internal static class Spelling
{
    /// <summary>`kist help get` asks what `kist get --help` does.</summary>
    public static string[] Help(string[] args) => args is ["help", .. var words] ? [.. words, "--help"] : args;

    /// <summary>The arguments in the one form that the parser of <paramref name="root"/> takes.</summary>
    public static string[] Normal(RootCommand root, string[] args)
    {
        // Both have words of their own: the shells' question, and the flags of the age program.
        if (args is [['[', ..], ..]) return args;
        if (args is ["age", ..]) return AgeCommands.WithTwoDashes(args);
        if (args is ["scan", ..]) args = ScanCommand.WithGitleaks(args);
        var words = new List<string>(args.Length + 1);
        Command at = root;
        for (var i = 0; i < args.Length; i++)
        {
            var word = args[i];
            if (word == "--") return [.. words, .. args[i..]];
            if (word is ['-', _, ..])
            {
                word = WithTwoDashes(root, at, word);
                words.Add(word);
                if (i + 1 < args.Length && Find(root, at, word) is { } option && option.ValueType != typeof(bool))
                    words.Add(args[++i]);
            }
            else if (Below(at, word) is { } child)
            {
                at = child;
                words.Add(word);
            }
            // From here on every word is the program's own, whatever it looks like.
            else if (at.Name == "run") return [.. words, "--", .. args[i..]];
            else words.Add(word);
        }
        return [.. words];
    }

    private static string WithTwoDashes(RootCommand root, Command at, string word)
    {
        var name = word.Split('=')[0];
        return word[1] != '-' && name.Length > 2 && Find(root, at, "-" + name) is not null ? "-" + word : word;
    }

    private static Command? Below(Command at, string word)
    {
        foreach (var child in at.Subcommands)
            if (child.Name == word) return child;
        return null;
    }

    private static Option? Find(RootCommand root, Command at, string name)
    {
        foreach (var option in at.Options)
            if (option.Name == name || option.Aliases.Contains(name)) return option;
        foreach (var option in root.Options)
            if (option.Name == name || option.Aliases.Contains(name)) return option;
        return null;
    }
}
