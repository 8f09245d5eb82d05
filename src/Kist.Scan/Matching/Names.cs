namespace Kist.Scan.Matching;

/// <summary>What the name of a setting or variable suggests about its value.</summary>
internal enum NameKind
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>A key, an access, a credential of some kind: only a random value counts.</summary>
    Weak,

    /// <summary>A secret, token or key that lets in.</summary>
    Secret,

    /// <summary>A password: also people's own.</summary>
    Password,
}

/// <summary>Reads names.</summary>
internal static class Names
{
    // As the last word they say what the value is instead of a secret.
    private static readonly HashSet<string> s_neverLast =
    [
        "id", "ids", "name", "names", "path", "paths", "file", "files", "filename", "url", "uri", "href", "link",
        "type",
        "types", "length", "len", "size", "count", "max", "min", "expires", "expiry", "expire", "expiration", "ttl",
        "address", "addr", "field", "fields", "label", "labels", "hint", "policy", "prefix", "suffix", "column",
        "table",
        "class", "selector", "error", "errors", "message", "msg", "title", "help", "description", "desc", "endpoint",
        "version", "iv", "index", "format", "algorithm", "alg", "algo", "method", "mode", "status", "state", "enabled",
        "required", "optional", "issuer", "scope", "scopes", "audience", "host", "port", "usage", "handler", "provider",
        "manager", "factory", "service", "component", "button", "icon", "image", "input", "form", "page", "view",
        "template", "test", "tests", "locale", "lang", "char", "chars", "pos", "offset", "start", "end", "begin",
        "line",
        "store", "ref", "reference", "rotation", "alias", "idx", "css", "color", "style", "theme", "font", "trace",
        "span", "event", "schema", "property", "properties", "map", "list", "set", "array", "dir", "folder", "ext",
        "text", "js", "ts", "html", "php", "py", "cs", "json", "xml", "yml", "yaml", "md", "txt", "png", "so", "dll",
    ];

    // Wherever they stand.
    private static readonly HashSet<string> s_never =
    [
        "hash", "hashed", "digest", "checksum", "sha", "sha1", "sha256", "sha512", "md5", "fingerprint", "csrf", "xsrf",
        "regex", "regexp", "placeholder", "accessor", "nonce", "etag", "keyboard", "keyword", "keywords", "foreign",
        "primary", "sequence", "sort", "cache", "partition", "tokenizer", "author", "authors", "authority", "public",
        "pub", "pubkey", "publickey", "integrity", "resolved", "i18n", "bypass", "compass", "passive", "passed",
        "passes",
        "passing", "passenger", "buypass", "trespass", "surpass", "overpass", "underpass", "multipass", "keyframe",
        "keypress", "monkey", "secretname", "keystore", "truststore", "thumbprint",
        "guid", "uuid", "oid", "kid", "license", "copyright", "hkey", "registry", "tokens", "translation",
        "authenticator",
        "accessibility", "hotkey", "shortcut", "monkeys", "turkey", "donkey", "keycode", "publickeytoken", "objectkey",
    ];

    private static readonly string[] s_password = ["password", "passwd", "passphrase", "passwort", "pwd", "pass", "pw"];

    private static readonly string[] s_secret =
    [
        "secret", "token", "apikey", "credential", "credentials", "creds", "authkey", "accesskey", "privatekey",
        "secretkey", "signingkey", "encryptionkey", "masterkey", "accountkey", "authtoken", "appkey", "apitoken",
        "sharedkey", "sharedaccesskey", "hmackey", "deploykey", "licensekey", "serverkey", "clientkey", "userkey",
        "adminkey", "sessionkey", "streamkey", "writekey", "unsealkey", "bearer", "tokensecret", "pat", "jwt",
        "subscriptionkey", "integrationkey", "instrumentationkey", "functionkey", "hostkey", "ingestkey", "apisecret",
    ];

    // May follow the word for a secret.
    private static readonly HashSet<string> s_qualifiers =
    [
        "value", "val", "string", "str", "prod", "production", "live", "dev", "development", "staging", "stage", "new",
        "old", "default", "env", "secondary", "base64", "b64", "hex", "raw", "plain", "secure", "v1", "v2", "v3",
        "a", "b",
        "current", "previous", "local", "main", "admin", "root", "app", "api", "db", "eu", "us", "bytes", "override",
    ];

    private static readonly HashSet<string> s_weak =
        ["key", "keys", "auth", "access", "private", "cred", "authorization", "salt"];

    /// <summary>What <paramref name="name"/> suggests, and the words in it, lower case.</summary>
    public static NameKind Read(ReadOnlySpan<byte> name, List<string> words)
    {
        Split(name, words);
        if (words.Count == 0) return NameKind.None;
        if (s_neverLast.Contains(words[^1])) return NameKind.None;
        foreach (var word in words)
            if (s_never.Contains(word)) return NameKind.None;
        var joined = string.Concat(words);
        if (words.Any(w => s_password.Contains(w)) || joined.Contains("password") || joined.Contains("passwd")
            || words[^1].EndsWith("pass", StringComparison.Ordinal) || joined.EndsWith("pwd", StringComparison.Ordinal))
        {
            return NameKind.Password;
        }
        var isQualified = s_qualifiers.Contains(words[^1]) || words[^1].All(char.IsAsciiDigit);
        foreach (var one in s_secret)
            if (joined.EndsWith(one, StringComparison.Ordinal) || (isQualified && one.Length > 4
                && joined.Contains(one)))
                return NameKind.Secret;
        return words.Count > 1 && s_weak.Contains(words[^1]) ? NameKind.Weak
            : joined.Length > 6 && joined.EndsWith("key", StringComparison.Ordinal) ? NameKind.Weak : NameKind.None;
    }

    private static void Split(ReadOnlySpan<byte> name, List<string> words)
    {
        var start = 0;
        for (var i = 0; i <= name.Length; i++)
        {
            var isEnd = i == name.Length || !ByteSet.Base62.Contains(name[i]);
            var isHump = !isEnd && i > start && IsUpper(name[i])
                && (!IsUpper(name[i - 1]) || (i + 1 < name.Length && IsLower(name[i + 1])));
            if (!isEnd && !isHump) continue;
            if (i > start) words.Add(Lower(name[start..i]));
            start = isEnd ? i + 1 : i;
        }
    }

    private static bool IsUpper(byte value) => value is >= (byte)'A' and <= (byte)'Z';

    private static bool IsLower(byte value) => value is >= (byte)'a' and <= (byte)'z';

    private static string Lower(ReadOnlySpan<byte> word) => string.Create(word.Length, word, static (chars, word) =>
    {
        for (var i = 0; i < chars.Length; i++)
            chars[i] = (char)(word[i] is >= (byte)'A' and <= (byte)'Z' ? word[i] | 0x20 : word[i]);
    });
}
