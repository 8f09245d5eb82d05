using Kist.Cli.Input;
using Kist.Cli.Output;
using Kist.Formats.Age;
using Kist.Secrets;

namespace Kist.Cli.Age;

/// <summary>What surrounds age keys on this machine: the plug-ins of PATH, and the person at the terminal.</summary>
internal static class TerminalHost
{
    /// <summary>The host of this process.</summary>
    /// <param name="passphrase">What answers every question for a secret instead of a person; null asks.</param>
    public static AgeHost Create(Screen screen, SecretBuffer? passphrase) => new()
    {
        PluginFolders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(
            Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries),
        AskSecret = prompt => passphrase is null
            ? AskSecret(prompt) : AgeOutcome<SecretBuffer>.Of(SecretBuffer.Copy(passphrase.Span)),
        AskPublic = AskPublic,
        Confirm = Confirm,
        Show = message => screen.Ask(message + "\n"),
    };

    /// <summary>Asks at the terminal for a secret.</summary>
    public static AgeOutcome<SecretBuffer> AskSecret(string prompt)
    {
        using var terminal = TerminalPrompt.Open();
        if (terminal is null)
            return AgeOutcome<SecretBuffer>.Failed(AgeFaultKind.Refused,
                "a passphrase is needed, and there is no terminal to ask for it");
        using var secret = new SecretWriter(256);
        return terminal.Secret(prompt, secret) is { } problem
            ? AgeOutcome<SecretBuffer>.Failed(AgeFaultKind.Refused, problem.Message)
            : AgeOutcome<SecretBuffer>.Of(SecretBuffer.Copy(secret.WrittenSpan));
    }

    private static AgeOutcome<string> AskPublic(string prompt)
    {
        using var terminal = TerminalPrompt.Open();
        return terminal is null ? AgeOutcome<string>.Failed(AgeFaultKind.Refused, "there is no terminal")
            : AgeOutcome<string>.Of(terminal.Line(prompt));
    }

    private static AgeOutcome<bool> Confirm(string question, string yes, string? no)
    {
        using var terminal = TerminalPrompt.Open();
        if (terminal is null) return AgeOutcome<bool>.Failed(AgeFaultKind.Refused, "there is no terminal");
        if (no is null)
        {
            terminal.Line($"{question} (press enter for \"{yes}\")");
            return AgeOutcome<bool>.Of(true);
        }
        return terminal.Line($"{question} (1 for \"{yes}\", 2 for \"{no}\")") switch
        {
            "1" => AgeOutcome<bool>.Of(true),
            "2" => AgeOutcome<bool>.Of(false),
            _ => AgeOutcome<bool>.Failed(AgeFaultKind.Refused, "neither 1 nor 2 was typed"),
        };
    }
}
