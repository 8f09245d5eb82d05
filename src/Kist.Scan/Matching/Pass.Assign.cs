using System.Text;

namespace Kist.Scan.Matching;

internal ref partial struct Pass
{
    private static readonly ByteSet s_plain = ByteSet.Of("0-9A-Za-z_=.+/~:@$!*%#^?;,-");

    private void Assign(int at)
    {
        if (at < _assignedTo) return;
        if (!Assignment.TryRead(_text, at, out var found)) return;
        _assignedTo = found.NameEnd;
        var value = _text[found.ValueStart..found.ValueEnd];
        if (value.Length < 4 || (!IsExplaining && IsNever(value, found))) return;
        if (value.StartsWith("Bearer "u8) || value.StartsWith("Basic "u8) || value.StartsWith("-----BEGIN"u8)) return;
        var words = new List<string>();
        var kind = Names.Read(Name(found), words);
        if (kind == NameKind.None || (kind == NameKind.Weak && found.Separator == Separator.Space)) return;
        var (rule, why, against, confidence) = Judge(kind, value, found, words);
        if (rule is null || !_index.Finders.TryGetValue(rule, out var entry)) return;
        Add(new Hit(entry, found.ValueStart, found.ValueEnd, entry.Rule.Severity, confidence, why, against));
    }

    // What no name makes a secret, seen before the name is read: most values in code are words. None of it is anything
    // for LooksDrawn or IsChosen; whoever asks why gets the answer in full.
    private readonly bool IsNever(ReadOnlySpan<byte> value, Assignment found)
    {
        var hasDigit = value.ContainsAnyInRange((byte)'0', (byte)'9');
        return found.Separator switch
        {
            Separator.Space => value.Length < 20 || !hasDigit,
            Separator.Comma => value.Length < 10 || (value.Length < 20 && !hasDigit),
            _ => value.Length < 20 && !hasDigit && !IsOfPassword(_text[found.NameStart..found.NameEnd]),
        };
    }

    // Every word for a password has one of these in it.
    private static bool IsOfPassword(ReadOnlySpan<byte> name)
    {
        for (var i = 1; i < name.Length; i++)
            if ((name[i - 1] | 0x20) == 'p' && (name[i] | 0x20) is 'a' or 'w') return true;
        return false;
    }

    // A bare "key" takes the word before it: "secret key", "Unseal Key 1".
    private readonly ReadOnlySpan<byte> Name(Assignment found)
    {
        var start = found.NameStart;
        if (found.NameEnd - start > 5 || start < 2 || _text[start - 1] != (byte)' ') return _text[start..found.NameEnd];
        var word = ByteSet.Base62.TailLength(_text[Math.Max(0, start - 21)..(start - 1)]);
        return _text[(start - 1 - word)..found.NameEnd];
    }

    private readonly (string? Rule, string Why, string? Against, Confidence Confidence) Judge(
        NameKind kind, ReadOnlySpan<byte> value, Assignment found, List<string> words)
    {
        var name = string.Join('_', words);
        var rule = kind == NameKind.Password ? "generic-password" : "generic-secret";
        var why = $"the name '{name}' suggests a secret";
        var against = Placeholders.Reference(value) ?? Unlikely(value, found) ?? Placeholders.InValue(value)
            ?? Elsewhere(found.ValueStart) ?? (IsVerdict(found) ? "it is the name of a test that passed" : null)
            ?? (words[^1] == "key" && IsPrint(value) ? "it is the fingerprint of a public key" : null);
        if (against is not null) return (rule, why, against, Confidence.Low);
        if (_setting.IsNoise) return (rule, why, "files of this kind are full of such text", Confidence.Low);
        if (IsMinified(found.NameStart)) return (rule, why, "the code is minified", Confidence.Low);
        var isRandom = LooksDrawn(value, kind, found);
        var confidence = _setting.IsTest ? Confidence.Low : Confidence.Medium;
        if (isRandom) return (rule, why + ", and the value looks random", null, confidence);
        if (kind == NameKind.Password && IsChosen(value, found))
            return (rule, why + ", and the value looks like a password that a person chose", null, confidence);
        return (rule, why, "the value does not look like one", Confidence.Low);
    }

    // PASS: gas/i386/iamcu-1, as test suites print it.
    private readonly bool IsVerdict(Assignment found)
    {
        var line = _text[found.NameStart..found.ValueStart];
        return !found.IsQuoted && (line.SequenceEqual("PASS: "u8) || line.SequenceEqual("XPASS: "u8));
    }

    // Forty capital hex digits, as OpenPGP writes the fingerprint of a key.
    private static bool IsPrint(ReadOnlySpan<byte> value) =>
        value.Length == 40 && Shape.Of(value) is { IsHex: true, Upper: > 0, Lower: 0 };

    private readonly bool LooksDrawn(ReadOnlySpan<byte> value, NameKind kind, Assignment found)
    {
        if (value.StartsWith("0x"u8)) value = value[2..];
        if (value.StartsWith("base64:"u8)) value = value[7..];
        if (IsUuid(value)) return kind is NameKind.Secret && found.Separator is not Separator.Space;
        var least = kind switch { NameKind.Password => 10, NameKind.Secret => 16, _ => 20 };
        if (found.Separator is Separator.Space) least = Math.Max(least, 20);
        if (value.Length < least || (found.Separator is Separator.Space && Shape.Of(value).Digits == 0)) return false;
        if (kind is NameKind.Weak && Shape.Of(value).Digits < 2) return false;
        return Randomness.IsRandom(value);
    }

    // Reasons for which no value of this shape is a secret.
    private static string? Unlikely(ReadOnlySpan<byte> value, Assignment found)
    {
        if (value.Contains((byte)' ') || value.Contains((byte)'\t')) return "it is more than a word";
        if (value[0] is (byte)'/' or (byte)'.' or (byte)'\\' or (byte)'~' && value.Length < 40) return "it is a path";
        if (!found.IsQuoted && value.Contains((byte)'*')) return "it is an expression";
        if (s_plain.RunLength(value) < value.Length && !found.IsQuoted) return "it is an expression";
        if (!found.IsQuoted && value.EndsWith("_t"u8) && ByteSet.Word.RunLength(value) == value.Length)
            return "it names a type";
        if (value.EndsWith("..."u8)) return "it is cut short";
        if (IsVersion(value)) return "it is a version";
        if (value.Contains((byte)'\\') && value.Contains((byte)'{')) return "it is a path";
        foreach (var one in value)
            if (one is < 0x20 or > 0x7E) return "it is text in a language";
        return IsDotted(value) ? "it is a name with dots or a path" : null;
    }

    // 1.2.3-rc1, 1:4.13+dfsg1-1+deb12u1: figures and dots, and a mark before the rest.
    private static bool IsVersion(ReadOnlySpan<byte> value)
    {
        var figures = value.IndexOfAnyExcept("0123456789.:"u8);
        if (figures < 0) figures = value.Length;
        return figures >= 3 && char.IsAsciiDigit((char)value[0]) && value[..figures].Contains((byte)'.')
            && (figures == value.Length || value[figures] is (byte)'-' or (byte)'+' or (byte)'~');
    }

    // a.b.c, com/example/x, words-with-hyphens: parts that are all words or short numbers.
    private static bool IsDotted(ReadOnlySpan<byte> value)
    {
        var (parts, wordy, start) = (0, 0, 0);
        for (var i = 0; i <= value.Length; i++)
        {
            if (i < value.Length && value[i] is not ((byte)'.' or (byte)'/' or (byte)'-' or (byte)'_'
                or (byte)':')) continue;
            var part = value[start..i];
            start = i + 1;
            if (part.Length == 0) continue;
            parts++;
            var shape = Shape.Of(part);
            if ((shape.Letters == 0 && part.Length < 6) || (shape.Digits <= 3 && shape.DigitGroups <= 1
                && (part.Length < 5 || Randomness.Wordiness(part) >= 0.55 || part.Length < 7)))
            {
                wordy++;
            }
        }
        return parts >= 2 && wordy >= parts - (parts > 5 ? 1 : 0);
    }

    // What people choose: a word or two with figures or signs in it.
    private readonly bool IsChosen(ReadOnlySpan<byte> value, Assignment found)
    {
        if (found.Separator is Separator.Space or Separator.Comma || value.Length is < 6 or > 40) return false;
        if (!found.IsQuoted && !_setting.IsConfiguration && !IsConnection(found)) return false;
        var shape = Shape.Of(value);
        if (shape.Letters == 0) return IsConnection(found) && value.Length >= 6;
        if (value.IndexOfAny("(){}<>[]|\\"u8) >= 0 || value.EndsWith(":"u8)) return false;
        if (IsConnection(found)) return true;
        return shape.Digits > 0 && (shape.Other > 0 || shape.Digits >= 2 || shape.Kinds >= 3) || HasSign(value);
    }

    private static bool HasSign(ReadOnlySpan<byte> value) => value.IndexOfAny("!@#$%^&*+?="u8) > 0;

    // Server=…;Database=…;Password=…: the same line speaks of a server or user.
    private readonly bool IsConnection(Assignment found)
    {
        var from = Math.Max(0, found.NameStart - 300);
        from += _text[from..found.NameStart].LastIndexOf((byte)'\n') + 1;
        var rest = _text[found.ValueEnd..Math.Min(_text.Length, found.ValueEnd + 200)];
        var to = rest.IndexOf((byte)'\n');
        var line = Encoding.Latin1.GetString(_text[from..(to < 0
            ? found.ValueEnd + rest.Length : found.ValueEnd + to)]);
        var signs = 0;
        foreach (var sign in (ReadOnlySpan<string>)["server=", "data source", "user id", "uid=", "initial catalog",
            "database=", "host=", "provider=", "driver=", "user=", "username=", "port="])
        {
            if (line.Contains(sign, StringComparison.OrdinalIgnoreCase)) signs++;
        }
        return signs >= 2 && line.Contains(';');
    }

    private readonly bool IsMinified(int at)
    {
        var before = _text[Math.Max(0, at - 1500)..at];
        var after = _text[at..Math.Min(_text.Length, at + 1500)];
        return before.Length + after.Length >= 2500 && before.IndexOf((byte)'\n') < 0 && after.IndexOf((byte)'\n') < 0;
    }

    private static bool IsUuid(ReadOnlySpan<byte> value)
    {
        if (value.Length != 36) return false;
        for (var i = 0; i < 36; i++)
        {
            var isHyphen = i is 8 or 13 or 18 or 23;
            if (isHyphen ? value[i] != (byte)'-' : !char.IsAsciiHexDigit((char)value[i])) return false;
        }
        return Randomness.Entropy(value) > 2.8;
    }
}
