namespace Kist.Cli.Output;

/// <summary>
/// A failure as people see it: what happened, and what to do next. Neither text ever holds a secret value;
/// names of fields, paths and files are fine.
/// </summary>
/// <param name="Message">One sentence without a full stop, shown after <c>Error:</c>.</param>
/// <param name="Hint">What to do next, shown after <c>Try:</c>.</param>
/// <param name="ExitCode">1: the command line or this machine; 2: the server refused or failed.</param>
internal sealed record Problem(string Message, string? Hint = null, int ExitCode = Problem.Local)
{
    public const int Local = 1;
    public const int Remote = 2;
}
