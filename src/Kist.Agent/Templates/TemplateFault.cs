namespace Kist.Agent.Templates;

/// <summary>
/// Why a template cannot be read or rendered. The text names functions, fields and places, never a value.
/// </summary>
internal sealed class TemplateFault(string message, int line = 0) : Exception(message)
{
    /// <summary>The line of the template, counted from 1; 0: not known yet.</summary>
    public int Line { get; } = line;
}
