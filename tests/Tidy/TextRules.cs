using System.Text.RegularExpressions;

namespace Kist.Tidy.Tests;

/// <summary>Words that may not be committed. Each is written here in two pieces, so that this file may be.</summary>
public static class TextRules
{
    private static readonly Regex s_unfinished =
        new(@"\b(TO" + @"DO|FIX" + @"ME|HA" + @"CK|NotImplemented" + @"Exception)\b");

    private static readonly Regex s_skipped =
        new(@"\bSkip(When|Unless)?\s" + @"*=\s*(""|nameof)|Assert\.(Skip|True\(true\))");

    private static readonly Regex s_swallowed = new(@"\bcatch\s*(\([^)]*\))?\s*\{\s*\}");

    private static readonly Regex s_machine =
        new(@"(?<![\w.}-])/(wo" + @"rk|ro" + @"ot|Users)/|/home/(?!alice|bob|app|user|you)\w|\bfa" + @"rm-[a-z]");

    private static readonly Regex s_silenced =
        new(@"pragma warning disable|SuppressMessage\(|<NoWarn>|TreatWarningsAsErrors>false|IsAotCompatible>false");

    /// <summary>Work that is marked as unfinished.</summary>
    public static IEnumerable<Violation> Unfinished(IEnumerable<TextFile> files) => Find(files, s_unfinished);

    /// <summary>Tests that do not run, cannot fail, or hide what went wrong.</summary>
    public static IEnumerable<Violation> Hollow(IEnumerable<TextFile> files) =>
        [.. Find(files, s_skipped), .. Find(files, s_swallowed)];

    /// <summary>Paths and tools that exist on one machine only.</summary>
    public static IEnumerable<Violation> MachineNames(IEnumerable<TextFile> files) => Find(files, s_machine);

    /// <summary>Warnings that are turned off.</summary>
    public static IEnumerable<Violation> Silenced(IEnumerable<TextFile> files) => Find(files, s_silenced);

    private static IEnumerable<Violation> Find(IEnumerable<TextFile> files, Regex pattern) =>
        from file in files
        let first = pattern.Match(file.Text)
        where first.Success
        let line = file.Text.AsSpan(0, first.Index).Count('\n') + 1
        select new Violation(file.Path, $"line {line}: {first.Value.Trim()}", pattern.Count(file.Text));
}
