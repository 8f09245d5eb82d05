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

/// <summary>A comment with its mark.</summary>
/// <param name="Dashes">How many dashes of list items stand between what is before and the comment.</param>
internal readonly record struct FoundComment(string Text, int Line, int Column, CommentPlace Place, int Dashes);

/// <summary>
/// Finds the comments behind a place in the text and says where they belong, by the rules of go-yaml v3: a block of
/// comments belongs to what follows, unless a blank line, or less indentation of what follows, cuts it off from that.
/// </summary>
internal sealed class YamlComments(string text)
{
    private readonly List<FoundComment> _found = [];
    private readonly List<(string Text, int Line, int Column)> _block = [];

    /// <summary>The comments between <paramref name="at"/> and the next content.</summary>
    /// <param name="line">The line of <paramref name="at"/>, from 1.</param>
    /// <param name="column">The column of <paramref name="at"/>, from 0.</param>
    /// <param name="indent">The column of the innermost block map or list around it; 0 outside.</param>
    public List<FoundComment> After(int at, int line, int column, int indent, bool inFlow)
    {
        _found.Clear();
        _block.Clear();
        var state = new State { Line = line, Indent = indent, InFlow = inFlow, AfterKey = false, Dashes = 0 };
        var lineStart = at - column;
        var blank = true;
        // A block scalar ends on the line behind it.
        var begun = column == 0 ? line - 1 : line;
        while (at < text.Length)
        {
            var c = text[at];
            if (c is ' ' or '\t') at++;
            else if (c is '\n' or '\r')
            {
                if (c == '\r' && at + 1 < text.Length && text[at + 1] == '\n') at++;
                at++;
                if (blank && state.Line > begun) EmptyLine(ref state);
                state.Line++;
                lineStart = at;
                blank = true;
            }
            else if (c == '#' && IsComment(at))
            {
                var end = text.AsSpan(at).IndexOfAny('\n', '\r');
                end = end < 0 ? text.Length : at + end;
                Take(text[at..end], state.Line == begun && state.Dashes == 0, at - lineStart, ref state);
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
        End(at < text.Length ? at - lineStart : -1, at < text.Length && text[at] is ']' or '}', ref state);
        return _found;
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

    private void Take(string comment, bool sameLine, int column, ref State state)
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

    private bool IsComment(int at) => at == 0 || text[at - 1] is ' ' or '\t' or '\n' or '\r' or ',' or '[' or '{'
        or ']' or '}' or '"' or '\'';

    private bool IsIndicator(int at, bool inFlow)
    {
        var c = text[at];
        if (c == ',') return inFlow;
        if (c is not ('-' or ':' or '?')) return false;
        return at + 1 >= text.Length || text[at + 1] is ' ' or '\t' or '\n' or '\r' || (c == ':' && inFlow);
    }
}
