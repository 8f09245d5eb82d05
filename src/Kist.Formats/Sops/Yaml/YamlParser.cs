namespace Kist.Formats.Sops.Yaml;

/// <summary>What a YAML text consists of.</summary>
internal enum YamlEventKind : byte
{
    /// <summary>Something is wrong, and was said; nothing comes behind it.</summary>
    Fault,
    StreamEnd,
    DocumentStart,
    DocumentEnd,
    Alias,
    Scalar,
    ListStart,
    ListEnd,
    MapStart,
    MapEnd,
}

/// <summary>One step through a YAML text.</summary>
/// <param name="End">Behind it; the same as <paramref name="Start"/> where nothing is written.</param>
/// <param name="Indent">The column of the block list or map that begins.</param>
/// <param name="InFlow">Whether the list or map is written in brackets.</param>
/// <param name="Tag">Long, or empty.</param>
/// <param name="Anchor">The name of its anchor, or of that which an alias means; empty for none.</param>
internal readonly record struct YamlEvent(YamlEventKind Kind, YamlMark Start, YamlMark End, int Indent = 0,
    bool InFlow = false, YamlStyle Style = YamlStyle.Plain, ReadOnlyMemory<byte> Text = default, string Tag = "",
    string Anchor = "");

/// <summary>Makes events of tokens. What is open lies on a list, so that depth costs no stack.</summary>
internal sealed class YamlParser(YamlCursor cursor, SecretArena arena)
{
    private const string StandardTags = "tag:yaml.org,2002:";

    private enum State : byte
    {
        FirstDocument,
        NextDocument,
        Content,
        DocumentEnd,
        Item,
        LooseItem,
        Key,
        Value,
        FirstFlowItem,
        FlowItem,
        PairKey,
        PairValue,
        PairEnd,
        FirstFlowKey,
        FlowKey,
        FlowValue,
        FlowNothing,
    }

    private readonly YamlScanner _scanner = new(cursor, arena);
    private readonly List<State> _states = [];
    private readonly List<int> _lines = [];
    private readonly Dictionary<string, string> _handles = new(StringComparer.Ordinal);
    private State _state = State.FirstDocument;

    /// <summary>The step where the reading stands.</summary>
    public YamlEvent Current { get; private set; }

    /// <summary>What is wrong; null as long as nothing is.</summary>
    public SopsFault? Fault => cursor.Fault;

    /// <summary>Ends the reading with a fault at a step.</summary>
    public void Fail(YamlEvent at, string reason)
    {
        cursor.Fail(at.Start, reason);
        Current = default;
    }

    /// <summary>Ends the reading with a fault.</summary>
    public void Fail(SopsFault fault)
    {
        cursor.Fail(fault);
        Current = default;
    }

    /// <summary>Goes on by one step; gives whether nothing is wrong.</summary>
    public bool Next()
    {
        var next = cursor.Fault is null ? Step() : default;
        Current = cursor.Fault is null ? next : default;
        return cursor.Fault is null;
    }

    private YamlEvent Step() => _state switch
    {
        State.FirstDocument or State.NextDocument => Document(),
        State.Content => Content(),
        State.DocumentEnd => EndDocument(),
        State.Item => Item(),
        State.LooseItem => LooseItem(),
        State.Key => Key(),
        State.Value => Value(),
        State.FirstFlowItem or State.FlowItem => FlowItem(),
        State.PairKey => PairKey(),
        State.PairValue => FlowValue(State.PairEnd, YamlTokenKind.FlowListEnd),
        State.PairEnd => PairEnd(),
        State.FirstFlowKey or State.FlowKey => FlowKey(),
        State.FlowValue => FlowValue(State.FlowKey, YamlTokenKind.FlowMapEnd),
        _ => Nothing(_scanner.Peek().Start, State.FlowKey),
    };

    private YamlEvent Document()
    {
        var token = _scanner.Peek();
        while (_state == State.NextDocument && token.Kind == YamlTokenKind.DocumentEnd) token = Skip();
        if (token.Kind == YamlTokenKind.StreamEnd)
            return new YamlEvent(YamlEventKind.StreamEnd, token.Start, token.End);
        _handles.Clear();
        var explicitly = _state == State.NextDocument
            || token.Kind is YamlTokenKind.Version or YamlTokenKind.TagHandle or YamlTokenKind.DocumentStart;
        if (!explicitly && token.Kind == YamlTokenKind.DocumentEnd)
            return Unexpected(token, "a document must begin here");
        _states.Add(State.DocumentEnd);
        _state = State.Content;
        // A document without its mark begins where it is, so that nothing lies before it.
        if (!explicitly) return new YamlEvent(YamlEventKind.DocumentStart, token.Start, token.Start);
        var start = token.Start;
        for (var versions = 0; token.Kind is YamlTokenKind.Version or YamlTokenKind.TagHandle; token = Skip())
        {
            if (token.Kind == YamlTokenKind.Version ? versions++ > 0 : !_handles.TryAdd(token.Word, token.Suffix))
                cursor.Fail(token.Start, "this directive stands here twice");
        }
        if (token.Kind != YamlTokenKind.DocumentStart)
            Unexpected(token, "the document ended before this line; --- begins another one");
        _scanner.Skip();
        return new YamlEvent(YamlEventKind.DocumentStart, start, token.End);
    }

    private YamlEvent Content()
    {
        var token = _scanner.Peek();
        return token.Kind is YamlTokenKind.Version or YamlTokenKind.TagHandle or YamlTokenKind.DocumentStart
            or YamlTokenKind.DocumentEnd or YamlTokenKind.StreamEnd ? Nothing(token.Start, Pop()) : Node(block: true);
    }

    private YamlEvent EndDocument()
    {
        var token = _scanner.Peek();
        if (token.Kind == YamlTokenKind.DocumentEnd) _scanner.Skip();
        _state = State.NextDocument;
        return new YamlEvent(YamlEventKind.DocumentEnd, token.Start, token.Start);
    }

    /// <summary>A value with what stands before it.</summary>
    /// <param name="block">Whether lists and maps may be written by indentation.</param>
    /// <param name="loose">Whether a list may stand in the column of its map.</param>
    private YamlEvent Node(bool block, bool loose = false)
    {
        var token = _scanner.Peek();
        if (token.Kind == YamlTokenKind.Alias)
        {
            _state = Pop();
            _scanner.Skip();
            return new YamlEvent(YamlEventKind.Alias, token.Start, token.End, Anchor: token.Word);
        }
        var (start, end, anchor, tag) = (token.Start, token.Start, "", "");
        for (; token.Kind is YamlTokenKind.Anchor or YamlTokenKind.Tag; token = Skip())
        {
            if ((token.Kind == YamlTokenKind.Anchor ? anchor : tag).Length > 0) break;
            end = token.End;
            if (token.Kind == YamlTokenKind.Anchor) anchor = token.Word;
            else tag = TagOf(token);
        }
        switch (token.Kind)
        {
            case YamlTokenKind.Item when loose:
                _state = State.LooseItem;
                return new YamlEvent(YamlEventKind.ListStart, start, end, token.Start.Column, Tag: tag, Anchor: anchor);
            case YamlTokenKind.Scalar:
                _state = Pop();
                _scanner.Skip();
                return new YamlEvent(YamlEventKind.Scalar, start, token.End, 0, false, token.Style, token.Text, tag,
                    anchor);
            case YamlTokenKind.FlowListStart or YamlTokenKind.FlowMapStart:
            case YamlTokenKind.BlockListStart or YamlTokenKind.BlockMapStart when block:
                return Open(token, start, tag, anchor);
        }
        if (token.Kind is YamlTokenKind.Alias or YamlTokenKind.Anchor or YamlTokenKind.Tag
            || (anchor.Length == 0 && tag.Length == 0)) return Unexpected(token, "a value must stand here");
        _state = Pop();
        return new YamlEvent(YamlEventKind.Scalar, start, end, Tag: tag, Anchor: anchor);
    }

    private YamlEvent Open(YamlToken token, YamlMark start, string tag, string anchor)
    {
        _scanner.Skip();
        _lines.Add(token.Start.Line);
        _state = token.Kind switch
        {
            YamlTokenKind.FlowListStart => State.FirstFlowItem,
            YamlTokenKind.FlowMapStart => State.FirstFlowKey,
            YamlTokenKind.BlockListStart => State.Item,
            _ => State.Key,
        };
        return new YamlEvent(_state is State.Item or State.FirstFlowItem ? YamlEventKind.ListStart
            : YamlEventKind.MapStart, start, token.End, token.Start.Column,
            token.Kind is YamlTokenKind.FlowListStart or YamlTokenKind.FlowMapStart, Tag: tag, Anchor: anchor);
    }

    private YamlEvent Close(YamlEventKind kind, YamlToken token)
    {
        _scanner.Skip();
        _lines.RemoveAt(_lines.Count - 1);
        _state = Pop();
        return new YamlEvent(kind, token.Start, token.End);
    }

    private string TagOf(YamlToken token)
    {
        if (token.Word.Length == 0) return token.Suffix;
        if (_handles.TryGetValue(token.Word, out var prefix)) return prefix + token.Suffix;
        if (token.Word == "!") return "!" + token.Suffix;
        if (token.Word == "!!") return StandardTags + token.Suffix;
        cursor.Fail(token.Start, $"no %TAG says what {token.Word} is short for");
        return "";
    }

    private YamlEvent Item()
    {
        var token = _scanner.Peek();
        if (token.Kind == YamlTokenKind.BlockEnd) return Close(YamlEventKind.ListEnd, token);
        if (token.Kind != YamlTokenKind.Item)
            return Unexpected(token, $"an item ('- ') of the list that begins in line {_lines[^1]} must stand here");
        var next = Skip();
        return next.Kind is YamlTokenKind.Item or YamlTokenKind.BlockEnd
            ? Nothing(token.End, State.Item) : Inner(State.Item, block: true);
    }

    private YamlEvent LooseItem()
    {
        var token = _scanner.Peek();
        if (token.Kind != YamlTokenKind.Item)
        {
            _state = Pop();
            return new YamlEvent(YamlEventKind.ListEnd, token.Start, token.Start);
        }
        var next = Skip();
        return next.Kind is YamlTokenKind.Item or YamlTokenKind.Key or YamlTokenKind.Value or YamlTokenKind.BlockEnd
            ? Nothing(token.End, State.LooseItem) : Inner(State.LooseItem, block: true);
    }

    private YamlEvent Key()
    {
        var token = _scanner.Peek();
        if (token.Kind == YamlTokenKind.BlockEnd) return Close(YamlEventKind.MapEnd, token);
        if (token.Kind != YamlTokenKind.Key)
            return Unexpected(token, $"a key of the map that begins in line {_lines[^1]} must stand here");
        var next = Skip();
        return next.Kind is YamlTokenKind.Key or YamlTokenKind.Value or YamlTokenKind.BlockEnd
            ? Nothing(token.End, State.Value) : Inner(State.Value, block: true, loose: true);
    }

    private YamlEvent Value()
    {
        var token = _scanner.Peek();
        if (token.Kind != YamlTokenKind.Value) return Nothing(token.Start, State.Key);
        var next = Skip();
        return next.Kind is YamlTokenKind.Key or YamlTokenKind.Value or YamlTokenKind.BlockEnd
            ? Nothing(token.End, State.Key) : Inner(State.Key, block: true, loose: true);
    }

    private YamlEvent FlowItem()
    {
        var token = _scanner.Peek();
        if (token.Kind != YamlTokenKind.FlowListEnd && _state == State.FlowItem)
        {
            if (token.Kind != YamlTokenKind.Comma) return Unclosed(token, "list", ']');
            token = Skip();
        }
        if (token.Kind == YamlTokenKind.FlowListEnd) return Close(YamlEventKind.ListEnd, token);
        if (token.Kind != YamlTokenKind.Key) return Inner(State.FlowItem, block: false);
        _scanner.Skip();
        _states.Add(State.FlowItem);
        _state = State.PairKey;
        return new YamlEvent(YamlEventKind.MapStart, token.Start, token.Start, token.Start.Column, InFlow: true);
    }

    private YamlEvent PairKey()
    {
        var token = _scanner.Peek();
        return token.Kind is YamlTokenKind.Value or YamlTokenKind.Comma or YamlTokenKind.FlowListEnd
            ? Nothing(token.Start, State.PairValue) : Inner(State.PairValue, block: false);
    }

    private YamlEvent PairEnd()
    {
        var token = _scanner.Peek();
        _state = Pop();
        return new YamlEvent(YamlEventKind.MapEnd, token.Start, token.Start);
    }

    private YamlEvent FlowKey()
    {
        var token = _scanner.Peek();
        if (token.Kind != YamlTokenKind.FlowMapEnd && _state == State.FlowKey)
        {
            if (token.Kind != YamlTokenKind.Comma) return Unclosed(token, "map", '}');
            token = Skip();
        }
        if (token.Kind == YamlTokenKind.FlowMapEnd) return Close(YamlEventKind.MapEnd, token);
        if (token.Kind != YamlTokenKind.Key) return Inner(State.FlowNothing, block: false);
        var next = Skip();
        return next.Kind is YamlTokenKind.Value or YamlTokenKind.Comma or YamlTokenKind.FlowMapEnd
            ? Nothing(next.Start, State.FlowValue) : Inner(State.FlowValue, block: false);
    }

    private YamlEvent FlowValue(State then, YamlTokenKind end)
    {
        var token = _scanner.Peek();
        if (token.Kind == YamlTokenKind.Value)
        {
            token = Skip();
            if (token.Kind != YamlTokenKind.Comma && token.Kind != end) return Inner(then, block: false);
        }
        return Nothing(token.Start, then);
    }

    private YamlEvent Inner(State then, bool block, bool loose = false)
    {
        _states.Add(then);
        return Node(block, loose);
    }

    private YamlEvent Nothing(YamlMark at, State then)
    {
        _state = then;
        return new YamlEvent(YamlEventKind.Scalar, at, at);
    }

    private YamlToken Skip()
    {
        _scanner.Skip();
        return _scanner.Peek();
    }

    private State Pop()
    {
        var state = _states[^1];
        _states.RemoveAt(_states.Count - 1);
        return state;
    }

    private YamlEvent Unclosed(YamlToken token, string what, char close)
    {
        if (token.Kind == YamlTokenKind.StreamEnd)
            cursor.Fail(token.Start,
                $"the {what} in brackets that begins in line {_lines[^1]} is not closed: {close} is missing");
        return Unexpected(token, $"a comma or {close} must stand here, in the {what} that begins in line {_lines[^1]}");
    }

    private YamlEvent Unexpected(YamlToken token, string expected)
    {
        var found = token.Kind switch
        {
            YamlTokenKind.StreamEnd => "the text ends",
            YamlTokenKind.DocumentStart => "found ---",
            YamlTokenKind.DocumentEnd => "found ...",
            YamlTokenKind.BlockMapStart or YamlTokenKind.BlockListStart =>
                "the indentation of this line fits nothing above it",
            YamlTokenKind.Key => "found a key",
            YamlTokenKind.Item => "found an item ('- '), whose indentation may be wrong",
            YamlTokenKind.BlockEnd => "found a line that is indented less",
            YamlTokenKind.FlowListStart or YamlTokenKind.FlowMapStart or YamlTokenKind.FlowListEnd
                or YamlTokenKind.FlowMapEnd or YamlTokenKind.Comma => "found " + (char)cursor.Text[token.Start.At]
                    + "; put a text with [ ] { } , in quotes",
            YamlTokenKind.Value => "found a colon" + _scanner.KeyBefore(" behind the value of ")
                + "; put a text that contains it in quotes",
            YamlTokenKind.Alias => "found an alias (*)",
            YamlTokenKind.Anchor or YamlTokenKind.Tag => "found another anchor (&) or tag (!)",
            YamlTokenKind.Scalar => "found a text" + _scanner.KeyBefore(" after the key ")
                + "; the whole of a text stands in one pair of quotes",
            _ => "found a directive",
        };
        cursor.Fail(token.Start, $"{expected}; {found}");
        return default;
    }
}
