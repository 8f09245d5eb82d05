namespace Kist.Formats.Sops.Yaml;

/// <summary>Where a comment goes.</summary>
internal enum CommentPlace
{
    /// <summary>On the line of what stands before it.</summary>
    Line,
    /// <summary>Behind what stands before it, in the map or list of that.</summary>
    Foot,
    /// <summary>Into the map of its own column that ends here, or before what follows.</summary>
    Dedented,
    /// <summary>Before what follows.</summary>
    Head,
}

/// <summary>A comment.</summary>
/// <param name="Text">Without its mark.</param>
/// <param name="Dashes">How many dashes of list items stand between what is before and the comment.</param>
internal readonly record struct FoundComment(
    ReadOnlyMemory<byte> Text, int Line, int Column, CommentPlace Place, int Dashes);

/// <summary>
/// Finds the comments behind a place in the text and says where they belong, by the rules of go-yaml v3: a block of
/// comments belongs to what follows, unless a blank line, or less indentation of what follows, cuts it off from that.
/// </summary>
internal sealed class YamlComments(YamlCursor cursor)
{
    private readonly List<FoundComment> _found = [];
    private readonly List<(ReadOnlyMemory<byte> Text, int Line, int Column)> _block = [];
    private readonly byte[] _text = cursor.Text;
    private readonly bool _any = cursor.Text.AsSpan(0, cursor.Length).Contains((byte)'#');

    /// <summary>The comments between <paramref name="from"/> and the next content.</summary>
    /// <param name="indent">The column of the innermost block map or list around it; 0 outside.</param>
    public List<FoundComment> After(YamlMark from, int indent, bool inFlow)
    {
        _found.Clear();
        _block.Clear();
        if (!_any) return _found;
        var state = new State { Line = from.Line, Indent = indent, InFlow = inFlow, AfterKey = false, Dashes = 0 };
        var at = from.At;
        var lineStart = at - from.Column;
        var blank = true;
        // A block scalar ends on the line behind it.
        var begun = from.Column == 0 ? from.Line - 1 : from.Line;
        while (_text[at] != 0)
        {
            var c = _text[at];
            if (c is (byte)' ' or (byte)'\t') at++;
            else if (cursor.BreakAt(at) is > 0 and var length)
            {
                at += length;
                if (blank && state.Line > begun) EmptyLine(ref state);
                state.Line++;
                lineStart = at;
                blank = true;
            }
            else if (c == '#')
            {
                var end = EndOfLine(at);
                Take(_text.AsMemory(at + 1, end - at - 1), state.Line == begun && state.Dashes == 0, at - lineStart,
                    ref state);
                at = end;
                blank = false;
            }
            else if (IsIndicator(at, inFlow))
            {
                if (c == '-') Dash(at - lineStart, ref state);
                if (c == ':') state.AfterKey = true;
                at++;
                blank = false;
            }
            else break;
        }
        End(_text[at] != 0 ? at - lineStart : -1, _text[at] is (byte)']' or (byte)'}', ref state);
        return _found;
    }

    private int EndOfLine(int at)
    {
        while (_text[at] != 0 && cursor.BreakAt(at) == 0) at++;
        return at;
    }

    private struct State
    {
        public int Line;
        public int Indent;
        public int Dashes;
        public bool InFlow;
        public bool AfterKey;
        public bool CutOff;
        public bool Emptied;
        public bool Split;
    }

    private void Take(ReadOnlyMemory<byte> comment, bool sameLine, int column, ref State state)
    {
        if (sameLine)
        {
            _found.Add(new FoundComment(comment, state.Line, column, CommentPlace.Line, 0));
            return;
        }
        if (_block.Count > 0 && column < state.Indent && column != _block[0].Column) Flush(Foot(ref state), ref state);
        _block.Add((comment, state.Line, column));
        state.Emptied = false;
    }

    private void EmptyLine(ref State state)
    {
        // Only a block that follows without a blank line, and the first of it, can be cut off by one.
        if (!state.CutOff && !state.Emptied && _block.Count > 0 && !state.InFlow)
        {
            if (_block[0].Column < state.Indent) Flush(CommentPlace.Dedented, ref state);
            else if (!state.AfterKey && state.Dashes == 0 && !state.Split) Flush(CommentPlace.Foot, ref state);
        }
        state.CutOff = true;
        state.Emptied = true;
    }

    private void Dash(int column, ref State state)
    {
        if (_block.Count > 0 && column < state.Indent && column != _block[0].Column) Flush(Foot(ref state), ref state);
        Flush(CommentPlace.Head, ref state);
        state.Dashes++;
        state.Indent = Math.Max(state.Indent, column);
    }

    private void End(int column, bool closes, ref State state)
    {
        if (_block.Count == 0) return;
        if (closes) Flush(CommentPlace.Foot, ref state);
        else if (column >= 0 && column < state.Indent && column != _block[0].Column) Flush(Foot(ref state), ref state);
        else if (column < 0 && !state.CutOff && !state.AfterKey) Flush(
            _block[0].Column < state.Indent ? CommentPlace.Dedented : CommentPlace.Foot, ref state);
        else Flush(column < 0 ? CommentPlace.Dedented : CommentPlace.Head, ref state);
    }

    private static CommentPlace Foot(ref State state) =>
        state.Split ? CommentPlace.Dedented : CommentPlace.Foot;

    private void Flush(CommentPlace place, ref State state)
    {
        foreach (var (comment, line, column) in _block)
            _found.Add(new FoundComment(comment, line, column, place, state.Dashes));
        if (_block.Count > 0) state.Split = true;
        _block.Clear();
    }

    private bool IsIndicator(int at, bool inFlow)
    {
        var c = _text[at];
        if (c == ',') return inFlow;
        if (c is not ((byte)'-' or (byte)':' or (byte)'?')) return false;
        return cursor.IsGap(at + 1) || (c == ':' && inFlow);
    }
}
