using Kist.Secrets;

namespace Kist.Formats.Age;

/// <summary>
/// What surrounds the keys: where plug-ins lie, and a person who can be asked for the passphrase of a key file or by a
/// plug-in. What is left out does not exist there; what needs it fails with a fault that says so.
/// </summary>
public sealed class AgeHost
{
    /// <summary>The folders in which programs called <c>age-plugin-NAME</c> are looked for, in order. Relative ones are
    /// passed over: they would mean whatever folder happens to be the current one.</summary>
    public IReadOnlyList<string> PluginFolders { get; init; } = [];

    /// <summary>Asks for a secret, which is not shown. The prompt has no full stop at its end.</summary>
    public Func<string, AgeOutcome<SecretBuffer>>? AskSecret { get; init; }

    /// <summary>Asks for a text that may be shown.</summary>
    public Func<string, AgeOutcome<string>>? AskPublic { get; init; }

    /// <summary>Asks for a choice: the question, the text for yes, the text for no, if there is one.</summary>
    public Func<string, string, string?, AgeOutcome<bool>>? Confirm { get; init; }

    /// <summary>Shows a message.</summary>
    public Action<string>? Show { get; init; }
}
