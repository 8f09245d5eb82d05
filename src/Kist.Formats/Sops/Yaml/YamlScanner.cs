using System.Text;

namespace Kist.Formats.Sops.Yaml;

/// <summary>
/// Takes a YAML text apart into tokens, by the rules of go-yaml v3 (those of YAML 1.1 with quoted and plain texts as in
/// 1.2). That a text is a key shows only at the colon behind it, so that a token is given away when nothing can come
/// before it any more.
/// </summary>
internal sealed class YamlScanner(YamlCursor cursor, SecretArena arena)
{
    /// <summary>How many letters there may be from the beginning of a key to its colon.</summary>
    private const int MaxKey = 1024;

    private readonly YamlScalarScanner _scalars = new(cursor, arena);
    private readonly List<YamlToken> _tokens = [];
    private readonly List<int> _indents = [];
    private readonly List<Candidate> _candidates = [default];
    private int _head;
    private long _given;
    private int _oldest;
    private int _indent = -1;
    private bool _keyAllowed = true;
    private bool _ended;
    private ReadOnlyMemory<byte>? _key;

    /// <summary>What may turn out to be a key; one for each list and map in brackets, and one outside.</summary>
    /// <param name="Required">Whether nothing but a key can stand there.</param>
    /// <param name="Number">That of its first token.</param>
    private readonly record struct Candidate(bool Possible, bool Required, long Number, YamlMark Mark);

    private bool InFlow => _candidates.Count > 1;

    /// <summary>The next token; after a fault <see cref="YamlTokenKind.Fault"/> for ever.</summary>
    public YamlToken Peek()
    {
        while (cursor.Fault is null && NeedsMore()) Fetch();
        return cursor.Fault is null ? _tokens[_head] : default;
    }

    /// <summary>Goes on to the token after that.</summary>
    public void Skip()
    {
        if (cursor.Fault is not null || _tokens[_head].Kind == YamlTokenKind.StreamEnd) return;
        _given++;
        if (++_head == _tokens.Count)
        {
            _tokens.Clear();
            _head = 0;
        }
        else if (_head == 256)
        {
            _tokens.RemoveRange(0, _head);
            _head = 0;
        }
    }

    /// <summary>The last key before this place, in words; empty where there was none.</summary>
    /// <param name="before">What stands before its name.</param>
    public string KeyBefore(string before)
    {
        if (_key is not { } key) return "";
        var name = Encoding.UTF8.GetString(key.Span);
        return before + (name.Length > 60 ? name[..60] + "…" : name);
    }

    private bool NeedsMore()
    {
        if (_head == _tokens.Count) return true;
        // The keys outside are the older ones, and the oldest is the only one that can be next.
        while (_oldest < _candidates.Count && !StillPossible(_oldest)) _oldest++;
        return _oldest < _candidates.Count && _candidates[_oldest].Number == _given && !_ended;
    }

    private bool StillPossible(int level)
    {
        var candidate = _candidates[level];
        if (!candidate.Possible) return false;
        if (candidate.Mark.Line == cursor.Line && !IsTooLong(candidate.Mark.At)) return true;
        if (candidate.Required) FailMissing(candidate.Mark);
        _candidates[level] = default;
        return false;
    }

    private bool IsTooLong(int from) => cursor.At - from > MaxKey && (cursor.At - from > 4 * MaxKey
        || Letters(cursor.Text.AsSpan(from, cursor.At - from)) > MaxKey);

    private static int Letters(ReadOnlySpan<byte> text)
    {
        var count = 0;
        foreach (var c in text) if ((c & 0xC0) != 0x80) count++;
        return count;
    }

    private void FailMissing(YamlMark mark) => cursor.Fail(mark, "a key with ': ' behind it must stand here"
        + KeyBefore(" (after the key ") + (_key is null ? "" : ")") + "; a text that goes on from the line above is "
        + "indented further than its key, and a key has at most 1024 letters on one line");

    private void Fetch()
    {
        SkipToToken();
        Unroll(cursor.Column);
        var c = cursor.Here;
        if (cursor.AtEnd) End();
        else if (c == '%' && cursor.Column == 0) Directive();
        else if (cursor.IsDocumentMark) DocumentMark(c == '-');
        else if (c is (byte)'[' or (byte)'{') Open(c == '[' ? YamlTokenKind.FlowListStart : YamlTokenKind.FlowMapStart);
        else if (c is (byte)']' or (byte)'}') Close(c == ']' ? YamlTokenKind.FlowListEnd : YamlTokenKind.FlowMapEnd);
        else if (c == ',') Sign(YamlTokenKind.Comma, keyAllowed: true);
        else if (c == '-' && cursor.IsGap(cursor.At + 1)) Item();
        else if (c == '?' && cursor.IsGap(cursor.At + 1)) Question();
        else if (c == ':' && (InFlow || cursor.IsGap(cursor.At + 1))) Colon();
        else if (c is (byte)'|' or (byte)'>' && !InFlow) Block(c == '|');
        else if (!IsForbidden(c)) Word(c);
    }

    private void Word(byte c)
    {
        NoteCandidate();
        var allowed = false;
        switch (c)
        {
            case (byte)'*' or (byte)'&':
                Anchor(c == '*');
                break;
            case (byte)'!':
                Tag();
                break;
            case (byte)'"' or (byte)'\'':
                _tokens.Add(_scalars.Quoted(c));
                break;
            default:
                _tokens.Add(_scalars.Plain(_indent + 1, InFlow, out allowed));
                break;
        }
        _keyAllowed = allowed;
    }

    private bool IsForbidden(byte c)
    {
        var reason = c switch
        {
            (byte)'\t' => "a tab cannot indent; use blanks",
            (byte)'@' or (byte)'`' or (byte)'%' or (byte)'|' or (byte)'>' =>
                $"a text cannot begin with {(char)c}; put it in quotes",
            _ => null,
        };
        if (reason is not null) cursor.Fail(cursor.Mark, reason);
        return reason is not null;
    }

    private void SkipToToken()
    {
        while (true)
        {
            // A tab can stand where no key can begin.
            while (cursor.Here == ' ' || (cursor.Here == '\t' && (InFlow || !_keyAllowed))) cursor.At++;
            if (cursor.Here == '#') cursor.SkipLine();
            if (!cursor.SkipBreak()) return;
            if (!InFlow) _keyAllowed = true;
        }
    }

    private void NoteCandidate()
    {
        if (!_keyAllowed) return;
        DropCandidate();
        _candidates[^1] = new Candidate(true, !InFlow && _indent == cursor.Column, _given + _tokens.Count - _head,
            cursor.Mark);
        _oldest = Math.Min(_oldest, _candidates.Count - 1);
    }

    private void DropCandidate()
    {
        if (_candidates[^1] is { Possible: true, Required: true } missing) FailMissing(missing.Mark);
        _candidates[^1] = default;
    }

    /// <summary>Opens a block map or list where the column is further in than that of what is open.</summary>
    /// <param name="number">The token before which it begins; -1 for the next one.</param>
    private void Roll(YamlTokenKind kind, YamlMark mark, long number = -1)
    {
        if (InFlow || _indent >= mark.Column) return;
        _indents.Add(_indent);
        _indent = mark.Column;
        var token = new YamlToken(kind, mark, mark);
        if (number < 0) _tokens.Add(token);
        else _tokens.Insert(_head + (int)(number - _given), token);
    }

    private void Unroll(int column)
    {
        while (!InFlow && _indent > column)
        {
            _tokens.Add(new YamlToken(YamlTokenKind.BlockEnd, cursor.Mark, cursor.Mark));
            _indent = _indents[^1];
            _indents.RemoveAt(_indents.Count - 1);
        }
    }

    private void End()
    {
        Unroll(-1);
        DropCandidate();
        _keyAllowed = false;
        _ended = true;
        _tokens.Add(new YamlToken(YamlTokenKind.StreamEnd, cursor.Mark, cursor.Mark));
    }

    private void DocumentMark(bool starts)
    {
        Unroll(-1);
        DropCandidate();
        var start = cursor.Mark;
        cursor.At += 3;
        _keyAllowed = false;
        _key = null;
        _tokens.Add(new YamlToken(
            starts ? YamlTokenKind.DocumentStart : YamlTokenKind.DocumentEnd, start, cursor.Mark));
    }

    private void Sign(YamlTokenKind kind, bool keyAllowed)
    {
        DropCandidate();
        _keyAllowed = keyAllowed;
        AddSign(kind);
    }

    private void AddSign(YamlTokenKind kind)
    {
        var start = cursor.Mark;
        cursor.At++;
        _tokens.Add(new YamlToken(kind, start, cursor.Mark));
    }

    private void Open(YamlTokenKind kind)
    {
        NoteCandidate();
        _candidates.Add(default);
        _keyAllowed = true;
        AddSign(kind);
    }

    private void Close(YamlTokenKind kind)
    {
        DropCandidate();
        if (InFlow) _candidates.RemoveAt(_candidates.Count - 1);
        _oldest = Math.Min(_oldest, _candidates.Count);
        _keyAllowed = false;
        AddSign(kind);
    }

    private void Item()
    {
        if (!InFlow && !_keyAllowed)
            cursor.Fail(cursor.Mark, "an item of a list ('- ') cannot begin here: it stands on a line of its own"
                + " or behind another '- '; a text that begins with '- ' is put in quotes");
        Roll(YamlTokenKind.BlockListStart, cursor.Mark);
        Sign(YamlTokenKind.Item, keyAllowed: true);
    }

    private void Question()
    {
        if (!InFlow && !_keyAllowed)
            cursor.Fail(cursor.Mark, "a key behind '? ' cannot begin here; put a text that begins so in quotes");
        Roll(YamlTokenKind.BlockMapStart, cursor.Mark);
        Sign(YamlTokenKind.Key, keyAllowed: !InFlow);
    }

    private void Colon()
    {
        if (StillPossible(_candidates.Count - 1))
        {
            var key = _candidates[^1];
            NameKey((int)(key.Number - _given) + _head);
            _tokens.Insert(_head + (int)(key.Number - _given), new YamlToken(YamlTokenKind.Key, key.Mark, key.Mark));
            Roll(YamlTokenKind.BlockMapStart, key.Mark, key.Number);
            _candidates[^1] = default;
            _keyAllowed = false;
        }
        else
        {
            if (!InFlow && !_keyAllowed)
                cursor.Fail(cursor.Mark, (_key is null ? "a ': ' cannot stand here"
                    : KeyBefore("a value was already given for the key "))
                    + "; if the text contains ': ' put it in quotes, and check the indentation");
            Roll(YamlTokenKind.BlockMapStart, cursor.Mark);
            _keyAllowed = !InFlow;
        }
        AddSign(YamlTokenKind.Value);
    }

    /// <summary>Remembers a key for messages.</summary>
    private void NameKey(int at)
    {
        while (at < _tokens.Count && _tokens[at].Kind is YamlTokenKind.Anchor or YamlTokenKind.Tag) at++;
        _key = at < _tokens.Count && _tokens[at].Kind == YamlTokenKind.Scalar ? _tokens[at].Text : null;
    }

    private void Block(bool literal)
    {
        DropCandidate();
        _keyAllowed = true;
        _tokens.Add(_scalars.Block(literal, _indent));
    }

    private void Anchor(bool alias)
    {
        var start = cursor.Mark;
        var from = ++cursor.At;
        SkipName();
        if (cursor.At == from || !(cursor.IsGap(cursor.At) || cursor.Here is (byte)'?' or (byte)':' or (byte)','
            or (byte)']' or (byte)'}' or (byte)'%' or (byte)'@' or (byte)'`'))
        {
            cursor.Fail(start, alias
                ? "behind * stands the name of an anchor: letters, digits, _ and -; put a text that begins with * in "
                    + "quotes"
                : "behind & stands a name of letters, digits, _ and -; put a text that begins with & in quotes");
            return;
        }
        _tokens.Add(new YamlToken(alias ? YamlTokenKind.Alias : YamlTokenKind.Anchor, start, cursor.Mark,
            Word: Encoding.ASCII.GetString(cursor.Text, from, cursor.At - from)));
    }

    private void SkipName()
    {
        while (char.IsAsciiLetterOrDigit((char)cursor.Here) || cursor.Here is (byte)'_' or (byte)'-') cursor.At++;
    }

    private void Tag()
    {
        var start = cursor.Mark;
        string handle, suffix;
        if (cursor.Text[cursor.At + 1] == '<')
        {
            cursor.At += 2;
            (handle, suffix) = ("", Address(start));
            if (cursor.Here != '>') FailTag(start);
            else cursor.At++;
        }
        else
        {
            var from = cursor.At++;
            SkipName();
            if (cursor.Here == '!')
            {
                cursor.At++;
                handle = Encoding.ASCII.GetString(cursor.Text, from, cursor.At - from);
                suffix = Address(start);
            }
            else
            {
                cursor.At = from + 1;
                var rest = Address(start, mayBeEmpty: true);
                // A lone ! says that a text is a text.
                (handle, suffix) = rest.Length == 0 ? ("", "!") : ("!", rest);
            }
        }
        if (!cursor.IsGap(cursor.At)) FailTag(start);
        _tokens.Add(new YamlToken(YamlTokenKind.Tag, start, cursor.Mark, Word: handle, Suffix: suffix));
    }

    private void FailTag(YamlMark start) => cursor.Fail(start, "this is no tag such as !!str with a blank behind it; "
        + "put a text that begins with ! in quotes");

    /// <summary>The letters of an address, with its escapes resolved.</summary>
    private string Address(YamlMark start, bool mayBeEmpty = false)
    {
        var bytes = new List<byte>();
        for (; char.IsAsciiLetterOrDigit((char)cursor.Here) || Signs.Contains(cursor.Here); cursor.At++)
        {
            var c = cursor.Here;
            if (c == '%')
            {
                if (!byte.TryParse(cursor.Text.AsSpan(cursor.At + 1, 2),
                    System.Globalization.NumberStyles.AllowHexSpecifier, null, out c)) FailTag(start);
                else cursor.At += 2;
            }
            bytes.Add(c);
        }
        if (bytes.Count == 0 && !mayBeEmpty) FailTag(start);
        return Encoding.UTF8.GetString([.. bytes]);
    }

    private static ReadOnlySpan<byte> Signs => "_-;/?:@&=+$,.!~*'()[]%"u8;

    private void Directive()
    {
        Unroll(-1);
        DropCandidate();
        _keyAllowed = false;
        var start = cursor.Mark;
        var from = ++cursor.At;
        SkipName();
        var name = cursor.Text.AsSpan(from, cursor.At - from);
        var spaced = cursor.IsBlank(cursor.At);
        cursor.SkipBlanks();
        if (spaced && name.SequenceEqual("YAML"u8)) Version(start);
        else if (spaced && name.SequenceEqual("TAG"u8)) Handle(start);
        else
            cursor.Fail(start, "YAML knows the directives %YAML and %TAG and no others; put a text that begins with % "
                + "in quotes");
        cursor.SkipBlanks();
        if (cursor.Here == '#') cursor.SkipLine();
        if (!cursor.SkipBreak() && !cursor.AtEnd) cursor.Fail(start, "a directive has a line of its own");
    }

    private void Version(YamlMark start)
    {
        var from = cursor.At;
        while (char.IsAsciiDigit((char)cursor.Here) || cursor.Here == '.') cursor.At++;
        var version = cursor.Text.AsSpan(from, cursor.At - from);
        if (!(version.StartsWith("1."u8) && version.Length is 3 or 4 && char.IsAsciiDigit((char)version[^1])
            && char.IsAsciiDigit((char)version[2])))
            cursor.Fail(start, "this version of YAML is unknown; 1.1 and 1.2 are read");
        _tokens.Add(new YamlToken(YamlTokenKind.Version, start, cursor.Mark));
    }

    private void Handle(YamlMark start)
    {
        var from = cursor.At;
        if (cursor.Here == '!') cursor.At++;
        SkipName();
        if (cursor.Here == '!' && cursor.At > from) cursor.At++;
        var handle = Encoding.ASCII.GetString(cursor.Text, from, cursor.At - from);
        var spaced = cursor.IsBlank(cursor.At);
        cursor.SkipBlanks();
        var prefix = Address(start);
        if (!spaced || !handle.StartsWith('!') || !handle.EndsWith('!') || !cursor.IsGap(cursor.At))
            cursor.Fail(start, "behind %TAG stand a handle such as !name! and what it is short for");
        _tokens.Add(new YamlToken(YamlTokenKind.TagHandle, start, cursor.Mark, Word: handle, Suffix: prefix));
    }
}
