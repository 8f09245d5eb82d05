using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Kist.Scan.Matching;

/// <summary>Tells values that stand for a secret from secrets.</summary>
internal static class Placeholders
{
    private static readonly SearchValues<string> s_marks = SearchValues.Create(
        [
            "example", "placeholder", "changeme", "change-me", "change_me", "replace", "redacted", "your-", "your_",
            "yourpass", "yourtoken", "yoursecret", "yourkey", "yourapi", "xxxx", "****", "....", "insert", "dummy",
            "notreal", "not-real", "fake", "todo", "sample", "my-secret", "mysecret", "my_secret", "my-token",
            "mytoken", "my_token", "_here", "-here", "goes here", "filtered", "hidden", "masked", "undefined",
            "password_", "some-", "some_", "secretkey", "secret-key", "secret_key", "api-key", "api_key", "apikey",
            "access_token", "access-token", "client_secret", "test-token", "testtoken", "foobar",
        ], StringComparison.OrdinalIgnoreCase);

    // Lower case, as bytes: values that a server holds come this way, too, and are never to become strings.
    private static readonly byte[][] s_strongMarks =
    [
        .. new[] { "example", "placeholder", "changeme", "redacted", "****", "....", "your_", "your-",
            "0000000000" }.Select(Encoding.ASCII.GetBytes),
    ];

    private static readonly HashSet<string> s_words = new(StringComparer.OrdinalIgnoreCase)
    {
        "password", "pass", "passwd", "pwd", "passw", "passwor", "secret", "admin", "root", "test", "testing", "tester",
        "user", "username", "foo", "bar", "baz", "foobar", "abc", "abcd", "abcde", "abcdef", "qwerty", "letmein",
        "welcome", "changeme", "hello", "guest", "demo", "example", "token", "key", "value", "string", "none", "null",
        "nil", "true", "false", "undefined", "default", "dummy", "fake", "mock", "sample", "temp", "tmp", "login",
        "postgres", "mysql", "mongo", "redis", "secretpassword", "mypassword", "mysecret", "mytoken", "yourpassword",
        "mypass", "yourpass", "xyzzy", "passwort",
        "anoncvs", "anonymous", "testpass", "testpassword", "testtoken", "testsecret", "supersecret", "topsecret",
        "pw", "p", "x", "a",
        "hunter",
        "userpass", "userpassword", "apassword", "somepassword", "newpassword", "oldpassword", "new", "old", "my",
        "bob",
        "alice", "monkey", "dragon", "wrong", "wrongpassword", "badpassword", "invalid", "correct", "good", "bad",
        "passphrase", "md", "sha", "utf", "base", "aes", "rsa", "hmac", "pbkdf", "scrypt", "bcrypt", "argon", "oauth",
        "http", "https", "ssl", "tls", "ed", "es", "rs", "hs", "ps", "v", "id", "name", "text", "type",
    };

    // The examples of RFC 5849, 6749, 6750 and 7617, which documentation repeats.
    private static readonly HashSet<string> s_published =
    [
        "2YotnFZFEjr1zCsicMWpAA", "tGzv3JOkF0XG5Qx2TlKWIA", "czZCaGRSa3F0MzpnWDFmQmF0M2JW", "gX1fBat3bV",
        "SplxlOBeZQQYbYS6WxSbIA", "7Fjfp0ZBr1KtDRbnfVdmIw", "ad180jjd733klru7", "kkk9d7dh3k39sjv7", "qwe089234lkjsdf",
        "lsdkfol23w54jlksdef", "45ghiukldjahdnhzdauz", "nnch734d00sl2jdk", "pfkkdhi9sl3r4s00", "hh5s93j4hdidpola",
        "hdhd0244k9j7ao03", "dpf43f3p2l4k3l03", "nnch734d00sl2jdk", "kd94hf93k423kf44", "open sesame", "anonymous",
    ];

    /// <summary>Why this is no value but a reference to one; null if it is none.</summary>
    public static string? Reference(ReadOnlySpan<byte> value)
    {
        if (value.IndexOf("${"u8) >= 0 || value.IndexOf("$("u8) >= 0 || value.IndexOf("{{"u8) >= 0
            || value.IndexOf("}}"u8) >= 0 || value.IndexOf("#{"u8) >= 0 || value.IndexOf("<%"u8) >= 0)
        {
            return "it is a reference in a template";
        }
        if (value.StartsWith("$"u8) && value.Length > 1 && ByteSet.Word.RunLength(value[1..]) == value.Length - 1
            && (char.IsAsciiLetterUpper((char)value[1]) || value.Length < 4))
        {
            return "it names a variable";
        }
        if (value.Length > 2 && value[0] == (byte)'%' && value[^1] == (byte)'%') return "it names a variable";
        if (value[0] == (byte)'<' && value[^1] == (byte)'>') return "it is a placeholder in angle brackets";
        if (value[0] == (byte)'[' && value[^1] == (byte)']') return "it is a placeholder in brackets";
        if (value[0] == (byte)'{' && value[^1] == (byte)'}') return "it is a placeholder in braces";
        if (value[0] == (byte)'(' && value[^1] == (byte)')') return "it is a placeholder in brackets";
        if (value.StartsWith("&lt;"u8)) return "it is a placeholder in angle brackets";
        foreach (var scheme in (ReadOnlySpan<string>)
            ["vault:", "op://", "ref+", "keyring:", "kist://", "ENC[", "env:", "file:", "arn:", "secret://", "!vault",
             "ssm:", "awssm", "gcpsm", "sops:", "doppler:", "bw:", "projects/", "keyvault", "@Microsoft.KeyVault",
             "AgA", "AgB", "ocid1.", "data:", "$ANSIBLE_VAULT", "age1", "ssh-rsa", "ssh-ed25519", "sha256", "sha384",
             "sha512", "sha1-", "pk.eyJ", "pk_live_", "pk_test_", "phc_", "pubkey-", "pub_", "public-", "AAAAB3Nza"])
        {
            if (StartsWith(value, scheme) && (scheme[0] != 'A' || scheme.Length > 3 || value.Length > 150))
                return "it is a reference, public, or encrypted";
        }
        return value.IndexOf("://"u8) >= 0 ? "it is an address" : null;
    }

    /// <summary>Why the value of a token of a known shape stands for none; null if it may be real.</summary>
    public static string? InToken(ReadOnlySpan<byte> value)
    {
        // Of one case, and five: four of either stand in one of 20,000 tokens that were drawn at random.
        if (value.IndexOf("xxxxx"u8) >= 0 || value.IndexOf("XXXXX"u8) >= 0) return "it says that it is a placeholder";
        foreach (var mark in s_strongMarks)
            for (var at = 0; at <= value.Length - mark.Length; at++)
                if ((value[at] | 0x20) == (mark[0] | 0x20) && Ascii.EqualsIgnoreCase(
                    value.Slice(at, mark.Length), mark))
                    return "it says that it is a placeholder";
        return IsMonotone(value) ? "it repeats itself" : null;
    }

    /// <summary>Why a value stands for none; null if it may be real.</summary>
    public static string? InValue(ReadOnlySpan<byte> value)
    {
        var text = Encoding.Latin1.GetString(value);
        if (text.AsSpan().ContainsAny(s_marks)) return "it says that it is a placeholder";
        if (IsMonotone(value)) return "it repeats itself";
        if (IsSequence(value)) return "it counts up";
        if (s_published.Contains(text)) return "it is an example of a standard";
        if (IsProse(value)) return "it is prose in base64";
        return s_words.Contains(Core(text)) ? "it is a well-known word" : null;
    }

    /// <summary>Whether letters and digits only count up, again and again: <c>0123456789abcdef</c>.</summary>
    public static bool IsSequence(ReadOnlySpan<byte> value)
    {
        if (value.Length < 6) return false;
        var steps = 0;
        for (var i = 1; i < value.Length; i++)
        {
            var (a, b) = (value[i - 1] | 0x20, value[i] | 0x20);
            if (b == a + 1 || b == a || (a == '9' && b is '0' or 'a')
                || (a is 'z' or 'f' && b is '0' or '1' or 'a')) steps++;
        }
        return steps * 10 >= (value.Length - 1) * 8;
    }

    // Base64 of text with blanks in it is somebody's sentence.
    private static bool IsProse(ReadOnlySpan<byte> value)
    {
        if (value.Length is < 16 or > 400 || value.Length % 4 != 0) return false;
        Span<byte> bytes = stackalloc byte[300];
        if (Base64.DecodeFromUtf8(value, bytes, out _,
            out var written) is not System.Buffers.OperationStatus.Done) return false;
        foreach (var one in bytes[..written])
            if (one is < 0x20 or > 0x7E) return false;
        return bytes[..written].Contains((byte)' ');
    }

    private static bool StartsWith(ReadOnlySpan<byte> value, string prefix)
    {
        if (value.Length < prefix.Length) return false;
        for (var i = 0; i < prefix.Length; i++)
            if (value[i] != prefix[i]) return false;
        return true;
    }

    // Few different bytes for its length.
    private static bool IsMonotone(ReadOnlySpan<byte> value)
    {
        Span<bool> seen = stackalloc bool[256];
        seen.Clear();
        var distinct = 0;
        foreach (var one in value)
        {
            if (seen[one]) continue;
            seen[one] = true;
            distinct++;
        }
        return distinct <= 2 || (value.Length >= 16 && distinct <= 4);
    }

    // Without what people put at the ends to satisfy a rule, and with their usual signs for letters.
    private static string Core(string value)
    {
        var core = value.Trim('0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '!', '.', '-', '_', '@', '#', '$', '*');
        return core.Replace('@', 'a').Replace('0', 'o').Replace('$', 's').Replace('1', 'i').Replace('3', 'e')
            .Replace("-", "", StringComparison.Ordinal).Replace("_", "", StringComparison.Ordinal);
    }
}
