using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Kist.Kernel.Hcl;
using Kist.Secrets;

namespace Kist.Kernel.Policies;

/// <summary>One value in a parameter constraint, compared with a request's JSON value.</summary>
internal sealed class ParameterValue
{
    private readonly ValueGlob? _glob;

    private ParameterValue(HclValue value)
    {
        Value = value;
        if (value is HclString text) _glob = new ValueGlob(text.Value);
    }

    internal HclValue Value { get; }

    internal static ParameterValue Of(HclValue value) => new(value);

    /// <summary>
    /// Whether a request's value is within <paramref name="allowed"/>: it equals one of them, or it is a list (a JSON
    /// array, or text with commas, as list parameters accept both) and each of its elements does.
    /// </summary>
    internal static bool IsAllowed(Utf8JsonReader value, ParameterValue[] allowed)
    {
        if (allowed.Length == 0 || IsOneOf(value, allowed, loosely: false)) return true;
        if (value.TokenType == JsonTokenType.String) return Parts(ref value, allowed, needAll: true);
        if (value.TokenType != JsonTokenType.StartArray) return false;
        var count = 0;
        while (value.Read() && value.TokenType != JsonTokenType.EndArray)
        {
            if (!IsOneOf(value, allowed, loosely: false)) return false;
            value.Skip();
            count++;
        }
        // No element at all is not a value that the policy names.
        return count > 0;
    }

    /// <summary>
    /// Whether a request's value touches <paramref name="denied"/>: itself, any element at any depth of arrays, or any
    /// part of text with commas. Numbers and text are the same here, because parameters are read leniently.
    /// </summary>
    internal static bool IsDenied(Utf8JsonReader value, ParameterValue[] denied)
    {
        if (denied.Length == 0 || IsOneOf(value, denied, loosely: true)) return true;
        if (value.TokenType == JsonTokenType.String) return Parts(ref value, denied, needAll: false);
        if (value.TokenType != JsonTokenType.StartArray) return false;
        while (value.Read() && value.TokenType != JsonTokenType.EndArray)
        {
            if (IsDenied(value, denied)) return true;
            value.Skip();
        }
        return false;
    }

    private static bool IsOneOf(Utf8JsonReader value, ParameterValue[] list, bool loosely)
    {
        if (value.TokenType == JsonTokenType.String)
        {
            using var text = Unescape(ref value);
            foreach (var one in list)
                if (one._glob?.Matches(text.Span) ?? loosely && one.IsWrittenAs(text.Span)) return true;
            return false;
        }
        foreach (var one in list)
        {
            var copy = value;
            if (Equal(one.Value, ref copy)) return true;
            if (loosely && one._glob is { } glob && glob.Matches(ScalarText(ref value))) return true;
        }
        return false;
    }

    private static bool Parts(ref Utf8JsonReader value, ParameterValue[] list, bool needAll)
    {
        using var text = Unescape(ref value);
        ReadOnlySpan<byte> all = text.Span;
        if (!all.Contains((byte)',')) return false;
        foreach (var range in all.Split((byte)','))
        {
            var part = all[range].Trim(" \t\r\n"u8);
            var listed = false;
            foreach (var one in list)
                if (one._glob?.Matches(part) ?? !needAll && one.IsWrittenAs(part)) listed = true;
            if (listed != needAll) return listed;
        }
        return needAll;
    }

    /// <summary>The value's text, zeroed by the caller's dispose: parameters may be secrets.</summary>
    private static SecretBuffer Unescape(ref Utf8JsonReader value)
    {
        var text = SecretBuffer.Rent(value.ValueSpan.Length);
        text.Truncate(value.CopyString(text.Span));
        return text;
    }

    private static ReadOnlySpan<byte> ScalarText(ref Utf8JsonReader value) =>
        value.TokenType is JsonTokenType.Number or JsonTokenType.True or JsonTokenType.False
            ? value.ValueSpan
            : default;

    /// <summary>Whether text says the same as this number or truth value.</summary>
    private bool IsWrittenAs(ReadOnlySpan<byte> text) => Value switch
    {
        HclNumber number => SameNumber(number.Text, text),
        HclBool flag => text.SequenceEqual(flag.Value ? "true"u8 : "false"u8),
        _ => false,
    };

    private static bool Equal(HclValue expected, ref Utf8JsonReader value)
    {
        switch (expected)
        {
            case HclString text: return value.TokenType == JsonTokenType.String && value.ValueTextEquals(text.Value);
            case HclNumber number:
                return value.TokenType == JsonTokenType.Number && SameNumber(number.Text, value.ValueSpan);
            case HclBool flag: return value.TokenType == (flag.Value ? JsonTokenType.True : JsonTokenType.False);
            case HclList list: return EqualList(list, ref value);
            case HclObject body: return EqualObject(body, ref value);
            default: return false;
        }
    }

    private static bool EqualList(HclList expected, ref Utf8JsonReader value)
    {
        if (value.TokenType != JsonTokenType.StartArray) return false;
        foreach (var item in expected.Items)
            if (!value.Read() || value.TokenType == JsonTokenType.EndArray || !Equal(item, ref value)) return false;
        return value.Read() && value.TokenType == JsonTokenType.EndArray;
    }

    private static bool EqualObject(HclObject expected, ref Utf8JsonReader value)
    {
        if (value.TokenType != JsonTokenType.StartObject) return false;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (value.Read() && value.TokenType == JsonTokenType.PropertyName)
        {
            var name = value.GetString()!;
            value.Read();
            if (!seen.Add(name) || expected.Find(name) is not { } member || !Equal(member, ref value)) return false;
        }
        return seen.Count == expected.Members.Count;
    }

    private static bool SameNumber(string expected, ReadOnlySpan<byte> text)
    {
        if (Encoding.UTF8.GetByteCount(expected) == text.Length && Ascii.Equals(text, expected)) return true;
        var whole = new HclNumber(default, expected).TryGetInt64(out var left);
        if (whole && Utf8Parser.TryParse(text, out long right, out var used) && used == text.Length)
            return left == right;
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            && number == (whole ? left : double.Parse(expected, CultureInfo.InvariantCulture));
    }
}
