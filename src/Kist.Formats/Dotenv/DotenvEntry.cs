using Kist.Secrets;

namespace Kist.Formats.Dotenv;

/// <summary>One variable of a <c>.env</c> file.</summary>
/// <param name="Name">Letters, digits, <c>_</c>, <c>.</c> and <c>-</c>.</param>
/// <param name="Value">The value's bytes, without quotes; usually UTF-8.</param>
/// <param name="Line">The line where it begins, counted from 1.</param>
/// <param name="Quote">How it is quoted.</param>
/// <param name="Exported">Whether <c>export</c> stands in front of it.</param>
public sealed record DotenvEntry(string Name, SecretBuffer Value, int Line, DotenvQuote Quote, bool Exported)
{
    /// <summary>Where the entry's text lies in the file, in bytes: from its line's beginning to its last line's end,
    /// the line break left out.</summary>
    public Range Text { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Name}=[REDACTED]";
}

/// <summary>How a value is quoted.</summary>
public enum DotenvQuote
{
    /// <summary>Not at all: the value ends with the line, or where a comment begins.</summary>
    None,
    /// <summary><c>'…'</c>: as it stands.</summary>
    Single,
    /// <summary><c>"…"</c>: with escapes.</summary>
    Double,
    /// <summary><c>`…`</c>: as it stands.</summary>
    Backtick,
}

/// <summary>A variable that is set again. The last value counts, as it does for every tool that reads such files.
/// </summary>
/// <param name="Line">Where it is set again.</param>
/// <param name="FirstLine">Where it was set before.</param>
public sealed record DotenvDuplicate(string Name, int Line, int FirstLine);

/// <summary>Why a <c>.env</c> file cannot be read.</summary>
/// <param name="File">The file's name, as the caller gave it.</param>
/// <param name="Line">Counted from 1.</param>
/// <param name="Name">The variable, if it was seen.</param>
/// <param name="Reason">A sentence without a full stop, which never holds a value.</param>
public sealed record DotenvFault(string File, int Line, string? Name, string Reason)
{
    /// <summary>File, line, variable and reason.</summary>
    public string Message => Name is null ? $"{File}, line {Line}: {Reason}" : $"{File}, line {Line}, {Name}: {Reason}";
}
