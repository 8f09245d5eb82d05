using System.Text;

namespace Kist.Formats.Sops.Yaml;

/// <summary>
/// Reads YAML into documents: <see cref="YamlParser"/> takes the text apart, comments are found between what it found,
/// and what plain words mean is said by <see cref="YamlScalar"/>. Aliases are written out, with bounds. After a fault
/// every list and map ends where it is, and what was read counts for nothing.
/// </summary>
internal sealed class YamlReader
{
    /// <summary>How many values may come out of aliases: go-yaml allows as many.</summary>
    private const int MaxAliased = 400_000;

    private readonly YamlParser _parser;
    private readonly SecretArena _arena;
    private readonly YamlCursor _cursor;
    private readonly YamlComments _comments;
    private readonly Dictionary<string, SopsValue?> _anchors = new(StringComparer.Ordinal);
    private readonly List<Level> _levels = [];
    private readonly List<string> _path = [];
    private readonly List<FoundComment> _heads = [];
    private int _document;
    private int _aliased;

    private YamlReader(YamlCursor cursor, SecretArena arena)
    {
        _parser = new YamlParser(cursor, arena);
        _arena = arena;
        _cursor = cursor;
        _comments = new YamlComments(cursor);
    }

    /// <summary>A map or list that is open.</summary>
    private sealed record Level(List<SopsItem>? Items, List<SopsValue>? Values, int Indent, bool InFlow)
    {
        public void Add(SopsValue comment)
        {
            if (Items is not null) Items.Add(new SopsItem("", comment));
            else Values!.Add(comment);
        }
    }

    /// <summary>Reads all documents; their texts lie in the arena.</summary>
    public static SopsOutcome<List<SopsValue>> Read(ReadOnlySpan<byte> bytes, SecretArena arena)
    {
        if (!YamlText.Decode(bytes, arena).Try(out var cursor, out var fault)) return fault;
        var reader = new YamlReader(cursor, arena);
        var documents = reader.Stream();
        if (reader._parser.Fault is not { } found) return documents;
        return found with { Key = reader._path.Count == 0 ? null : string.Concat(reader._path) };
    }

    private List<SopsValue> Stream()
    {
        var documents = new List<SopsValue>();
        while (_parser.Next() && _parser.Current is { Kind: YamlEventKind.DocumentStart } start)
        {
            _anchors.Clear();
            var items = new List<SopsItem>();
            _levels.Add(new Level(items, null, 0, false));
            if (documents.Count == 0) FindComments(new YamlMark(0, 1, 0), atStart: true);
            if (start.End != start.Start) FindComments(start.End);
            _parser.Next();
            documents.Add(Root(items));
            _levels.Clear();
            _parser.Next();
            _document++;
        }
        return documents;
    }

    private SopsValue Root(List<SopsItem> items)
    {
        var root = _parser.Current;
        switch (root.Kind)
        {
            case YamlEventKind.MapStart:
                // The level of the document itself takes what stands outside of its map.
                _levels.Clear();
                var value = Map(root, items);
                foreach (var head in _heads) items.Add(new SopsItem("", Comment(head)));
                _heads.Clear();
                return value;
            case YamlEventKind.Scalar when IsNothing(root):
                FindComments(root.End);
                foreach (var head in _heads) items.Add(new SopsItem("", Comment(head)));
                _heads.Clear();
                return SopsValue.OfBranch(items, root.Start.Line);
            default:
                return Refuse("a YAML document must be a map at the top, not a list or a single value", root);
        }
    }

    private static bool IsNothing(YamlEvent scalar) => scalar.Style == YamlStyle.Plain && (scalar.Text.IsEmpty
        ? scalar.Tag.Length == 0
        : scalar.Text.Length <= 4 && YamlScalar.KindOf(Encoding.UTF8.GetString(scalar.Text.Span)) == SopsKind.Null);

    private SopsValue Map(YamlEvent start, List<SopsItem> items)
    {
        var name = Anchor(start);
        var level = new Level(items, null, Indent(start), start.InFlow);
        if (!Push(level, start)) return SopsValue.Null;
        if (start.InFlow) FindComments(start.End);
        var keys = _document == 0 ? new HashSet<string>(StringComparer.Ordinal) : null;
        while (_parser.Next() && _parser.Current.Kind != YamlEventKind.MapEnd) Entry(level, keys);
        Pop(level, start.InFlow);
        return Done(name, SopsValue.OfBranch(items, start.Start.Line));
    }

    /// <summary>One key and its value; stands on the last event of the value when it is done.</summary>
    private void Entry(Level level, HashSet<string>? keys)
    {
        var at = _parser.Current;
        var before = TakeHeads(int.MaxValue);
        var (key, type) = Key(at);
        if (_parser.Fault is not null) return;
        if (keys is not null && !keys.Add(key)) Refuse($"the key {key} stands twice in the same map", at);
        var lines = TakeLines();
        if (!_parser.Next()) return;
        var valueAt = _parser.Current;
        if (valueAt.Kind is YamlEventKind.Scalar or YamlEventKind.Alias)
        {
            var scalar = Simple(valueAt);
            var inlines = TakeLines();
            AddComments(level, before, false);
            AddComments(level, lines, false);
            AddComments(level, inlines, true);
            level.Items!.Add(new SopsItem(key, scalar, type));
            AddFeet(level);
            return;
        }
        AddComments(level, before, false);
        AddComments(level, lines, false);
        // The place is kept while what comes in between is read.
        var place = level.Items!.Count;
        level.Items.Add(default);
        _path.Add($"[\"{key}\"]");
        level.Items[place] = new SopsItem(key, Complex(valueAt), type);
        Leave();
        AddFeet(level);
    }

    // A fault keeps the path to where it was found.
    private void Leave()
    {
        if (_parser.Fault is null) _path.RemoveAt(_path.Count - 1);
    }

    private (string Key, string? Type) Key(YamlEvent at)
    {
        switch (at.Kind)
        {
            case YamlEventKind.Scalar:
                var outcome = YamlScalar.ValueOf(at.Text, at.Tag, at.Style != YamlStyle.Plain, _arena, at.Start.Line);
                if (!outcome.Try(out var value, out var fault))
                {
                    _parser.Fail(fault);
                    return default;
                }
                if (Anchor(at) is { } name) _anchors[name] = value;
                FindComments(at.End);
                return (Encoding.UTF8.GetString(at.Text.Span), TypeOf(value.Kind));
            case YamlEventKind.Alias:
                if (Target(at) is not { } target) return default;
                FindComments(at.End);
                return (target.Kind == SopsKind.Text ? Encoding.UTF8.GetString(target.Bytes.Span) : at.Anchor,
                    target.IsComplex ? "map" : TypeOf(target.Kind));
            default:
                Complex(at);
                return ("", "list or map");
        }
    }

    private static string? TypeOf(SopsKind kind) => kind switch
    {
        SopsKind.Text => null,
        SopsKind.Integer or SopsKind.Unsigned => "int",
        SopsKind.Float => "float64",
        SopsKind.Boolean => "bool",
        SopsKind.Time => "time",
        _ => "null",
    };

    private SopsValue List(YamlEvent start)
    {
        var name = Anchor(start);
        var values = new List<SopsValue>();
        var level = new Level(null, values, Indent(start), start.InFlow);
        if (!Push(level, start)) return SopsValue.Null;
        if (start.InFlow) FindComments(start.End);
        for (var index = 0; _parser.Next() && _parser.Current.Kind != YamlEventKind.ListEnd; index++)
        {
            var at = _parser.Current;
            if (at.Kind is YamlEventKind.Scalar or YamlEventKind.Alias)
            {
                var before = TakeHeads(int.MaxValue);
                var scalar = Simple(at);
                var inlines = TakeLines();
                AddComments(level, before, false);
                AddComments(level, inlines, true);
                values.Add(scalar);
            }
            else
            {
                AddComments(level, TakeHeads(1), false);
                AddComments(level, TakeLines(), false);
                var place = values.Count;
                values.Add(SopsValue.Null);
                _path.Add($"[{index}]");
                values[place] = Complex(at);
                Leave();
            }
            AddFeet(level);
        }
        Pop(level, start.InFlow);
        return Done(name, SopsValue.OfList(values, start.Start.Line));
    }

    private SopsValue Complex(YamlEvent at) => at.Kind switch
    {
        YamlEventKind.MapStart => Map(at, []),
        YamlEventKind.ListStart => List(at),
        _ => Refuse("a value must stand here", at),
    };

    private SopsValue Simple(YamlEvent at)
    {
        if (at.Kind == YamlEventKind.Alias)
        {
            var copy = Target(at) is { } target ? Copy(target, at) : SopsValue.Null;
            FindComments(at.End);
            return copy;
        }
        var outcome = YamlScalar.ValueOf(at.Text, at.Tag, at.Style != YamlStyle.Plain, _arena, at.Start.Line);
        if (!outcome.Try(out var value, out var fault))
        {
            _parser.Fail(fault);
            return SopsValue.Null;
        }
        if (Anchor(at) is { } name) _anchors[name] = value;
        // What follows nothing was found behind the key already.
        if (at.Start.At == at.End.At) return value;
        if (at.Style == YamlStyle.Block) FindInHeader(at);
        FindComments(at.End);
        return value;
    }

    /// <summary>A comment behind the mark of a block scalar.</summary>
    private void FindInHeader(YamlEvent scalar)
    {
        var line = _cursor.Text.AsSpan(scalar.Start.At);
        var end = line.IndexOfAny((byte)'\n', (byte)'\r', (byte)0);
        var at = line[..end].IndexOf(" #"u8);
        if (at < 0) return;
        var from = scalar.Start.At + at + 2;
        _lines.Add(new FoundComment(_cursor.Piece(from, scalar.Start.At + end), scalar.Start.Line, 0,
            CommentPlace.Line, 0));
    }

    private SopsValue? Target(YamlEvent alias)
    {
        if (_anchors.TryGetValue(alias.Anchor, out var target) && target is not null) return target;
        _parser.Fail(alias, _anchors.ContainsKey(alias.Anchor) ? $"the anchor {alias.Anchor} contains itself"
            : $"the anchor {alias.Anchor} is not there; put a text that begins with * in quotes");
        return null;
    }

    private SopsValue Copy(SopsValue value, YamlEvent alias)
    {
        if (++_aliased > MaxAliased) return Refuse("the document has too many aliases", alias);
        return value.Kind switch
        {
            SopsKind.Branch => SopsValue.OfBranch(
                [.. value.Branch.Select(i => i with { Value = Copy(i.Value, alias) })], value.Line),
            SopsKind.List => SopsValue.OfList([.. value.List.Select(v => Copy(v, alias))], value.Line),
            _ => value,
        };
    }

    private string? Anchor(YamlEvent node)
    {
        if (node.Anchor.Length == 0) return null;
        _anchors[node.Anchor] = null;
        return node.Anchor;
    }

    private SopsValue Done(string? name, SopsValue value)
    {
        if (name is not null) _anchors[name] = value;
        return value;
    }

    private bool Push(Level level, YamlEvent at)
    {
        if (_levels.Count >= Crypto.TreeWalk.MaxDepth) Refuse("maps and lists lie too deep in each other", at);
        _levels.Add(level);
        return _parser.Fault is null;
    }

    /// <summary>Closes a level: comments of its own column stay in it.</summary>
    private void Pop(Level level, bool bracket)
    {
        if (level.Items is not null && !level.InFlow)
        {
            for (var i = 0; i < _heads.Count; i++)
            {
                if (_heads[i].Place != CommentPlace.Dedented || _heads[i].Column != level.Indent) continue;
                level.Add(Comment(_heads[i]));
                _heads.RemoveAt(i--);
            }
        }
        _levels.RemoveAt(_levels.Count - 1);
        // A pair in a list, [key: value], has no bracket of its own.
        if (!bracket || _parser.Current.End == _parser.Current.Start) return;
        FindComments(_parser.Current.End);
        // A comment behind the bracket counts to what is in it, and comes first.
        var lines = TakeLines();
        for (var i = lines.Count - 1; i >= 0; i--)
        {
            if (level.Items is not null) level.Items.Insert(0, new SopsItem("", Comment(lines[i])));
            else level.Values!.Insert(0, Comment(lines[i]));
        }
    }

    private readonly List<FoundComment> _lines = [];
    private readonly List<FoundComment> _feet = [];

    private void FindComments(YamlMark from, bool atStart = false)
    {
        var level = _levels.Count > 0 ? _levels[^1] : null;
        foreach (var comment in _comments.After(from, level?.Indent ?? 0, level?.InFlow ?? false))
        {
            if (comment.Place == CommentPlace.Line && !atStart && comment.Dashes == 0) _lines.Add(comment);
            else if (comment.Place == CommentPlace.Foot && !atStart) _feet.Add(comment);
            else _heads.Add(comment);
        }
    }

    private List<FoundComment> TakeLines()
    {
        if (_lines.Count == 0) return s_none;
        List<FoundComment> taken = [.. _lines];
        _lines.Clear();
        return taken;
    }

    /// <summary>The comments before what begins now; in a list those that stand before its dash only, the others go
    /// with what is inside.</summary>
    private List<FoundComment> TakeHeads(int dashes)
    {
        if (_heads.Count == 0) return s_none;
        List<FoundComment> taken = [.. _heads.Where(h => h.Dashes < dashes)];
        _heads.RemoveAll(h => h.Dashes < dashes);
        for (var i = 0; i < _heads.Count; i++) _heads[i] = _heads[i] with { Dashes = _heads[i].Dashes - 1 };
        return taken;
    }

    private void AddFeet(Level level)
    {
        if (_feet.Count == 0) return;
        foreach (var foot in _feet) level.Add(Comment(foot));
        _feet.Clear();
    }

    private static void AddComments(Level level, List<FoundComment> comments, bool inline)
    {
        foreach (var comment in comments) level.Add(SopsValue.OfComment(comment.Text, inline, comment.Line));
    }

    private static SopsValue Comment(FoundComment comment) => SopsValue.OfComment(comment.Text, line: comment.Line);

    /// <summary>What is written in brackets has the indentation of what it is in.</summary>
    private int Indent(YamlEvent start) =>
        !start.InFlow ? start.Indent : _levels.Count > 0 ? _levels[^1].Indent : 0;

    private SopsValue Refuse(string reason, YamlEvent at)
    {
        _parser.Fail(at, reason);
        return SopsValue.Null;
    }

    private static readonly List<FoundComment> s_none = [];
}
