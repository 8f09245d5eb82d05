using System.Text.RegularExpressions;

namespace Kist.Analyzers;

/// <summary>What a piece of text in the source is, when it is a credential.</summary>
internal static class CredentialText
{
    private const RegexOptions Options = RegexOptions.CultureInvariant | RegexOptions.Compiled;

    private static readonly Regex s_connection = new(
        @"(?:^|;)\s*(?:password|pwd|accountkey|sharedaccesskey)\s*=\s*(?<value>[^;]+)",
        Options | RegexOptions.IgnoreCase);

    private static readonly Regex s_url = new(
        @"^[a-zA-Z][a-zA-Z0-9+.-]*://[^\s/:@]*:(?<value>[^\s/@]+)@[^\s/]+", Options);

    private static readonly Regex s_token = new(
        @"^(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{60,}|glpat-[A-Za-z0-9_-]{20,}"
        + @"|(?:AKIA|ASIA)[A-Z2-7]{16}"
        + @"|sk_live_[A-Za-z0-9]{16,}|rk_live_[A-Za-z0-9]{16,}|xox[abeprs]-[A-Za-z0-9-]{10,}|AIza[A-Za-z0-9_-]{35}"
        + @"|hvs\.[A-Za-z0-9_-]{20,}|kst\.[A-Za-z0-9]{27,}|npm_[A-Za-z0-9]{36}"
        + @"|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{30,}"
        + @"|eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"
        + @"|AGE-SECRET-KEY-1[A-Z0-9]{50,})$", Options);

    private static readonly Regex s_placeholder = new(
        @"^(?:<.*>|\{.*\}|\[.*\]|%.*%|\$.*|x+|\*+|\.+|-+|0+|null|none|true|false|empty|default"
        + @"|change.?me|replace.?me|todo|redacted"
        + @"|your[-_ ].*|my[-_ ]?(?:password|secret).*|example.*|dummy|fake|sample|placeholder|test"
        + @"|secret|password|passphrase|token|key)$",
        Options | RegexOptions.IgnoreCase);

    // A name, a path, a header, a variable or a sentence about a secret is not one.
    private static readonly Regex s_word = new(
        @"^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$|^[A-Za-z]+(?:[-_.:/][A-Za-z]+)+$|^/|\s"
        + @"|^[A-Z][a-z]+(?:[A-Z][a-z]+)+$|^[a-z]+(?:[A-Z][a-z]+)+$"
        + @"|^[a-z]+://", Options);

    /// <summary>What the text is whatever it is called; null: nothing that is known.</summary>
    public static string? Describe(string text)
    {
        if (text.Contains("-----BEGIN ") && text.Contains("PRIVATE KEY-----")) return "A private key";
        if (s_token.Match(text) is { Success: true } token && !IsPlaceholder(token.Value)) return "An access token";
        if (s_url.Match(text) is { Success: true } url && !IsPlaceholder(url.Groups["value"].Value))
            return "A URL with a password";
        return s_connection.Match(text) is { Success: true } connection && text.IndexOf(';') >= 0
            && !IsPlaceholder(connection.Groups["value"].Value.Trim()) ? "A connection string with a password" : null;
    }

    /// <summary>Whether this is a value for something called <paramref name="name"/>, and not a word about it.
    /// </summary>
    public static bool IsValue(string text, string name) =>
        text.Length >= 4 && !IsPlaceholder(text) && !s_word.IsMatch(text)
        && text.IndexOf("kist://", StringComparison.Ordinal) < 0
        && !SecretNames.IsSecret(text)
        && !string.Equals(text, name, StringComparison.OrdinalIgnoreCase);

    private static bool IsPlaceholder(string value) =>
        s_placeholder.IsMatch(value) || value.IndexOf("{hole}", StringComparison.Ordinal) >= 0
        || value.IndexOf("EXAMPLE", StringComparison.Ordinal) >= 0
        || value.IndexOf("${", StringComparison.Ordinal) >= 0;
}
