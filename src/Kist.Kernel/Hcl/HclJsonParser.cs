using System.Text;
using System.Text.Json;

namespace Kist.Kernel.Hcl;

/// <summary>
/// Reads the JSON form into the same tree. Repeated keys and null are refused: no document needs them.
/// </summary>
internal sealed class HclJsonParser
{
    private readonly byte[] _bytes;
    private readonly HclLimits _limits;
    private readonly HclTree _tree;
    private int _line = 1;
    private int _lineStart;
    private int _counted;

    internal HclJsonParser(string text, HclLimits limits)
    {
        _bytes = Encoding.UTF8.GetBytes(text);
        _limits = limits;
        _tree = new HclTree(limits);
    }

    internal (HclObject?, HclError?) Parse()
    {
        try
        {
            var reader = new Utf8JsonReader(_bytes, new JsonReaderOptions { MaxDepth = _limits.MaxDepth + 1 });
            reader.Read();
            var root = Value(ref reader, 0) as HclObject;
            if (_tree.Error is null) reader.Read();
            return _tree.Error is { } error ? (null, error) : (root, null);
        }
        // The reader's message may quote the document, so only its place is kept. The second kind is a lone surrogate.
        catch (JsonException e)
        {
            var place = new HclPosition((int)(e.LineNumber ?? 0) + 1, (int)(e.BytePositionInLine ?? 0) + 1);
            return (null, new HclError($"not valid JSON, or nested deeper than {_limits.MaxDepth} levels", place));
        }
        catch (InvalidOperationException)
        {
            return (null, new HclError("a string is not valid Unicode", new HclPosition(_line, 1)));
        }
    }

    private HclValue? Value(ref Utf8JsonReader reader, int depth)
    {
        var position = PositionOf(ref reader);
        if (!_tree.Admit(position, depth)) return null;
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject: return Object(ref reader, position, depth);
            case JsonTokenType.StartArray: return List(ref reader, position, depth);
            case JsonTokenType.String: return new HclString(position, reader.GetString()!);
            case JsonTokenType.Number when reader.TryGetDouble(out var number) && double.IsFinite(number):
                return new HclNumber(position, Encoding.ASCII.GetString(reader.ValueSpan));
            case JsonTokenType.True or JsonTokenType.False: return new HclBool(position, reader.GetBoolean());
            default:
                _tree.Fail("null, or a number too large, is not a value here", position);
                return null;
        }
    }

    private HclObject? Object(ref Utf8JsonReader reader, HclPosition position, int depth)
    {
        var members = new HclTree.Members(_tree);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var keyPosition = PositionOf(ref reader);
            var key = reader.GetString()!;
            reader.Read();
            if (Value(ref reader, depth + 1) is not { } value) return null;
            if (!members.Add(new HclMember(key, keyPosition, value), isBlock: false)) return null;
        }
        return new HclObject(position, members.List);
    }

    private HclList? List(ref Utf8JsonReader reader, HclPosition position, int depth)
    {
        var items = new List<HclValue>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (Value(ref reader, depth + 1) is not { } item) return null;
            items.Add(item);
        }
        return new HclList(position, items);
    }

    /// <summary>Line and byte column of the current token; counts each line break once.</summary>
    private HclPosition PositionOf(ref Utf8JsonReader reader)
    {
        for (var start = (int)reader.TokenStartIndex; _counted < start; _counted++)
        {
            if (_bytes[_counted] != '\n') continue;
            _line++;
            _lineStart = _counted + 1;
        }
        return new HclPosition(_line, (int)reader.TokenStartIndex - _lineStart + 1);
    }
}
