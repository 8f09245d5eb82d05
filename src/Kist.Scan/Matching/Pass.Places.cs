using System.Buffers.Text;
using System.Text;

namespace Kist.Scan.Matching;

/// <summary>Places at which credentials have a form of their own: URLs, headers, files of tools, command
/// lines.</summary>
internal ref partial struct Pass
{
    private static readonly ByteSet s_urlEnds = ByteSet.Of(" \t\r\n\"'`<>\\/?#,;)(|");
    private static readonly ByteSet s_blank = ByteSet.Of(" \t\r\n");

    private void Hit(string name, int start, int end, string why, string? against,
        Confidence confidence = Confidence.Medium)
    {
        if (!_index.Finders.TryGetValue(name, out var rule)) return;
        if (against is null && _setting.IsTest) confidence = Confidence.Low;
        Add(new Hit(rule, start, end, rule.Rule.Severity, confidence, why, against));
    }

    private void Url(int at)
    {
        var start = at + 3;
        var end = start;
        var limit = Math.Min(_text.Length, start + 400);
        while (end < limit && !s_urlEnds.Contains(_text[end])) end++;
        var authority = _text[start..end];
        var sign = authority.LastIndexOf((byte)'@');
        if (sign <= 0 || at == 0 || !ByteSet.Base62.Contains(_text[at - 1])) return;
        var colon = authority[..sign].IndexOf((byte)':');
        if (colon < 0 || colon + 1 >= sign || (colon == 0 && authority[1..sign].Contains((byte)':'))) return;
        var user = authority[..colon];
        var password = authority[(colon + 1)..sign];
        var host = authority[(sign + 1)..];
        var against = Placeholders.Reference(password) ?? InUrl(user, password, host);
        Hit("url-password", start + colon + 1, start + sign, "a URL with user and password", against);
    }

    private static string? InUrl(ReadOnlySpan<byte> user, ReadOnlySpan<byte> password, ReadOnlySpan<byte> host)
    {
        if (Placeholders.InValue(password) is { } against) return against;
        if (password.Contains((byte)'%')
            && password.Length - (2 * password.Count((byte)'%')) < 6) return "it is too short";
        if (password.SequenceEqual(user)) return "the password is the user's name";
        if (password.IndexOfAny("%{}$[]*"u8) >= 0 && !password.Contains((byte)'%')) return "it is a template";
        if (host.Length == 0 || host[0] is (byte)'%' or (byte)'.' or (byte)'{' or (byte)'$') return "no host follows";
        if (password.Length < 3) return "it is too short";
        var isExample = host.StartsWith("example."u8) || host.IndexOf(".example"u8) >= 0 || host.StartsWith("host"u8)
            || host.StartsWith("foo"u8) || host.StartsWith("server"u8) || host.StartsWith("proxy"u8);
        var shape = Shape.Of(password);
        return isExample && (shape.Digits == 0 || password.Length < 8) ? "the host is an example's" : null;
    }

    private void Header(int at)
    {
        var isBasic = (_text[at] | 0x20) == 'b' && (_text[at + 1] | 0x20) == 'a';
        var start = at + (isBasic ? 6 : 7);
        if (start >= _text.Length || _text[start - 1] != (byte)' ') return;
        var word = Encoding.ASCII.GetString(_text[at..(start - 1)]);
        if (word is not ("Basic" or "basic" or "BASIC" or "Bearer" or "bearer" or "BEARER")) return;
        var length = ByteSet.Token.RunLength(_text[start..Math.Min(_text.Length, start + 4096)]);
        var value = _text.Slice(start, length).TrimEnd(".,:;"u8);
        if (isBasic)
        {
            if (value.Length < 8 || Decoded(value) is not { } pair) return;
            Hit("authorization-header", start, start + value.Length, "it decodes to a user and a password", pair);
        }
        else if (value.Length >= 16)
        {
            var against = Placeholders.Reference(value) ?? Placeholders.InValue(value)
                ?? (Randomness.IsRandom(value) ? null : "it does not look random");
            Hit("authorization-header", start, start + value.Length, "a bearer token", against);
        }
    }

    // What speaks against base64 of user:password; empty text if nothing; null if it is no such thing.
    private static string? PairIn(ReadOnlySpan<byte> value)
    {
        var bytes = new byte[value.Length];
        var whole = value[..(value.Length & ~3)];
        if (Base64.DecodeFromUtf8(whole, bytes, out _, out var written, isFinalBlock: false)
            is System.Buffers.OperationStatus.InvalidData || written < 3)
        {
            return null;
        }
        var pair = bytes.AsSpan(0, written);
        var colon = pair.IndexOf((byte)':');
        if (colon <= 0 || colon + 1 >= pair.Length) return null;
        foreach (var one in pair)
            if (one is < 0x20 or > 0x7E) return null;
        var password = pair[(colon + 1)..];
        if (password.SequenceEqual("open sesame"u8)) return "it is the example of the standard";
        return Placeholders.Reference(password) ?? Placeholders.InValue(password) ?? "";
    }

    private static Against? Decoded(ReadOnlySpan<byte> value) =>
        PairIn(value) is { } against ? new Against(against.Length == 0 ? null : against) : null;

    private void Netrc(int at)
    {
        if (at > 0 && !s_blank.Contains(_text[at - 1])) return;
        var (next, hasLogin) = (at, false);
        var password = 0..0;
        NetrcWord(ref next);
        NetrcWord(ref next);
        // Pairs in any order; the first other word ends the entry, or shows that it is prose about machines.
        while (next - at < 600)
        {
            var name = _text[NetrcWord(ref next)];
            if (name.IsEmpty || !(name.SequenceEqual("login"u8) || name.SequenceEqual("password"u8)
                || name.SequenceEqual("account"u8) || name.SequenceEqual("port"u8))) break;
            var value = NetrcWord(ref next);
            hasLogin |= name.SequenceEqual("login"u8);
            if (name.SequenceEqual("password"u8)) password = value;
        }
        if (!hasLogin) return;
        var start = password.Start.Value;
        var secret = _text[password].Trim((byte)'"');
        if (secret.Length < 3) return;
        start += _text[password].IndexOf(secret);
        Hit("netrc", start, start + secret.Length, "a .netrc line with a password",
            Placeholders.Reference(secret) ?? Placeholders.InValue(secret), Confidence.High);
    }

    private readonly Range NetrcWord(ref int next)
    {
        while (next < _text.Length && s_blank.Contains(_text[next])) next++;
        var start = next;
        while (next < _text.Length && next - start < 1024 && !s_blank.Contains(_text[next])) next++;
        return start..next;
    }

    private void PgPass()
    {
        for (var start = 0; start < _text.Length;)
        {
            var length = _text[start..].IndexOf((byte)'\n');
            var line = length < 0 ? _text[start..] : _text.Slice(start, length);
            var content = line.TrimEnd((byte)'\r');
            if (!content.StartsWith("#"u8) && content.Count((byte)':') >= 4)
            {
                var password = content;
                for (var i = 0; i < 4; i++) password = password[(password.IndexOf((byte)':') + 1)..];
                var from = start + content.Length - password.Length;
                if (password.Length > 2)
                {
                    Hit("pgpass", from, from + password.Length, "a .pgpass line with a password",
                        Placeholders.Reference(password) ?? Placeholders.InValue(password), Confidence.High);
                }
            }
            start += line.Length + 1;
        }
    }

    private void Docker(int at)
    {
        if (!_text[at..].StartsWith("\"auth\""u8)) return;
        var p = at + 6;
        while (p < _text.Length && _text[p] is (byte)' ' or (byte)':' or (byte)'\t') p++;
        if (p >= _text.Length || _text[p] != (byte)'"') return;
        var length = ByteSet.Of("0-9A-Za-z+/=").RunLength(_text[(p + 1)..]);
        if (length < 8 || Decoded(_text.Slice(p + 1, length)) is not { } pair) return;
        Hit("docker-auth", p + 1, p + 1 + length, "it decodes to a user and a password", pair, Confidence.High);
    }

    private void Kubernetes(int at)
    {
        var lineStart = Math.Max(0, at - 100);
        lineStart += _text[lineStart..at].LastIndexOf((byte)'\n') + 1;
        if (!_text[lineStart..at].TrimStart(" \t\""u8).StartsWith("kind"u8)) return;
        var from = Math.Max(0, lineStart - MaxPem);
        from += Math.Max(0, _text[from..lineStart].LastIndexOf("\n---"u8));
        var to = Math.Min(_text.Length, at + MaxPem);
        var after = _text[at..to].IndexOf("\n---"u8);
        if (after >= 0) to = at + after;
        var isData = false;
        for (var start = from; start < to;)
        {
            var length = _text[start..to].IndexOf((byte)'\n');
            var line = length < 0 ? _text[start..to] : _text.Slice(start, length);
            var isInner = line.Length > 0 && line[0] is (byte)' ' or (byte)'\t';
            if (!isInner) isData = line.StartsWith("data:"u8) || line.StartsWith("stringData:"u8);
            else if (isData) SecretEntry(line, start);
            start += line.Length + 1;
        }
    }

    private void SecretEntry(ReadOnlySpan<byte> line, int start)
    {
        var colon = line.IndexOf(": "u8);
        if (colon < 0) return;
        var value = line[(colon + 2)..].Trim(" \t\r\"'"u8);
        if (value.Length < 10 || line.TrimStart(" \t"u8)[0] is (byte)'#' or (byte)'-') return;
        var from = start + colon + 2 + line[(colon + 2)..].IndexOf(value);
        var isBase64 = Base64.IsValid(value);
        Hit("kubernetes-secret", from, from + value.Length, "a value of a Kubernetes Secret",
            Placeholders.Reference(value) ?? (isBase64 ? null : Placeholders.InValue(value)), Confidence.High);
    }

    private void Command(int at)
    {
        var end = at;
        var limit = Math.Min(_text.Length, at + 1500);
        while (end < limit && (_text[end] != (byte)'\n' || _text[end - 1] == (byte)'\\')) end++;
        var line = _text[at..end];
        var isCurl = (line[0] | 0x20) == 'c';
        ReadOnlySpan<string> options = isCurl ? [" -u ", " --user ", " -u", " --proxy-user "]
            : (line[0] | 0x20) == 'm' ? [" -p", " --password="] : [" -p ", " --password "];
        foreach (var option in options)
        {
            var found = line.IndexOf(Encoding.ASCII.GetBytes(option));
            if (found < 0) continue;
            var start = at + found + option.Length;
            if (start < end && Argument(start, end, isCurl)) return;
        }
    }

    private static bool IsWord(ReadOnlySpan<byte> value, Shape shape) =>
        shape.Digits == 0 && shape.Other == 0 && (shape.Upper < 2 || shape.Lower < 2
            || Randomness.Wordiness(value) > 0.6);

    private bool Argument(int start, int end, bool isPair)
    {
        if (_text[start] is (byte)'"' or (byte)'\'') start++;
        var length = 0;
        while (start + length < end && _text[start + length] is not ((byte)' ' or (byte)'"' or (byte)'\'' or (byte)'\\'
            or (byte)'`' or (byte)'\r' or (byte)'\t'))
        {
            length++;
        }
        var value = _text.Slice(start, length);
        if (isPair)
        {
            var colon = value.IndexOf((byte)':');
            if (colon <= 0) return false;
            start += colon + 1;
            value = value[(colon + 1)..];
            if (value.Length == 0 && start < end && _text[start] is (byte)'"' or (byte)'\'')
                return Argument(start, end, isPair: false);
        }
        var isVariable = value.Length > 0 && value[0] == (byte)'$'
            && ByteSet.Word.RunLength(value[1..]) == value.Length - 1;
        if (value.Length < 6 || isVariable || value[0] is (byte)'-' or (byte)'/'
            || s_plain.RunLength(value) < value.Length) return false;
        var shape = Shape.Of(value);
        var against = Placeholders.Reference(value) ?? Placeholders.InValue(value)
            ?? (IsWord(value, shape) ? "it is a word" : shape.Letters == 0 ? "it is a number" : null);
        Hit("command-line-password", start, start + value.Length, "a password in a command", against);
        return true;
    }
}
