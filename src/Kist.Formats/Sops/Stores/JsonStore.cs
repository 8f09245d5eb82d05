using System.Buffers;
using System.Globalization;
using System.Text;
using Kist.Secrets;

namespace Kist.Formats.Sops.Stores;

/// <summary>JSON: an object at the top; written as Go's encoder does it, comments left out.</summary>
internal static class JsonStore
{
    public static SopsOutcome<List<SopsValue>> Read(ReadOnlySpan<byte> bytes, SecretArena arena)
    {
        var reader = new JsonReader(bytes, arena);
        if (reader.Peek() is not ((byte)'{' or 0) and var first && "[\"-0123456789tfn"u8.Contains(first))
            return new SopsFault(SopsExit.Read, "a JSON file must hold an object at the top; to encrypt something "
                + "else, wrap it: {\"data\": …}") { Line = 1 };
        // What follows the object is passed over, as sops does it.
        return reader.Value() is { } value ? SopsOutcome<List<SopsValue>>.Of([value]) : reader.Fault!;
    }

    /// <summary>One value and nothing behind it.</summary>
    public static SopsOutcome<SopsValue> Value(ReadOnlySpan<byte> json, SecretArena arena)
    {
        var reader = new JsonReader(json, arena);
        if (reader.Value() is not { } value) return reader.Fault!;
        return reader.AtEnd ? value : new SopsFault(SopsExit.Read, "something follows the JSON value");
    }

    public static SopsFault? Write(SopsValue document, int indent, SecretWriter output)
    {
        if (WriteValue(document, indent, output) is { } fault) return fault;
        output.Write("\n"u8);
        return null;
    }

    public static SopsFault? WriteValue(SopsValue value, int indent, SecretWriter output)
    {
        var writer = new Writer(output, indent);
        writer.Value(value);
        return writer.Fault;
    }

    private sealed class Writer(SecretWriter output, int indent)
    {
        private int _depth;

        public SopsFault? Fault { get; private set; }

        public void Value(SopsValue value)
        {
            switch (value.Kind)
            {
                case SopsKind.Branch:
                    Branch(value);
                    break;
                case SopsKind.List:
                    List(value);
                    break;
                case SopsKind.Comment:
                    Branch(value.CommentAsMap("Value", "Inline"));
                    break;
                case SopsKind.Text or SopsKind.Time:
                    Text(value.Bytes.Span);
                    break;
                case SopsKind.Null:
                    output.Write("null"u8);
                    break;
                case SopsKind.Boolean:
                    output.Write(value.Boolean ? "true"u8 : "false"u8);
                    break;
                case SopsKind.Float when !double.IsFinite(value.Float):
                    Fault ??= new SopsFault(SopsExit.Dump, "JSON has no form for infinity and NaN");
                    break;
                case SopsKind.Float:
                    output.Write(Encoding.ASCII.GetBytes(GoNumber.Json(value.Float)));
                    break;
                default:
                    output.Write(value.Kind == SopsKind.Unsigned ? value.Bytes.Span
                        : Encoding.ASCII.GetBytes(value.Integer.ToString(CultureInfo.InvariantCulture)));
                    break;
            }
        }

        private void Branch(SopsValue branch)
        {
            var any = false;
            output.Write("{"u8);
            foreach (var item in branch.Branch)
            {
                if (item.IsComment) continue;
                Begin(ref any);
                Text(Encoding.UTF8.GetBytes(item.Key));
                output.Write(": "u8);
                Value(item.Value);
            }
            End(any, "}"u8);
        }

        private void List(SopsValue list)
        {
            var any = false;
            output.Write("["u8);
            foreach (var value in list.List)
            {
                if (value.Kind == SopsKind.Comment) continue;
                Begin(ref any);
                Value(value);
            }
            End(any, "]"u8);
        }

        private void Begin(ref bool any)
        {
            if (any) output.Write(","u8);
            else _depth++;
            any = true;
            Line();
        }

        private void End(bool any, ReadOnlySpan<byte> mark)
        {
            if (any)
            {
                _depth--;
                Line();
            }
            output.Write(mark);
        }

        private void Line()
        {
            output.Write("\n"u8);
            var width = indent < 0 ? _depth : _depth * indent;
            output.GetSpan(width)[..width].Fill(indent < 0 ? (byte)'\t' : (byte)' ');
            output.Advance(width);
        }

        private void Text(ReadOnlySpan<byte> text)
        {
            output.Write("\""u8);
            while (!text.IsEmpty)
            {
                var plain = text.IndexOfAny(s_escaped);
                if (plain < 0) plain = text.Length;
                output.Write(text[..plain]);
                text = text[plain..];
                if (text.IsEmpty) break;
                Rune.DecodeFromUtf8(text, out var rune, out var consumed);
                if (text[0] >= 0x80 && rune != Rune.ReplacementChar && rune.Value is not (0x2028 or 0x2029))
                    output.Write(text[..consumed]);
                else if (text[0] >= 0x80 && rune == Rune.ReplacementChar && consumed == 3)
                    output.Write(text[..consumed]);
                else Escape(rune.Value);
                text = text[consumed..];
            }
            output.Write("\""u8);
        }

        private void Escape(int code)
        {
            ReadOnlySpan<byte> simple = code switch
            {
                '"' => "\\\""u8, '\\' => "\\\\"u8, '\n' => "\\n"u8, '\r' => "\\r"u8, '\t' => "\\t"u8,
                '\b' => "\\b"u8, '\f' => "\\f"u8, _ => default,
            };
            output.Write(simple.IsEmpty ? Encoding.ASCII.GetBytes($"\\u{code:x4}") : simple);
        }

        // Everything that is no letter of ASCII is looked at one by one.
        private static readonly SearchValues<byte> s_escaped = SearchValues.Create([.. Enumerable.Range(0, 32)
            .Concat(Enumerable.Range(128, 128)).Concat([(int)'"', '\\', '<', '>', '&']).Select(i => (byte)i)]);
    }
}
