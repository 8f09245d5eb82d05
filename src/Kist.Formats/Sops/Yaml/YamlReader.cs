using System.Text;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Kist.Formats.Sops.Yaml;

/// <summary>
/// Reads YAML into documents: YamlDotNet takes the text apart, comments are found between what it found, and what plain
/// words mean is said by <see cref="YamlScalar"/>. Aliases are written out, with bounds.
/// </summary>
internal sealed class YamlReader
{
    /// <summary>How many values may come out of aliases: go-yaml allows as many.</summary>
    private const int MaxAliased = 400_000;

    private readonly IParser _parser;
    private readonly SecretArena _arena;
    private readonly string _text;
    private readonly YamlComments _comments;
    private readonly Dictionary<string, SopsValue?> _anchors = new(StringComparer.Ordinal);
    private readonly List<Level> _levels = [];
    private readonly List<FoundComment> _heads = [];
    private int _document;
    private int _aliased;

    private YamlReader(string text, SecretArena arena)
    {
        _parser = new Parser(new Scanner(new StringReader(text), skipComments: true));
        _arena = arena;
        _text = text;
        _comments = new YamlComments(text);
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

    /// <summary>What stops the reading; caught where it began.</summary>
    private sealed class Refusal(SopsFault fault) : Exception
    {
        public SopsFault Fault => fault;
    }

    public static SopsOutcome<List<SopsValue>> Read(ReadOnlySpan<byte> bytes, SecretArena arena)
    {
        if (!YamlText.Decode(bytes).Try(out var text, out var fault)) return fault;
        try
        {
            return new YamlReader(text, arena).Stream();
        }
        catch (Refusal refusal)
        {
            return refusal.Fault;
        }
        catch (YamlException e)
        {
            // Its text may quote what it met.
            return new SopsFault(SopsExit.Read, "this is no YAML") { Line = (int)e.Start.Line };
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or FormatException
            or IndexOutOfRangeException or InvalidCastException)
        {
            // So the library ends on some texts that are none.
            return new SopsFault(SopsExit.Read, "this is no YAML");
        }
    }

    private List<SopsValue> Stream()
    {
        var documents = new List<SopsValue>();
        _parser.MoveNext();
        while (_parser.MoveNext() && _parser.Current is DocumentStart start)
        {
            _anchors.Clear();
            var items = new List<SopsItem>();
            _levels.Add(new Level(items, null, 0, false));
            if (documents.Count == 0) FindComments(new Mark(0, 1, 1), atStart: true);
            if (!start.IsImplicit) FindComments(start.End);
            _parser.MoveNext();
            documents.Add(Root(items));
            _levels.Clear();
            _parser.MoveNext();
            _document++;
        }
        return documents;
    }

    private SopsValue Root(List<SopsItem> items)
    {
        var root = _parser.Current!;
        switch (root)
        {
            case MappingStart map:
                // The level of the document itself takes what stands outside of its map.
                _levels.Clear();
                var value = Map(map, items);
                foreach (var head in _heads) items.Add(new SopsItem("", Comment(head)));
                _heads.Clear();
                return value;
            case Scalar scalar when scalar.Value.Length == 0 && scalar.IsPlainImplicit
                || (scalar.Style == ScalarStyle.Plain && YamlScalar.KindOf(scalar.Value) == SopsKind.Null):
                FindComments(scalar.End);
                foreach (var head in _heads) items.Add(new SopsItem("", Comment(head)));
                _heads.Clear();
                return SopsValue.OfBranch(items, (int)scalar.Start.Line);
            default:
                throw Refuse("a YAML document must be a map at the top, not a list or a single value", root);
        }
    }

    private SopsValue Map(MappingStart start, List<SopsItem> items)
    {
        var flow = start.Style == MappingStyle.Flow;
        var name = Anchor(start);
        _parser.MoveNext();
        var indent = flow ? _levels.Count > 0 ? _levels[^1].Indent : 0 : Column(_parser.Current!);
        var level = new Level(items, null, indent, flow);
        Push(level, start);
        if (flow) FindComments(start.End);
        var keys = _document == 0 ? new HashSet<string>(StringComparer.Ordinal) : null;
        while (_parser.Current is not MappingEnd)
        {
            Entry(level, keys);
            _parser.MoveNext();
        }
        Pop(level, flow ? _parser.Current : null);
        return Done(name, SopsValue.OfBranch(items, (int)start.Start.Line));
    }

    /// <summary>One key and its value; stands on the last event of the value when it is done.</summary>
    private void Entry(Level level, HashSet<string>? keys)
    {
        var at = _parser.Current!;
        var before = TakeHeads(int.MaxValue);
        var (key, type) = Key(at);
        if (keys is not null && !keys.Add(key))
            throw Refuse($"the key {key} stands twice in the same map", at);
        var lines = TakeLines();
        _parser.MoveNext();
        var valueAt = _parser.Current!;
        List<FoundComment> inlines = [];
        if (valueAt is Scalar or AnchorAlias)
        {
            var scalar = Simple(valueAt);
            inlines = TakeLines();
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
        level.Items[place] = new SopsItem(key, Complex(valueAt), type);
        AddFeet(level);
    }

    private (string Key, string? Type) Key(ParsingEvent at)
    {
        switch (at)
        {
            case Scalar scalar:
                var outcome = YamlScalar.ValueOf(scalar.Value, TagOf(scalar.Tag), scalar.Style != ScalarStyle.Plain,
                    _arena, (int)scalar.Start.Line);
                if (!outcome.Try(out var value, out var fault)) throw new Refusal(fault);
                var name = Anchor(scalar);
                if (name is not null) _anchors[name] = value;
                FindComments(scalar.End);
                return (scalar.Value, TypeOf(value.Kind));
            case AnchorAlias alias:
                var target = Target(alias);
                FindComments(alias.End);
                return (target.Kind == SopsKind.Text ? Encoding.UTF8.GetString(target.Bytes.Span) : alias.Value.Value,
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

    private SopsValue List(SequenceStart start)
    {
        var flow = start.Style == SequenceStyle.Flow;
        var name = Anchor(start);
        var values = new List<SopsValue>();
        // The indentation of a list is that of its dashes; one that stands under its key has the key's.
        var level = new Level(null, values, flow && _levels.Count > 0 ? _levels[^1].Indent : Column(start), flow);
        Push(level, start);
        if (flow) FindComments(start.End);
        _parser.MoveNext();
        while (_parser.Current is not SequenceEnd)
        {
            var at = _parser.Current!;
            if (at is Scalar or AnchorAlias)
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
                values[place] = Complex(at);
            }
            AddFeet(level);
            _parser.MoveNext();
        }
        Pop(level, flow ? _parser.Current : null);
        return Done(name, SopsValue.OfList(values, (int)start.Start.Line));
    }

    private SopsValue Complex(ParsingEvent at) => at switch
    {
        MappingStart map => Map(map, []),
        SequenceStart list => List(list),
        _ => throw Refuse("this is no YAML", at),
    };

    private SopsValue Simple(ParsingEvent at)
    {
        if (at is AnchorAlias alias)
        {
            var copy = Copy(Target(alias), alias);
            FindComments(alias.End);
            return copy;
        }
        var scalar = (Scalar)at;
        var outcome = YamlScalar.ValueOf(scalar.Value, TagOf(scalar.Tag), scalar.Style != ScalarStyle.Plain, _arena,
            (int)scalar.Start.Line);
        if (!outcome.Try(out var value, out var fault)) throw new Refusal(fault);
        if (Anchor(scalar) is { } name) _anchors[name] = value;
        // What follows nothing was found behind the key already.
        if (scalar.Start.Index == scalar.End.Index) return value;
        if (scalar.Style is ScalarStyle.Literal or ScalarStyle.Folded) FindInHeader(scalar);
        FindComments(scalar.End);
        return value;
    }

    /// <summary>A comment behind the mark of a block scalar.</summary>
    private void FindInHeader(Scalar scalar)
    {
        var line = _text.AsSpan((int)scalar.Start.Index);
        var end = line.IndexOfAny('\n', '\r');
        if (end >= 0) line = line[..end];
        var at = line.IndexOf(" #");
        if (at >= 0) _lines.Add(new FoundComment(line[(at + 1)..].ToString(), (int)scalar.Start.Line, 0,
            CommentPlace.Line, 0));
    }

    private SopsValue Target(AnchorAlias alias)
    {
        if (!_anchors.TryGetValue(alias.Value.Value, out var target))
            throw Refuse($"the anchor {alias.Value.Value} is not there", alias);
        return target ?? throw Refuse($"the anchor {alias.Value.Value} contains itself", alias);
    }

    private SopsValue Copy(SopsValue value, AnchorAlias alias)
    {
        if (++_aliased > MaxAliased) throw Refuse("the document has too many aliases", alias);
        return value.Kind switch
        {
            SopsKind.Branch => SopsValue.OfBranch(
                [.. value.Branch.Select(i => i with { Value = Copy(i.Value, alias) })], value.Line),
            SopsKind.List => SopsValue.OfList([.. value.List.Select(v => Copy(v, alias))], value.Line),
            _ => value,
        };
    }

    private string? Anchor(NodeEvent node)
    {
        if (node.Anchor.IsEmpty) return null;
        _anchors[node.Anchor.Value] = null;
        return node.Anchor.Value;
    }

    private SopsValue Done(string? name, SopsValue value)
    {
        if (name is not null) _anchors[name] = value;
        return value;
    }

    private void Push(Level level, ParsingEvent at)
    {
        if (_levels.Count >= Crypto.TreeWalk.MaxDepth) throw Refuse("maps and lists lie too deep in each other", at);
        _levels.Add(level);
    }

    /// <summary>Closes a level: comments of its own column stay in it.</summary>
    private void Pop(Level level, ParsingEvent? end)
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
        if (end is null) return;
        FindComments(end.End);
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

    private void FindComments(Mark from, bool atStart = false)
    {
        var level = _levels.Count > 0 ? _levels[^1] : null;
        foreach (var comment in _comments.After((int)from.Index, (int)from.Line, (int)from.Column - 1,
            level?.Indent ?? 0, level?.InFlow ?? false))
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

    private void AddComments(Level level, List<FoundComment> comments, bool inline)
    {
        foreach (var comment in comments)
            level.Add(SopsValue.OfComment(_arena.Copy(comment.Text[1..]), inline, comment.Line));
    }

    private SopsValue Comment(FoundComment comment) =>
        SopsValue.OfComment(_arena.Copy(comment.Text[1..]), line: comment.Line);

    private static string TagOf(TagName tag) => tag.IsEmpty ? "" : tag.IsNonSpecific ? "!" : tag.Value;

    private static int Column(ParsingEvent at) => (int)at.Start.Column - 1;

    private static Refusal Refuse(string reason, ParsingEvent at) =>
        new(new SopsFault(SopsExit.Read, reason) { Line = (int)at.Start.Line });

    private static readonly List<FoundComment> s_none = [];
}
