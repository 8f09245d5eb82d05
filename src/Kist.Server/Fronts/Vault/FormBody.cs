using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Unicode;
using Kist.Kernel.Pipeline;
using Kist.Secrets;

namespace Kist.Server.Fronts.Vault;

/// <summary>
/// A form (<c>application/x-www-form-urlencoded</c>, WHATWG URL section 5.1) as the JSON object of strings that the
/// kernel takes: what <c>curl -d key=value</c> sends. A field that comes more than once becomes comma-separated text,
/// as with Vault. Values stay bytes; names become strings.
/// </summary>
internal static class FormBody
{
    /// <summary>What a form calls itself.</summary>
    public const string ContentType = "application/x-www-form-urlencoded";

    private const int MostFields = 1_000;

    /// <summary>The object, or null when the form is malformed.</summary>
    public static SecretWriter? ToJson(ReadOnlySpan<byte> form)
    {
        var decoded = ArrayPool<byte>.Shared.Rent(form.Length + 1);
        try
        {
            return TryDecode(form, decoded, out var fields) ? Write(decoded, fields) : null;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(decoded.AsSpan(0, form.Length));
            ArrayPool<byte>.Shared.Return(decoded);
        }
    }

    private static bool TryDecode(
        ReadOnlySpan<byte> form, byte[] decoded, out List<(string Name, List<Range> Values)> fields)
    {
        fields = [];
        var length = 0;
        var pairs = 0;
        foreach (var part in form.Split((byte)'&'))
        {
            var pair = form[part];
            if (pair.IsEmpty) continue;
            // Each pair is looked up among the fields so far, so the pairs are counted, not only the names.
            if (++pairs > MostFields) return false;
            var at = pair.IndexOf((byte)'=');
            var name = at < 0 ? pair : pair[..at];
            var value = at < 0 ? default : pair[(at + 1)..];
            if (!TryDecode(name, decoded, ref length, out var nameRange)
                || !TryDecode(value, decoded, ref length, out var valueRange)) return false;
            var text = System.Text.Encoding.UTF8.GetString(decoded.AsSpan(nameRange));
            var known = fields.FindIndex(f => f.Name == text);
            if (known >= 0) fields[known].Values.Add(valueRange);
            else fields.Add((text, [valueRange]));
        }
        return true;
    }

    private static bool TryDecode(ReadOnlySpan<byte> text, byte[] decoded, ref int length, out Range range)
    {
        var start = length;
        for (var i = 0; i < text.Length; i++)
        {
            var b = text[i] == (byte)'+' ? (byte)' ' : text[i];
            if (b == (byte)'%')
            {
                if (i + 2 >= text.Length || !TryHex(text.Slice(i + 1, 2), out b))
                {
                    range = default;
                    return false;
                }
                i += 2;
            }
            decoded[length++] = b;
        }
        range = start..length;
        return Utf8.IsValid(decoded.AsSpan(range));
    }

    private static bool TryHex(ReadOnlySpan<byte> digits, out byte value) =>
        byte.TryParse(digits, System.Globalization.NumberStyles.AllowHexSpecifier, null, out value);

    private static SecretWriter Write(byte[] decoded, List<(string Name, List<Range> Values)> fields)
    {
        var output = new SecretWriter(decoded.Length + 64);
        using var json = new Utf8JsonWriter(output, Response.JsonOptions);
        json.WriteStartObject();
        foreach (var (name, values) in fields)
        {
            using var value = new SecretWriter(64);
            foreach (var range in values)
            {
                if (value.WrittenCount > 0) value.Write(","u8);
                value.Write(decoded.AsSpan(range));
            }
            json.WriteString(name, value.WrittenSpan);
        }
        json.WriteEndObject();
        json.Flush();
        return output;
    }
}
