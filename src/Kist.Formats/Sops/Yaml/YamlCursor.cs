using System.Text;

namespace Kist.Formats.Sops.Yaml;

/// <summary>A place in a YAML text.</summary>
/// <param name="At">From 0, in bytes.</param>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 0, in bytes; nothing but ASCII can stand before what is indented.</param>
internal readonly record struct YamlMark(int At, int Line, int Column);

/// <summary>Where the reading of a YAML text stands, and what is wrong with the text: after a fault nothing of it
/// counts.</summary>
/// <param name="text">UTF-8 without zeros, and zeros behind it.</param>
internal sealed class YamlCursor(byte[] text, int length)
{
    /// <summary>The text; it ends with the first zero.</summary>
    public byte[] Text { get; } = text;

    /// <summary>How long the text is without the zeros behind it.</summary>
    public int Length { get; } = length;

    /// <summary>Where the reading stands.</summary>
    public int At { get; set; }

    /// <summary>Counted from 1.</summary>
    public int Line { get; private set; } = 1;

    /// <summary>Where the line began.</summary>
    public int LineStart { get; private set; }

    /// <summary>Counted from 0.</summary>
    public int Column => At - LineStart;

    /// <summary>Where the reading stands.</summary>
    public YamlMark Mark => new(At, Line, At - LineStart);

    /// <summary>What stands here; 0 at the end.</summary>
    public byte Here => Text[At];

    /// <summary>Whether nothing is left.</summary>
    public bool AtEnd => At >= Length;

    /// <summary>The first thing that was wrong.</summary>
    public SopsFault? Fault { get; private set; }

    /// <summary>Whether a blank or a tab stands there.</summary>
    public bool IsBlank(int at) => Text[at] is (byte)' ' or (byte)'\t';

    /// <summary>How long the line end is that stands there; 0 where there is none. Those of YAML 1.1 count.</summary>
    public int BreakAt(int at) => Text[at] switch
    {
        (byte)'\n' => 1,
        (byte)'\r' => Text[at + 1] == '\n' ? 2 : 1,
        0xC2 when Text[at + 1] == 0x85 => 2,
        0xE2 when Text[at + 1] == 0x80 && Text[at + 2] is 0xA8 or 0xA9 => 3,
        _ => 0,
    };

    /// <summary>Whether a word ends there.</summary>
    public bool IsGap(int at) => Text[at] is 0 or (byte)' ' or (byte)'\t' || BreakAt(at) > 0;

    /// <summary>Goes behind the line end that stands here; false where there is none.</summary>
    public bool SkipBreak()
    {
        var length = BreakAt(At);
        if (length == 0) return false;
        At += length;
        Line++;
        LineStart = At;
        return true;
    }

    /// <summary>Goes behind blanks and tabs.</summary>
    public void SkipBlanks()
    {
        while (IsBlank(At)) At++;
    }

    /// <summary>Goes to the end of the line.</summary>
    public void SkipLine()
    {
        while (true)
        {
            At += Text.AsSpan(At).IndexOfAny(s_lineStops);
            if (AtEnd || BreakAt(At) > 0) return;
            At++;
        }
    }

    /// <summary>Whether <c>---</c> or <c>...</c> stands here, alone at the beginning of a line.</summary>
    public bool IsDocumentMark => At == LineStart && Text[At] is (byte)'-' or (byte)'.' && At + 3 <= Length
        && Text[At + 1] == Text[At] && Text[At + 2] == Text[At] && IsGap(At + 3);

    /// <summary>Piece of the text.</summary>
    public ReadOnlyMemory<byte> Piece(int from, int to) => Text.AsMemory(from, to - from);

    /// <summary>Says what is wrong, unless something was before.</summary>
    public void Fail(YamlMark mark, string reason)
    {
        var start = mark.At - mark.Column;
        Fail(new SopsFault(SopsExit.Read, reason)
        {
            Line = mark.Line,
            Column = Encoding.UTF8.GetCharCount(Text, start, mark.Column) + 1,
        });
    }

    /// <summary>Says what is wrong, unless something was before.</summary>
    public void Fail(SopsFault fault) => Fault ??= fault;

    private static readonly System.Buffers.SearchValues<byte> s_lineStops =
        System.Buffers.SearchValues.Create([0, (byte)'\n', (byte)'\r', 0xC2, 0xE2]);
}
