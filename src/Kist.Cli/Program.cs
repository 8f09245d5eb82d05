using System.CommandLine;
using Kist.Cli.Files;

namespace Kist.Cli;

/// <summary>The `kist` program: the list of its commands, and nothing else.</summary>
internal static class Program
{
    /// <summary>Every command, grouped as help shows them. Only the one that is called gets built.</summary>
    public static readonly Entry[] Commands =
    [
        new("Secrets", "put", PutCommand.Create),
        new("Secrets", "get", GetCommand.Create),
        new("Secrets", "list", ListCommand.Create),
        new("Secrets", "run", RunCommand.Create),
        new("Secrets", "env", EnvCommand.Create),
        new("Secrets", "redact", RedactCommand.Create),
        new("Secrets", "history", VersionCommands.History),
        new("Secrets", "rollback", VersionCommands.Rollback),
        new("Secrets", "delete", VersionCommands.Delete),
        new("Secrets", "undelete", VersionCommands.Undelete),
        new("Secrets", "destroy", VersionCommands.Destroy),
        new("Files", "file", FileCommands.Create),
        new("Files", "age", AgeCommands.Create),
        new("Files", "sops", SopsCommand.Create),
        new("Repositories", "scan", ScanCommand.Create),
        new("Repositories", "hook", HookCommand.Create),
        new("Repositories", "doctor", DoctorCommand.Create),
        new("Access", "login", LoginCommand.Create),
        new("Access", "token", TokenCommands.Create),
        new("Access", "policy", PolicyCommands.Create),
        new("Access", "audit", AuditCommands.Create),
        new("Access", "wrap", WrapCommands.Wrap),
        new("Access", "unwrap", WrapCommands.Unwrap),
        new("Access", "lease", LeaseCommands.Create),
        new("Server", "agent", AgentCommand.Create),
        new("Server", "status", StatusCommand.Create),
        new("Server", "operator", OperatorCommands.Create),
        new("Server", "mount", MountCommands.Create),
        new("Server", "server", ServerCommand.Create),
        new("Anything else", "read", PathCommands.Read),
        new("Anything else", "write", PathCommands.Write),
        new("Anything else", "delete-path", PathCommands.Delete),
        new("Anything else", "completion", CompletionCommand.Create),
        new("Anything else", "version", VersionCommand.Create),
    ];

    /// <summary>One command of the program: its heading in help, its name, and how to build it.</summary>
    internal sealed record Entry(string Group, string Name, Func<Command> Create);

    private static int Main(string[] args) =>
        args is ["sops", .. var rest] ? SopsCommand.Run(rest) : CommandLine.Run(args);
}
