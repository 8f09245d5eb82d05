using System.Globalization;
using System.Text;
using Kist.Secrets;

namespace Kist.Formats.Sops;

/// <summary>The values of a flat file as environment variables.</summary>
public static class SopsVariables
{
    /// <summary>Names and values of the first document, in order; a fault where a value is a list or a map, or a name
    /// cannot be one. Text is taken as it is; numbers, truth and nothing are written as sops writes them.</summary>
    public static SopsOutcome<IReadOnlyList<(string Name, SecretBuffer Value)>> ToVariables(this SopsTree tree)
    {
        var variables = new List<(string, SecretBuffer)>();
        foreach (var item in tree.Documents.Count == 0 ? [] : tree.Documents[0].Branch)
        {
            if (item.IsComment) continue;
            if (Reason(item) is { } reason)
            {
                foreach (var (_, value) in variables) value.Dispose();
                return new SopsFault(SopsExit.Generic, reason);
            }
            variables.Add((item.Key, item.Value.ToText()));
        }
        return SopsOutcome<IReadOnlyList<(string, SecretBuffer)>>.Of(variables);
    }

    private static string? Reason(SopsItem item)
    {
        if (item.Value.IsComplex) return $"cannot use complex value in environment; offending key {item.Key}";
        if (item.KeyType is { } type) return $"cannot use non-string keys in environment, got {type}";
        if (item.Key.Length == 0 || item.Key.AsSpan().ContainsAny('=', '\0'))
            return $"cannot use keys with '=' in environment: {item.Key}";
        return item.Value.Bytes.Span.Contains((byte)0)
            ? $"the value of {item.Key} holds a zero byte, which no variable can" : null;
    }

    /// <summary>One value that is no list and no map, as sops puts it into a variable. The caller disposes it.
    /// </summary>
    public static SecretBuffer ToText(this SopsValue value)
    {
        switch (value.Kind)
        {
            case SopsKind.Integer:
                return Copy(value.Integer.ToString(CultureInfo.InvariantCulture));
            case SopsKind.Float:
                var digits = Plain(value.Float);
                return Copy(digits.AsSpan().ContainsAny('.', 'N', 'I') ? digits : digits + ".0");
            case SopsKind.Boolean:
                return Copy(value.Boolean ? "true" : "false");
            case SopsKind.Null:
                return Copy("<nil>");
            default:
                return SecretBuffer.Copy(value.Bytes.Span);
        }
    }

    // The shortest digits that are read as the same number again, never with an exponent.
    private static string Plain(double value)
    {
        if (double.IsNaN(value)) return "NaN";
        if (double.IsInfinity(value)) return value > 0 ? "+Inf" : "-Inf";
        var text = value.ToString("R", CultureInfo.InvariantCulture);
        var at = text.IndexOf('E', StringComparison.Ordinal);
        if (at < 0) return text;
        var exponent = int.Parse(text.AsSpan(at + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        var sign = text[0] == '-' ? "-" : "";
        var mantissa = text[sign.Length..at];
        var point = mantissa.IndexOf('.', StringComparison.Ordinal);
        var digits = mantissa.Replace(".", "", StringComparison.Ordinal);
        var whole = (point < 0 ? digits.Length : point) + exponent;
        if (whole <= 0) return $"{sign}0.{new string('0', -whole)}{digits}";
        return whole >= digits.Length
            ? sign + digits.PadRight(whole, '0') : $"{sign}{digits[..whole]}.{digits[whole..]}";
    }

    private static SecretBuffer Copy(string text) => SecretBuffer.Copy(Encoding.ASCII.GetBytes(text));
}
