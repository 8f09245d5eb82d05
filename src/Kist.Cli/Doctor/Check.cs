namespace Kist.Cli.Doctor;

/// <summary>One thing that was looked at.</summary>
/// <param name="Id">A short name for scripts.</param>
/// <param name="Step">The step of the ladder that it stands in the way of: 0 to 3.</param>
/// <param name="Ok">Whether it is as it should be.</param>
/// <param name="Text">What is so, without any value.</param>
/// <param name="Fix">The command that mends it; null when there is nothing to mend.</param>
internal sealed record Check(string Id, int Step, bool Ok, string Text, string? Fix = null);
