using Microsoft.CodeAnalysis;

namespace Kist.Analyzers;

/// <summary>The rules; each has a page in <c>docs/rules</c> that says what it flags, why, and what to do.</summary>
public static class Rules
{
    private const string Category = "Secrets";

    /// <summary>KIST001.</summary>
    public static readonly DiagnosticDescriptor Logged = Make("KIST001",
        "A secret is revealed into a log call",
        "'{0}' is a secret and goes into a log; pass the secret itself, which prints as [REDACTED], or leave it out");

    /// <summary>KIST002.</summary>
    public static readonly DiagnosticDescriptor Thrown = Make("KIST002",
        "A secret is revealed into an exception",
        "'{0}' is a secret and goes into an exception, which ends in logs and error pages; name the field instead");

    /// <summary>KIST003.</summary>
    public static readonly DiagnosticDescriptor Text = Make("KIST003",
        "A secret becomes part of a text",
        "'{0}' is a secret and becomes part of a text that cannot be zeroed, or prints as [REDACTED] where its value "
        + "was meant; hand it over where it is used");

    /// <summary>KIST004.</summary>
    public static readonly DiagnosticDescriptor HardCoded = Make("KIST004",
        "A credential is hard-coded",
        "{0} is written in the source; keep it in a store and put a reference such as kist://prod/app#password here");

    /// <summary>KIST005.</summary>
    public static readonly DiagnosticDescriptor Addressed = Make("KIST005",
        "A secret is put into a URL or a command line",
        "'{0}' is a secret and becomes part of a URL or a command line, which logs, history and ps show; "
        + "send it in a header, a body or standard input");

    /// <summary>KIST006.</summary>
    public static readonly DiagnosticDescriptor Undisposed = Make("KIST006",
        "A secret is not disposed",
        "{0} is never disposed, so its bytes stay in memory; declare it with 'using'");

    /// <summary>KIST007.</summary>
    public static readonly DiagnosticDescriptor Compared = Make("KIST007",
        "A secret is compared with an ordinary comparison",
        "'{0}' is a secret and is compared in a time that tells how much of it was right; use FixedTimeEquals");

    private static DiagnosticDescriptor Make(string id, string title, string message) => new(
        id, title, message, Category, DiagnosticSeverity.Warning, isEnabledByDefault: true,
        helpLinkUri: $"https://github.com/kist-project/kist/blob/main/docs/rules/{id}.md");
}
