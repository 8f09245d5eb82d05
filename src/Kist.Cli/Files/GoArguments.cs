namespace Kist.Cli.Files;

/// <summary>Arguments as sops reads them: flags first, with one dash or two, a value behind `=` or in the next
/// argument;
/// from the first other argument on, everything is taken as it is.</summary>
internal sealed class GoArguments
{
    private readonly Dictionary<string, IReadOnlyList<string>> _flags = new(StringComparer.Ordinal);

    /// <summary>The values of flags by name.</summary>
    public Dictionary<string, IReadOnlyList<string>> Flags => _flags;

    /// <summary>What follows the flags.</summary>
    public List<string> Rest { get; } = [];

    /// <summary>Whether `--` stood somewhere in <see cref="Rest"/>, which does not hold it.</summary>
    public bool Separated { get; private set; }

    /// <summary>Reads arguments; a text where a flag is unknown or lacks its value.</summary>
    public string? Read(IReadOnlyList<string> arguments, IEnumerable<FileFlag> known)
    {
        var flags = known.ToList();
        var i = 0;
        for (; i < arguments.Count; i++)
        {
            var text = arguments[i];
            if (text.Length < 2 || text[0] != '-') break;
            if (text == "--")
            {
                i++;
                break;
            }
            var name = text.TrimStart('-');
            var at = name.IndexOf('=', StringComparison.Ordinal);
            var value = at < 0 ? null : name[(at + 1)..];
            if (at >= 0) name = name[..at];
            // What was typed may be a secret in the wrong place: the name alone is repeated.
            if (flags.Find(f => f.Name == name || f.Short == name || f.Also == name) is not { } flag)
                return $"flag provided but not defined: -{name}";
            if (flag.IsSwitch) value ??= "true";
            else if (value is null && ++i == arguments.Count) return $"flag needs an argument: -{name}";
            else value ??= arguments[i];
            _flags[flag.Name] = flag.Repeats && _flags.TryGetValue(flag.Name, out var before) ? [.. before, value]
                : [value];
        }
        for (; i < arguments.Count; i++)
        {
            if (arguments[i] == "--" && !Separated) Separated = true;
            else Rest.Add(arguments[i]);
        }
        return null;
    }
}
