using System.Globalization;
using System.Text;
using System.Text.Json;
using Kist.Secrets;

namespace Kist.Cli.Output;

/// <summary>
/// A table of text cells in aligned columns. Cells may be secret: they live in one zeroed buffer. A cell with
/// several lines keeps them, under its own column; other control characters are shown as escapes, so that a
/// stored value cannot drive the terminal.
/// </summary>
internal sealed class Table : IDisposable
{
    private const int Gap = 2;
    private readonly string[] _headings;
    private readonly SecretWriter _text = new(1024);
    private readonly List<(int Start, int Length)> _cells = [];

    public Table(params string[] headings) => _headings = headings;

    /// <summary>How many full rows there are.</summary>
    public int Rows => _cells.Count / _headings.Length;

    /// <summary>Adds the next cell; rows fill from left to right.</summary>
    public Table Cell(string text)
    {
        var start = _text.WrittenCount;
        _text.Advance(Encoding.UTF8.GetBytes(text, _text.GetSpan(Encoding.UTF8.GetMaxByteCount(text.Length))));
        _cells.Add((start, _text.WrittenCount - start));
        return this;
    }

    /// <summary>Adds a number.</summary>
    public Table Cell(long number) => Cell(number.ToString(CultureInfo.InvariantCulture));

    /// <summary>Adds a JSON value: strings as they are, lists of strings with commas, all else as JSON.</summary>
    public Table Cell(JsonElement value)
    {
        var start = _text.WrittenCount;
        JsonText.WritePlain(value, _text);
        _cells.Add((start, _text.WrittenCount - start));
        return this;
    }

    /// <summary>Adds each member of <paramref name="data"/> as a row of name and value, sorted by name.</summary>
    public Table Members(JsonElement data)
    {
        var members = new List<JsonProperty>();
        foreach (var member in data.EnumerateObject()) members.Add(member);
        members.Sort(static (a, b) => string.CompareOrdinal(a.Name, b.Name));
        foreach (var member in members) Cell(member.Name).Cell(member.Value);
        return this;
    }

    /// <summary>Writes headings and rows; headings bold when <paramref name="colour"/> is set.</summary>
    public void Render(SecretWriter to, bool colour)
    {
        Span<int> widths = stackalloc int[_headings.Length];
        for (var i = 0; i < _headings.Length; i++) widths[i] = _headings[i].Length;
        for (var i = 0; i < _cells.Count; i++)
        {
            ref var width = ref widths[i % _headings.Length];
            foreach (var line in Bytes(i).Split((byte)'\n'))
                width = Math.Max(width, Columns(Bytes(i)[line]));
        }
        if (colour) to.Write("\e[1m"u8);
        for (var i = 0; i < _headings.Length; i++)
            Pad(to, Encoding.UTF8.GetBytes(_headings[i]), widths[i], last: i == _headings.Length - 1);
        if (colour) to.Write("\e[0m"u8);
        to.Write("\n"u8);
        for (var row = 0; row < Rows; row++) RenderRow(to, row, widths);
    }

    /// <inheritdoc/>
    public void Dispose() => _text.Dispose();

    private void RenderRow(SecretWriter to, int row, ReadOnlySpan<int> widths)
    {
        var lines = 1;
        for (var i = 0; i < widths.Length; i++)
            lines = Math.Max(lines, Bytes(row * widths.Length + i).TrimEnd((byte)'\n').Count((byte)'\n') + 1);
        for (var line = 0; line < lines; line++)
        {
            for (var i = 0; i < widths.Length; i++)
            {
                var cell = LineOf(Bytes(row * widths.Length + i).TrimEnd((byte)'\n'), line);
                Pad(to, cell, widths[i], last: i == widths.Length - 1);
            }
            to.Write("\n"u8);
        }
    }

    private ReadOnlySpan<byte> Bytes(int cell) => _text.WrittenSpan.Slice(_cells[cell].Start, _cells[cell].Length);

    private static ReadOnlySpan<byte> LineOf(ReadOnlySpan<byte> text, int number)
    {
        var at = 0;
        foreach (var line in text.Split((byte)'\n'))
            if (at++ == number) return text[line];
        return default;
    }

    private static void Pad(SecretWriter to, ReadOnlySpan<byte> text, int width, bool last)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (IsControl(text, i)) WriteEscape(to, "x"u8, text[i]);
            else if (IsC1(text, i)) WriteEscape(to, "u00"u8, text[++i]);
            else to.Write([text[i]]);
        }
        if (last) return;
        for (var i = Columns(text); i < width + Gap; i++) to.Write(" "u8);
    }

    private static bool IsControl(ReadOnlySpan<byte> text, int at) => text[at] is < 0x20 and not (byte)'\t' or 0x7f;

    // U+0080 to U+009F, which terminals obey like ESC sequences.
    private static bool IsC1(ReadOnlySpan<byte> text, int at) =>
        text[at] == 0xC2 && at + 1 < text.Length && text[at + 1] is >= 0x80 and < 0xA0;

    private static void WriteEscape(SecretWriter to, ReadOnlySpan<byte> kind, byte b)
    {
        ReadOnlySpan<byte> digits = "0123456789abcdef"u8;
        to.Write("\\"u8);
        to.Write(kind);
        to.Write([digits[b >> 4], digits[b & 15]]);
    }

    private static int Columns(ReadOnlySpan<byte> text)
    {
        var columns = 0;
        while (!text.IsEmpty)
        {
            if (IsControl(text, 0)) columns += 4;
            else if (IsC1(text, 0)) columns += 5;
            Rune.DecodeFromUtf8(text, out var rune, out var length);
            if (!Rune.IsControl(rune) || rune.Value == '\t') columns += Width(rune);
            text = text[length..];
        }
        return columns;
    }

    // Terminals give two columns to what Unicode calls wide (UAX #11), and none to marks that join the one before.
    private static int Width(Rune rune)
    {
        if (rune.IsAscii) return 1;
        if (Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark
            or UnicodeCategory.Format) return 0;
        return rune.Value is (>= 0x1100 and <= 0x115f) or (>= 0x2e80 and <= 0xa4cf) or (>= 0xac00 and <= 0xd7a3)
            or (>= 0xf900 and <= 0xfaff) or (>= 0xfe30 and <= 0xfe6f) or (>= 0xff00 and <= 0xff60)
            or (>= 0xffe0 and <= 0xffe6) or (>= 0x1f300 and <= 0x1f64f) or (>= 0x1f680 and <= 0x1f6ff)
            or (>= 0x1f900 and <= 0x1f9ff) or (>= 0x20000 and <= 0x3fffd) ? 2 : 1;
    }
}
