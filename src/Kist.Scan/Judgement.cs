namespace Kist.Scan;

/// <summary>What the scanner thinks of one stretch of a line.</summary>
/// <param name="Rule">The rule that looked.</param>
/// <param name="Line">The line, from 1.</param>
/// <param name="Column">The column (bytes), from 1.</param>
/// <param name="Masked">The value, masked.</param>
/// <param name="IsFinding">Whether it is reported.</param>
/// <param name="Why">What speaks for it, and if it is no finding, what against.</param>
public sealed record Judgement(Rule Rule, int Line, int Column, string Masked, bool IsFinding, string Why);
