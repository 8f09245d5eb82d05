using System.Text;

namespace Kist.Formats.Sops.Stores;

/// <summary>
/// INI as gopkg.in/ini.v1 reads it: quotes of three kinds, lines that go on behind a backslash, comments behind values.
/// </summary>
internal sealed class IniReader
{
    /// <summary>The section of keys before any section.</summary>
    public const string DefaultSection = "DEFAULT";

    private readonly List<byte[]> _lines = [];
    private readonly List<Section> _sections = [];
    private readonly Dictionary<string, Section> _byName = new(StringComparer.Ordinal);
    private readonly StringBuilder _comment = new();
    private int _next;

    private sealed record Section(string Name)
    {
        public string Comment { get; set; } = "";
        public List<Entry> Entries { get; } = [];
        public Dictionary<string, int> Index { get; } = new(StringComparer.Ordinal);
    }

    private readonly record struct Entry(string Key, string Value, string Comment, int Line);

    // Those of ASCII: the others are parts of letters here.
    private static readonly char[] s_blanks = [' ', '\t', '\n', '\v', '\f', '\r'];

    private SopsFault? Fault { get; set; }

    public static SopsOutcome<List<SopsValue>> Read(ReadOnlySpan<byte> bytes, SecretArena arena)
    {
        var reader = new IniReader();
        if (bytes.StartsWith("\uFEFF"u8)) bytes = bytes[3..];
        while (!bytes.IsEmpty)
        {
            var end = bytes.IndexOf((byte)'\n');
            reader._lines.Add((end < 0 ? bytes : bytes[..(end + 1)]).ToArray());
            bytes = end < 0 ? default : bytes[(end + 1)..];
        }
        reader.Parse();
        return reader.Fault is { } fault ? fault : SopsOutcome<List<SopsValue>>.Of([reader.Build(arena)]);
    }

    private void Parse()
    {
        var section = NewSection(DefaultSection);
        var count = 1;
        while (_next < _lines.Count)
        {
            var number = _next + 1;
            var line = Latin(_lines[_next++]).TrimStart(s_blanks);
            if (line.Length == 0) continue;
            if (line[0] is '#' or ';')
            {
                _comment.Append(line);
                continue;
            }
            if (line[0] == '[')
            {
                var close = line.LastIndexOf(']');
                if (close <= 1)
                {
                    Fail(close < 0 ? "a section is not closed" : "a section has no name", number);
                    return;
                }
                section = NewSection(line[1..close]);
                Clean(line[(close + 1)..]);
                section.Comment = TakeComment();
                count = 1;
                continue;
            }
            if (KeyName(line, out var offset, number) is not { } key) return;
            if (key == "-") key = "#" + count++;
            var value = Value(line[offset..], number);
            if (Fault is not null) return;
            AddEntry(section, new Entry(key, value, TakeComment(), number));
        }
    }

    private static void AddEntry(Section section, Entry entry)
    {
        if (section.Index.TryGetValue(entry.Key, out var at)) section.Entries[at] = entry;
        else
        {
            section.Index[entry.Key] = section.Entries.Count;
            section.Entries.Add(entry);
        }
    }

    private Section NewSection(string name)
    {
        if (_byName.TryGetValue(name, out var there)) return there;
        var section = new Section(name);
        _sections.Add(section);
        _byName[name] = section;
        return section;
    }

    private string? KeyName(string line, out int offset, int number)
    {
        offset = 0;
        var quote = line.StartsWith("\"\"\"", StringComparison.Ordinal) && line.Length > 6 ? "\"\"\""
            : line[0] is '"' or '`' ? line[..1] : "";
        if (quote.Length > 0)
        {
            var close = line.IndexOf(quote, quote.Length, StringComparison.Ordinal);
            if (close < 0) return Fail("the quotes around a key are not closed", number);
            var sign = line.AsSpan(close + quote.Length).IndexOfAny('=', ':');
            if (sign < 0) return Fail("a line has no = or : behind its key", number);
            offset = close + quote.Length + sign + 1;
            return line[quote.Length..close].Trim(s_blanks);
        }
        var at = line.AsSpan().IndexOfAny('=', ':');
        if (at < 0) return Fail("a line has no = or : behind its key", number);
        offset = at + 1;
        if (at > 0) return line[..at].Trim(s_blanks);
        return Fail("a line has no key before its = or :", number);
    }

    private string Value(string rest, int number)
    {
        var line = rest.TrimStart(s_blanks);
        if (line.Length == 0) return "";
        var quote = line.Length > 3 && line.StartsWith("\"\"\"", StringComparison.Ordinal) ? "\"\"\""
            : line[0] == '`' ? "`" : "";
        if (quote.Length > 0)
        {
            var close = line.LastIndexOf(quote, StringComparison.Ordinal);
            return close >= quote.Length ? line[quote.Length..close] : Multiline(line[quote.Length..], quote, number);
        }
        line = line.Trim(s_blanks);
        if (line[^1] == '\\') return Continued(line[..^1]);
        var comment = line.AsSpan().IndexOfAny('#', ';');
        if (comment >= 0)
        {
            _comment.Append(line.AsSpan(comment));
            line = line[..comment].Trim(s_blanks);
        }
        return Quoted(line, '\'') || Quoted(line, '"') ? line[1..^1] : line;
    }

    private string Multiline(string begun, string quote, int number)
    {
        var value = new StringBuilder(begun);
        while (_next < _lines.Count)
        {
            var line = Latin(_lines[_next++]);
            var close = line.LastIndexOf(quote, StringComparison.Ordinal);
            if (close >= 0)
            {
                value.Append(line, 0, close);
                Clean(line[close..]);
                return value.ToString();
            }
            value.Append(line);
        }
        return Fail("the quotes around a value are not closed", number) ?? "";
    }

    private string Continued(string value)
    {
        var result = new StringBuilder(value);
        while (_next < _lines.Count)
        {
            var line = Latin(_lines[_next++]).Trim(s_blanks);
            if (line.Length == 0) break;
            result.Append(line);
            if (line[^1] != '\\') break;
            result.Length--;
        }
        return result.ToString();
    }

    private void Clean(string text)
    {
        var at = text.AsSpan().IndexOfAny('#', ';');
        if (at >= 0) _comment.Append(text.AsSpan(at));
    }

    private string TakeComment()
    {
        var comment = _comment.ToString().Trim(s_blanks);
        _comment.Clear();
        return comment;
    }

    private static bool Quoted(string text, char quote) =>
        text.Length >= 2 && text[0] == quote && text.IndexOf(quote, 1) == text.Length - 1;

    private SopsValue Build(SecretArena arena)
    {
        var items = new List<SopsItem>();
        foreach (var section in _sections)
        {
            var entries = new List<SopsItem>();
            // As sops keeps them: the comment of a section begins it, that of a key stands behind the key.
            if (section.Comment.Length > 0) entries.Add(Comment(section.Comment, arena));
            foreach (var entry in section.Entries)
            {
                entries.Add(new SopsItem(Key(entry.Key), SopsValue.OfText(Bytes(entry.Value, arena), entry.Line)));
                if (entry.Comment.Length > 0) entries.Add(Comment(entry.Comment, arena));
            }
            items.Add(new SopsItem(Key(section.Name), SopsValue.OfBranch(entries)));
        }
        return SopsValue.OfBranch(items);
    }

    private static SopsItem Comment(string comment, SecretArena arena)
    {
        var text = comment[0] == ';' ? comment.TrimStart(';', ' ') : comment[0] == '#' ? comment.TrimStart('#', ' ')
            : comment;
        return new SopsItem("", SopsValue.OfComment(Bytes(text, arena)));
    }

    // Bytes are kept as letters of Latin-1 while they are cut: no byte is lost, whatever the encoding.
    private static string Latin(byte[] line) => Encoding.Latin1.GetString(line);

    private static string Key(string latin) => Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(latin));

    private static ReadOnlyMemory<byte> Bytes(string latin, SecretArena arena) =>
        arena.Copy(Encoding.Latin1.GetBytes(latin));

    private string? Fail(string reason, int line)
    {
        Fault ??= new SopsFault(SopsExit.Read, reason) { Line = line };
        return null;
    }
}
