using System.Globalization;
using Kist.Cli.Output;
using Kist.Formats.Sops;
using Kist.Formats.Sops.Config;

namespace Kist.Cli.Files;

/// <summary>One call of a command: its arguments, and the values of its flags.</summary>
internal sealed class FileCall(Session session, IReadOnlyList<string> arguments,
    IReadOnlyDictionary<string, IReadOnlyList<string>> flags)
{
    public Session Session => session;
    public Screen Screen => session.Screen;
    public IReadOnlyList<string> Arguments => arguments;

    /// <summary>Whether `--` stood in front of the program's words.</summary>
    public bool SeparatedProgram { get; init; }

    /// <summary>Now, to the second as files keep it.</summary>
    public DateTimeOffset Now { get; } = DateTimeOffset.FromUnixTimeSeconds(
        TimeProvider.System.GetUtcNow().ToUnixTimeSeconds());

    public bool Has(FileFlag flag) => Text(flag) is { } text && !IsFalse(text);

    /// <summary>Whether a switch that is on unless it is turned off is on.</summary>
    public bool IsOn(FileFlag flag) => Text(flag) is not { } text || !IsFalse(text);

    /// <summary>The value of the flag, else of its variable; null where neither is given, or is empty.</summary>
    public string? Text(FileFlag flag)
    {
        if (flags.TryGetValue(flag.Name, out var values) && values.Count > 0)
            return values[^1].Length > 0 ? values[^1] : null;
        return flag.Variable is { } variable && Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text
            ? text : null;
    }

    /// <summary>All values of a flag that repeats.</summary>
    public IReadOnlyList<string> All(FileFlag flag)
    {
        if (flags.TryGetValue(flag.Name, out var values)) return values;
        return flag.Variable is { } variable && Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text
            ? text.Split(',') : [];
    }

    /// <summary>A number; false where it is none.</summary>
    public bool TryNumber(FileFlag flag, out int? number)
    {
        number = null;
        if (Text(flag) is not { } text) return true;
        if (!int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var read))
            return false;
        number = read;
        return true;
    }

    /// <summary>The keys that flags name, all of one group; empty where none does.</summary>
    public SopsOutcome<IReadOnlyList<MasterKey>> Keys(string prefix = "")
    {
        IReadOnlyList<KeyValuePair<string, string>>? context = null;
        if (Text(FileFlag.Context) is { } text && (context = KeyTexts.ParseContext(text)) is null)
            return new SopsFault(SopsExit.KmsContext, "--encryption-context is name:value, with commas between pairs");
        var keys = new List<MasterKey>();
        foreach (var (kind, flag) in FileFlag.Keys)
        {
            var own = prefix.Length == 0 ? flag : new FileFlag(prefix + flag.Name, flag.Value, flag.Summary);
            if (Text(own) is not { } value) continue;
            if (!KeyTexts.Parse(kind, value, Now, context, Text(FileFlag.AwsProfile) ?? "").Try(out var some,
                out var bad))
                return bad with { Message = $"--{own.Name}: {bad.Message}" };
            keys.AddRange(some);
        }
        return SopsOutcome<IReadOnlyList<MasterKey>>.Of(keys);
    }

    /// <summary>Shows why it cannot be done and gives sops' exit code.</summary>
    public int Fail(SopsFault fault, string? hint = null) =>
        session.Fail(new Problem(fault.ToString(), hint, (int)fault.Exit));

    public int Fail(SopsExit exit, string message, string? hint = null) =>
        session.Fail(new Problem(message, hint, (int)exit));

    private static bool IsFalse(string text) => text is "false" or "0" or "f" or "F" or "FALSE" or "False";
}
