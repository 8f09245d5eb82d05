using System.Net;
using System.Text;

namespace Kist.Agent.Templates;

/// <summary>The functions of the language itself (pkg.go.dev/text/template, Functions).</summary>
internal static class GoFunctions
{
    public static void AddTo(Dictionary<string, Func<FunctionCall, object?>> all)
    {
        all["not"] = static c => !TemplateValue.Truth(c.Takes(1)[0]);
        all["len"] = static c => Length(c.Takes(1));
        all["index"] = static c => Index(c.Takes(1, int.MaxValue));
        all["slice"] = static c => Slice(c.Takes(1, 4));
        all["print"] = static c => Print(c, false);
        all["println"] = static c => Print(c, true);
        all["printf"] = static c => GoFormat.Format(c.Takes(1, int.MaxValue).Text(0), c.Arguments.Skip(1).ToList());
        all["html"] = static c => Html(Print(c, false));
        all["js"] = static c => Js(Print(c, false));
        all["urlquery"] = static c => WebUtility.UrlEncode(Print(c, false));
        all["eq"] = static c => c.Takes(2, int.MaxValue).Arguments.Skip(1).Any(other => AreEqual(c, other));
        all["ne"] = static c => !AreEqual(c.Takes(2), c[1]);
        all["lt"] = static c => Order(c.Takes(2)) < 0;
        all["le"] = static c => Order(c.Takes(2)) <= 0;
        all["gt"] = static c => Order(c.Takes(2)) > 0;
        all["ge"] = static c => Order(c.Takes(2)) >= 0;
    }

    /// <summary>The texts one after another; as Go has it, with a space between two that are no strings.</summary>
    private static string Print(FunctionCall call, bool line)
    {
        var text = new StringBuilder();
        for (var i = 0; i < call.Count; i++)
        {
            if (i > 0 && (line || (call[i] is not string && call[i - 1] is not string))) text.Append(' ');
            text.Append(call[i] is null ? "<nil>" : TemplateValue.Text(call[i]));
        }
        return (line ? text.Append('\n') : text).ToString();
    }

    private static object Length(FunctionCall call) => call[0] switch
    {
        string text => (long)Encoding.UTF8.GetByteCount(text),
        IReadOnlyList<object?> list => (long)list.Count,
        TemplateMap map => (long)map.Count,
        var other => throw new TemplateFault($"len of {TemplateValue.Kind(other)}"),
    };

    private static object? Index(FunctionCall call)
    {
        var value = call[0];
        for (var i = 1; i < call.Count; i++)
        {
            switch (value)
            {
                case TemplateMap map:
                    value = map.GetValueOrDefault(call.Text(i));
                    break;
                case IReadOnlyList<object?> list:
                    var at = call.Whole(i);
                    value = at >= 0 && at < list.Count ? list[(int)at] : throw new TemplateFault("index out of range");
                    break;
                case string text:
                    var bytes = Encoding.UTF8.GetBytes(text);
                    var place = call.Whole(i);
                    value = place >= 0 && place < bytes.Length
                        ? (long)bytes[place] : throw new TemplateFault("index out of range");
                    break;
                default:
                    throw new TemplateFault($"index of {TemplateValue.Kind(value)}");
            }
        }
        return value;
    }

    private static object Slice(FunctionCall call)
    {
        var bytes = call[0] is string text ? Encoding.UTF8.GetBytes(text) : null;
        var size = bytes?.Length ?? call.List(0).Count;
        var from = call.Count > 1 ? call.Whole(1) : 0;
        var to = call.Count > 2 ? call.Whole(2) : size;
        if (from < 0 || to < from || to > size) throw new TemplateFault("slice out of range");
        return bytes is null
            ? call.List(0).Skip((int)from).Take((int)(to - from)).ToList()
            : Encoding.UTF8.GetString(bytes, (int)from, (int)(to - from));
    }

    private static bool AreEqual(FunctionCall call, object? other) => TemplateValue.AreEqual(call[0], other)
        ?? throw new TemplateFault(
            $"{call.Name} cannot compare {TemplateValue.Kind(call[0])} and {TemplateValue.Kind(other)}");

    private static int Order(FunctionCall call) => TemplateValue.Compare(call[0], call[1])
        ?? throw new TemplateFault(
            $"{call.Name} cannot compare {TemplateValue.Kind(call[0])} and {TemplateValue.Kind(call[1])}");

    private static string Html(string text) => text.Replace("&", "&amp;").Replace("'", "&#39;")
        .Replace("<", "&lt;").Replace(">", "&gt;").Replace("\"", "&#34;").Replace("\0", "\uFFFD");

    private static string Js(string text)
    {
        var escaped = new StringBuilder();
        foreach (var c in text)
            escaped.Append(c switch
            {
                '\\' => "\\\\", '\'' => "\\'", '"' => "\\\"", '<' => "\\u003C", '>' => "\\u003E", '&' => "\\u0026",
                '=' => "\\u003D", _ => c < ' ' ? $"\\u{(int)c:X4}" : c.ToString(),
            });
        return escaped.ToString();
    }
}
