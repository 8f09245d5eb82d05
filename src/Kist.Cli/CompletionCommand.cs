using System.CommandLine;
using Kist.Cli.Output;

namespace Kist.Cli;

/// <summary>`kist completion`: scripts that ask this program what could come next.</summary>
internal static class CompletionCommand
{
    // Candidates are read line by line and never evaluated by the shell.
    private const string Bash = """
        _kist() {
            local candidate current="${COMP_WORDS[COMP_CWORD]}"
            COMPREPLY=()
            while IFS= read -r candidate; do
                if [[ $candidate == "$current"* ]]; then COMPREPLY+=("$candidate"); fi
            done < <(kist "[suggest:${COMP_POINT}]" "${COMP_LINE}" 2>/dev/null)
        }
        complete -o default -F _kist kist
        """;

    private const string Zsh = """
        #compdef kist
        _kist() {
            local -a candidates
            candidates=("${(@f)$(kist "[suggest:${CURSOR}]" "${BUFFER}" 2>/dev/null)}")
            compadd -- "${candidates[@]}"
        }
        compdef _kist kist
        """;

    private const string Fish = """
        function __kist_complete
            set -l line (commandline -cp)
            kist "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null
        end
        complete -c kist -f -a '(__kist_complete)'
        """;

    private const string PowerShell = """
        Register-ArgumentCompleter -Native -CommandName kist -ScriptBlock {
            param($word, $line, $position)
            kist "[suggest:$position]" "$line" 2>$null | Where-Object { $_ -like "$word*" } | ForEach-Object {
                [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
            }
        }
        """;

    public static Command Create()
    {
        var command = new KistCommand("completion", "Print a script that completes commands and options in a shell")
        {
            Examples =
            [
                "source <(kist completion bash)                               # in ~/.bashrc",
                "source <(kist completion zsh)                                # in ~/.zshrc, after compinit",
                "kist completion fish > ~/.config/fish/completions/kist.fish",
                "kist completion pwsh | Out-String | Invoke-Expression        # in $PROFILE",
            ],
        };
        var shell = command.Required("SHELL", "bash, zsh, fish or pwsh");
        shell.CompletionSources.Add("bash", "zsh", "fish", "pwsh");
        return command.Does((session, parsed) =>
        {
            var script = parsed.GetValue(shell) switch
            {
                "bash" => Bash,
                "zsh" => Zsh,
                "fish" => Fish,
                "pwsh" or "powershell" => PowerShell,
                _ => null,
            };
            if (script is null)
                return session.Fail(new Problem("there is no completion for this shell", "bash, zsh, fish or pwsh"));
            session.Screen.Line(script);
            return 0;
        });
    }
}
