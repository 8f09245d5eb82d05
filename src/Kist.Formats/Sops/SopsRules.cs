namespace Kist.Formats.Sops;

/// <summary>The six ways to say what is encrypted, of which a file has one at most.</summary>
public enum SopsSelection
{
    /// <summary>Keys that end with the text, and what is below them, stay plain.</summary>
    UnencryptedSuffix,
    /// <summary>Only keys that end with the text, and what is below them, are encrypted.</summary>
    EncryptedSuffix,
    /// <summary>Keys in which the expression matches, and what is below them, stay plain.</summary>
    UnencryptedRegex,
    /// <summary>Only keys in which the expression matches, and what is below them, are encrypted.</summary>
    EncryptedRegex,
    /// <summary>What follows a comment in which the expression matches stays plain.</summary>
    UnencryptedCommentRegex,
    /// <summary>Only what follows a comment in which the expression matches is encrypted.</summary>
    EncryptedCommentRegex,
}

/// <summary>Which values of a file are encrypted and which its MAC covers.</summary>
public sealed record SopsRules
{
    /// <summary>What counts where a file names no rule.</summary>
    public const string DefaultUnencryptedSuffix = "_unencrypted";

    private SopsRules(SopsSelection selection, string text, GoRegex? regex) =>
        (Selection, Text, Regex) = (selection, text, regex);

    /// <summary>Everything but what ends with <see cref="DefaultUnencryptedSuffix"/>.</summary>
    public static SopsRules Default { get; } = new(SopsSelection.UnencryptedSuffix, DefaultUnencryptedSuffix, null);

    /// <summary>Which way is used.</summary>
    public SopsSelection Selection { get; }

    /// <summary>The suffix or the expression.</summary>
    public string Text { get; }

    /// <summary>Whether the MAC covers encrypted values only.</summary>
    public bool MacOnlyEncrypted { get; init; }

    internal GoRegex? Regex { get; }

    internal bool ByComment =>
        Selection is SopsSelection.UnencryptedCommentRegex or SopsSelection.EncryptedCommentRegex;

    /// <summary>The rule, or why the expression is none: Go's syntax is meant, see <see cref="GoRegex"/>.</summary>
    public static SopsOutcome<SopsRules> Of(SopsSelection selection, string text, bool macOnlyEncrypted = false)
    {
        if (selection is SopsSelection.UnencryptedSuffix or SopsSelection.EncryptedSuffix)
            return new SopsRules(selection, text, null) { MacOnlyEncrypted = macOnlyEncrypted };
        if (!GoRegex.Parse(text).Try(out var regex, out var fault)) return fault;
        return new SopsRules(selection, text, regex) { MacOnlyEncrypted = macOnlyEncrypted };
    }

    /// <summary>The name of the field in metadata and configuration.</summary>
    public static string NameOf(SopsSelection selection) => selection switch
    {
        SopsSelection.UnencryptedSuffix => "unencrypted_suffix",
        SopsSelection.EncryptedSuffix => "encrypted_suffix",
        SopsSelection.UnencryptedRegex => "unencrypted_regex",
        SopsSelection.EncryptedRegex => "encrypted_regex",
        SopsSelection.UnencryptedCommentRegex => "unencrypted_comment_regex",
        _ => "encrypted_comment_regex",
    };

    /// <summary>Whether something under a key is encrypted, where what holds it is or is not
    /// (<paramref name="above"/>). Every part of a path has its say, so what the rule has decided for a part holds for
    /// everything below.</summary>
    internal bool Encrypts(string key, bool above) => Selection switch
    {
        SopsSelection.UnencryptedSuffix => above && !key.EndsWith(Text, StringComparison.Ordinal),
        SopsSelection.EncryptedSuffix => above || key.EndsWith(Text, StringComparison.Ordinal),
        SopsSelection.UnencryptedRegex => above && !Regex!.Matches(key),
        SopsSelection.EncryptedRegex => above || Regex!.Matches(key),
        _ => above,
    };

    /// <summary>Whether values are encrypted before any key has been looked at.</summary>
    internal bool EncryptsAtRoot => Selection is SopsSelection.UnencryptedSuffix or SopsSelection.UnencryptedRegex
        or SopsSelection.UnencryptedCommentRegex;
}
