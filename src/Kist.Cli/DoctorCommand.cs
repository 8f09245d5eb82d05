using System.CommandLine;
using Kist.Cli.Doctor;

namespace Kist.Cli;

/// <summary>`kist doctor`: how well a repository keeps its secrets, and what to do next.</summary>
internal static class DoctorCommand
{
    public static Command Create()
    {
        var command = new KistCommand("doctor", "Say how well a repository keeps its secrets, and what to do next")
        {
            Details = """
                The steps: 0, secrets lie open in files and commits; 1, they come from the environment; 2, they are in
                encrypted files; 3, they come from a server. Each thing to do comes with the command that does it.
                Nothing is changed. Exit code 0: nothing to do; 1: something to do; 2: something could not be looked at.
                """,
            MistakeCode = Scanning.ScanRun.Incomplete,
            Examples = ["kist doctor", "kist doctor --history     # also every commit", "kist doctor --json"],
        };
        var path = command.Optional("PATH", "The repository or folder (else the one here)");
        var history = command.Switch("--history", "Look through every commit too");
        return command.Does((session, parsed) =>
            DoctorRun.Run(session, parsed.GetValue(path) ?? ".", parsed.GetValue(history)));
    }
}
