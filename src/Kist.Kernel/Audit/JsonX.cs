using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Kist.Kernel.Audit;

/// <summary>
/// Turns lines into JSONx, the XML form of JSON that some collectors want (<c>format=jsonx</c>). The chain's fields are
/// carried over, but hashes are over the JSON, so such a log cannot be verified offline.
/// </summary>
internal static class JsonX
{
    /// <summary>Appends each line of <paramref name="lines"/>, which begin with <paramref name="prefix"/>, as
    /// XML.</summary>
    public static void Write(LineBuffer to, ReadOnlySpan<byte> lines, ReadOnlySpan<byte> prefix)
    {
        while (lines.IndexOf((byte)'\n') is var end and >= 0)
        {
            to.Raw(prefix);
            using (var line = JsonDocument.Parse(Encoding.UTF8.GetString(lines[prefix.Length..end])))
            {
                var text = new StringBuilder();
                Write(text, null, line.RootElement);
                to.Raw(Encoding.UTF8.GetBytes(text.ToString()));
            }
            to.Raw((byte)'\n');
            lines = lines[(end + 1)..];
        }
    }

    private static void Write(StringBuilder to, string? name, JsonElement value)
    {
        var kind = value.ValueKind switch
        {
            JsonValueKind.Object => "object",
            JsonValueKind.Array => "array",
            JsonValueKind.String => "string",
            JsonValueKind.Number => "number",
            JsonValueKind.Null => "null",
            _ => "boolean",
        };
        to.Append("<json:").Append(kind);
        if (name is not null)
        {
            to.Append(" name=\"");
            Escape(to, name);
            to.Append('"');
        }
        to.Append('>');
        if (value.ValueKind is JsonValueKind.Object)
            foreach (var member in value.EnumerateObject()) Write(to, member.Name, member.Value);
        else if (value.ValueKind is JsonValueKind.Array)
            foreach (var item in value.EnumerateArray()) Write(to, null, item);
        else if (value.ValueKind is JsonValueKind.String) Escape(to, value.GetString()!);
        else if (value.ValueKind is not JsonValueKind.Null) to.Append(value.GetRawText());
        to.Append("</json:").Append(kind).Append('>');
    }

    private static void Escape(StringBuilder to, string text)
    {
        foreach (var c in text)
        {
            if (c is '<') to.Append("&lt;");
            else if (c is '>') to.Append("&gt;");
            else if (c is '&') to.Append("&amp;");
            else if (c is '"') to.Append("&quot;");
            else if (c is '\t' or '\n' or '\r') to.Append(CultureInfo.InvariantCulture, $"&#x{(int)c:X};");
            else to.Append(c < ' ' ? '\ufffd' : c); // XML has no other control characters
        }
    }
}
