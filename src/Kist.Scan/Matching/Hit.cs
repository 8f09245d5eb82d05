using Kist.Scan.Rules;

namespace Kist.Scan.Matching;

/// <summary>What a rule says about a stretch of content; with a reason against it, it is no finding.</summary>
internal readonly record struct Hit(
    RuleEntry Rule, int Start, int End, Severity Severity, Confidence Confidence, string Why, string? Against);
