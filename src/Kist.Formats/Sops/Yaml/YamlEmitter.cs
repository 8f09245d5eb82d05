using System.Globalization;
using System.Text;
using Kist.Secrets;

namespace Kist.Formats.Sops.Yaml;

/// <summary>Writes documents in block style, as go-yaml v3 does it for sops.</summary>
internal sealed class YamlEmitter
{
    private readonly SecretWriter _output;
    private readonly int _step;
    private readonly YamlScalarWriter _scalars;

    private YamlEmitter(SecretWriter output, int step)
    {
        _output = output;
        _step = step is >= 2 and <= 9 ? step : 2;
        _scalars = new YamlScalarWriter(output);
    }

    public static SopsFault? Write(List<SopsValue> documents, int indent, SecretWriter output)
    {
        var emitter = new YamlEmitter(output, indent);
        for (var i = 0; i < documents.Count; i++)
        {
            if (i > 0) output.Write("---\n"u8);
            emitter.Root(documents[i]);
        }
        return null;
    }

    /// <summary>A single value that is no map, as a document.</summary>
    public static SopsFault? WriteValue(SopsValue value, int indent, SecretWriter output)
    {
        var emitter = new YamlEmitter(output, indent);
        if (value.Kind == SopsKind.Branch || (value.Kind == SopsKind.List && HasValues(value)))
        {
            if (value.Kind == SopsKind.Branch) emitter.Root(value);
            else emitter.List(value, 0, onLine: true);
            return null;
        }
        emitter.Scalar(value, 0, emitter._step, default);
        emitter.EndLine();
        return null;
    }

    private void Root(SopsValue document)
    {
        if (HasValues(document))
        {
            Branch(document, 0, onLine: true);
            return;
        }
        foreach (var item in document.Branch) Comment(item.Value, 0);
        _output.Write("{}\n"u8);
    }

    /// <summary>The items of a map at a column.</summary>
    /// <param name="onLine">Whether the first one goes on where the writer stands.</param>
    private void Branch(SopsValue branch, int column, bool onLine)
    {
        var comments = new List<SopsValue>();
        foreach (var item in branch.Branch)
        {
            if (item.IsComment)
            {
                comments.Add(item.Value);
                continue;
            }
            var inline = Inline(comments, item.Value);
            if (comments.Count > 0)
            {
                // Before the dash of a list there was room for them.
                foreach (var comment in comments) Comment(comment, column);
                onLine = false;
                comments.Clear();
            }
            if (!onLine) Indent(column);
            onLine = false;
            Key(item.Key, column);
            Value(item.Value.Kind == SopsKind.Comment ? item.Value.CommentAsMap("value", "inline") : item.Value,
                column, inline);
        }
        foreach (var comment in comments) Comment(comment, column);
    }

    private void Key(string key, int column)
    {
        var bytes = Encoding.UTF8.GetBytes(key);
        if (bytes.Length <= 128 && !YamlScalarWriter.HasBreak(bytes))
        {
            _scalars.Write(bytes, asKey: true, column, Next(column), default);
            _output.Write(":"u8);
            return;
        }
        _output.Write("? "u8);
        _scalars.Write(bytes, asKey: false, column, Next(column), default);
        EndLine();
        Indent(column);
        _output.Write(":"u8);
    }

    private void Value(SopsValue value, int column, ReadOnlyMemory<byte> inline)
    {
        switch (value.Kind)
        {
            case SopsKind.Branch when HasValues(value):
                _output.Write("\n"u8);
                Branch(value, Next(column), onLine: false);
                break;
            case SopsKind.List when HasValues(value):
                _output.Write("\n"u8);
                List(value, Next(column), onLine: false);
                break;
            default:
                _output.Write(" "u8);
                Scalar(value, column, Next(column), inline);
                EndLine();
                if (value.IsComplex) OnlyComments(value, Next(column));
                break;
        }
    }

    private void List(SopsValue list, int column, bool onLine)
    {
        var comments = new List<SopsValue>();
        foreach (var value in list.List)
        {
            if (value.Kind == SopsKind.Comment)
            {
                comments.Add(value);
                continue;
            }
            var inline = Inline(comments, value);
            // What begins a map in a list stands before the dash.
            var lead = value.Kind == SopsKind.Branch && HasValues(value)
                ? value.Branch.TakeWhile(i => i.IsComment).Select(i => i.Value) : [];
            foreach (var comment in comments.Concat(lead))
            {
                Comment(comment, column);
                onLine = false;
            }
            comments.Clear();
            if (!onLine) Indent(column);
            onLine = false;
            Item(value, column, inline);
        }
        foreach (var comment in comments) Comment(comment, column);
    }

    private void Item(SopsValue value, int column, ReadOnlyMemory<byte> inline)
    {
        _output.Write("- "u8);
        switch (value.Kind)
        {
            case SopsKind.Branch when HasValues(value):
                Branch(SopsValue.OfBranch([.. value.Branch.SkipWhile(i => i.IsComment)]), column + 2, onLine: true);
                break;
            case SopsKind.List when HasValues(value):
                List(value, column + 2, onLine: true);
                break;
            default:
                Scalar(value, column, column + 2, inline);
                EndLine();
                if (value.IsComplex) OnlyComments(value, column + 2);
                break;
        }
    }

    private void Scalar(SopsValue value, int parent, int column, ReadOnlyMemory<byte> inline)
    {
        switch (value.Kind)
        {
            case SopsKind.Text:
                _scalars.Write(value.Bytes.Span, asKey: false, parent, column, inline.Span);
                return;
            case SopsKind.Time or SopsKind.Unsigned:
                _output.Write(value.Bytes.Span);
                break;
            case SopsKind.Null:
                _output.Write("null"u8);
                break;
            case SopsKind.Boolean:
                _output.Write(value.Boolean ? "true"u8 : "false"u8);
                break;
            case SopsKind.Float:
                _output.Write(Encoding.ASCII.GetBytes(GoNumber.Yaml(value.Float)));
                break;
            case SopsKind.Integer:
                _output.Write(Encoding.ASCII.GetBytes(value.Integer.ToString(CultureInfo.InvariantCulture)));
                break;
            default:
                _output.Write(value.Kind == SopsKind.List ? "[]"u8 : "{}"u8);
                break;
        }
        _scalars.Inline(inline.Span);
    }

    /// <summary>The one comment that stands behind a simple value on its line; it is taken out of the list.</summary>
    private static ReadOnlyMemory<byte> Inline(List<SopsValue> comments, SopsValue value)
    {
        if (comments.Count == 0 || !comments[^1].Inline || value.IsComplex) return default;
        var text = comments[^1].Bytes;
        comments.RemoveAt(comments.Count - 1);
        return text.IsEmpty ? " "u8.ToArray() : text;
    }

    private void OnlyComments(SopsValue value, int column)
    {
        foreach (var item in value.Branch) Comment(item.Value, column);
        foreach (var item in value.List) Comment(item, column);
    }

    private void Comment(SopsValue comment, int column)
    {
        var text = comment.Bytes.Span;
        while (true)
        {
            var end = text.IndexOf((byte)'\n');
            Indent(column);
            _output.Write("#"u8);
            _output.Write(end < 0 ? text : text[..end]);
            _output.Write("\n"u8);
            if (end < 0) return;
            text = text[(end + 1)..];
        }
    }

    private void Indent(int column)
    {
        _output.GetSpan(column)[..column].Fill((byte)' ');
        _output.Advance(column);
    }

    private void EndLine()
    {
        var written = _output.WrittenSpan;
        if (written.Length == 0 || written[^1] != '\n') _output.Write("\n"u8);
    }

    private int Next(int column) => _step * ((column + _step) / _step);

    private static bool HasValues(SopsValue value)
    {
        foreach (var item in value.Branch) if (!item.IsComment) return true;
        foreach (var item in value.List) if (item.Kind != SopsKind.Comment) return true;
        return false;
    }
}
