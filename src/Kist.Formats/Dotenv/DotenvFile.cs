using System.Diagnostics.CodeAnalysis;
using Kist.Secrets;

namespace Kist.Formats.Dotenv;

/// <summary>
/// A <c>.env</c> file in the dialect that dotenv tools agree on. One line is <c>NAME=value</c>, with <c>export</c> in
/// front or not, with blanks around <c>=</c> or not, or <c>NAME: value</c>. A value without quotes ends with its line,
/// or at a <c>#</c> after a blank; blanks at its ends do not count. <c>'…'</c> and <c>`…`</c> hold their text as it
/// stands (in <c>'…'</c>, <c>\'</c> is a quote); <c>"…"</c> knows <c>\n \r \t \\ \" \' \` \$</c> and keeps every other
/// backslash. Quoted values may go over several lines, and nothing but a comment follows them. Line ends may be CR LF
/// and count as LF; a byte-order mark is passed over. <c>$NAME</c> and <c>${NAME}</c> are text, unless expansion is
/// asked for.
/// </summary>
public sealed class DotenvFile : IDisposable
{
    /// <summary>A file may have so many bytes.</summary>
    public const int MaxBytes = 16 << 20;

    private readonly Dictionary<string, DotenvEntry> _last = new(StringComparer.Ordinal);

    internal DotenvFile(IReadOnlyList<DotenvEntry> entries)
    {
        Entries = entries;
        var duplicates = new List<DotenvDuplicate>();
        foreach (var entry in entries)
        {
            if (_last.TryGetValue(entry.Name, out var before))
                duplicates.Add(new DotenvDuplicate(entry.Name, entry.Line, before.Line));
            _last[entry.Name] = entry;
        }
        Duplicates = duplicates;
    }

    /// <summary>Every entry, in the order of the file, also those that a later one overrides.</summary>
    public IReadOnlyList<DotenvEntry> Entries { get; }

    /// <summary>Variables that are set more than once.</summary>
    public IReadOnlyList<DotenvDuplicate> Duplicates { get; }

    /// <summary>The entries that count: of each name the last.</summary>
    public IEnumerable<DotenvEntry> Variables
    {
        get
        {
            foreach (var entry in Entries)
                if (ReferenceEquals(_last[entry.Name], entry)) yield return entry;
        }
    }

    /// <summary>The entry of that name that counts.</summary>
    public DotenvEntry? Find(string name) => _last.GetValueOrDefault(name);

    /// <summary>Reads a file.</summary>
    /// <param name="content">Its bytes, at most <see cref="MaxBytes"/>.</param>
    /// <param name="name">Its name for messages.</param>
    /// <param name="fault">Why it cannot be read.</param>
    /// <param name="expand">Asks for expansion of <c>$NAME</c>, <c>${NAME}</c>, <c>${NAME:-default}</c>,
    /// <c>${NAME:+other}</c>, <c>${NAME:?}</c> (each also without <c>:</c>) in values without quotes and in double
    /// quotes. It gives the value of a variable that the file has not set so far, or null.</param>
    public static bool TryParse(ReadOnlySpan<byte> content, string name, [NotNullWhen(true)] out DotenvFile? file,
        [NotNullWhen(false)] out DotenvFault? fault, Func<string, string?>? expand = null)
    {
        if (content.Length > MaxBytes)
        {
            (file, fault) = (null, new DotenvFault(name, 1, null, "the file has more than 16 MiB"));
            return false;
        }
        var parser = new DotenvParser(content, name, expand);
        fault = parser.Run(out var entries);
        file = fault is null ? new DotenvFile(entries) : null;
        if (fault is not null)
            foreach (var entry in entries) entry.Value.Dispose();
        return file is not null;
    }

    /// <summary>Whether the text can be a variable's name.</summary>
    public static bool IsName(string text)
    {
        foreach (var c in text)
            if (!(c < 128 && DotenvParser.IsNameByte((byte)c))) return false;
        return text.Length > 0;
    }

    /// <summary>
    /// Writes one line that sets the variable, quoted so that every dotenv tool reads the same bytes again: bare where
    /// nothing could be misread, in single quotes where that suffices, else in double quotes with escapes.
    /// </summary>
    /// <returns>False if it cannot be written: the name is none, or the value holds a zero byte.</returns>
    public static bool TryWrite(string name, ReadOnlySpan<byte> value, SecretWriter to)
    {
        if (!IsName(name) || value.Contains((byte)0)) return false;
        foreach (var c in name) to.Write([(byte)c]);
        to.Write("="u8);
        if (!value.ContainsAnyExcept(DotenvParser.Bare)) to.Write(value);
        else if (!value.ContainsAny("'\\\r\n"u8)) WriteBetween("'"u8, value, to);
        else WriteEscaped(value, to);
        to.Write("\n"u8);
        return true;
    }

    /// <summary>Zeroes the values.</summary>
    public void Dispose()
    {
        foreach (var entry in Entries) entry.Value.Dispose();
    }

    private static void WriteBetween(ReadOnlySpan<byte> quote, ReadOnlySpan<byte> value, SecretWriter to)
    {
        to.Write(quote);
        to.Write(value);
        to.Write(quote);
    }

    private static void WriteEscaped(ReadOnlySpan<byte> value, SecretWriter to)
    {
        to.Write("\""u8);
        foreach (var one in value)
        {
            switch (one)
            {
                case (byte)'\n': to.Write("\\n"u8); break;
                case (byte)'\r': to.Write("\\r"u8); break;
                case (byte)'"' or (byte)'\\' or (byte)'$': to.Write([(byte)'\\', one]); break;
                default: to.Write([one]); break;
            }
        }
        to.Write("\""u8);
    }
}
