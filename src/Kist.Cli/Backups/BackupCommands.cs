using System.CommandLine;
using Kist.Cli.Output;
using Kist.Cli.Running;

namespace Kist.Cli.Backups;

/// <summary><c>kist operator backup</c>: takes one from the running server.</summary>
internal static class BackupCommands
{
    /// <summary>Where it comes from.</summary>
    public const string SnapshotPath = "sys/storage/raft/snapshot";

    public static Command Create()
    {
        var command = new KistCommand("backup", "Write a backup of the running server to a file")
        {
            Usage = "kist operator backup FILE\n  kist operator backup verify FILE [OPTION…]",
            Details = """
                The backup is of one moment, while reads and writes go on. It is encrypted: without the seal (the key
                file, or the unseal keys of that time) it shows when it was made and nothing else. An existing file is
                replaced when the new one is whole. The token needs read on sys/storage/raft/snapshot; Vault's clients
                fetch the same file there.
                """,
            Examples =
            [
                "kist operator backup /backups/kist-$(date +%F).backup",
                "kist operator backup - | ssh vault-backup 'cat > kist.backup'",
                "kist operator backup verify /backups/kist.backup",
            ],
        };
        var file = command.Required("FILE", "Where to; - writes to standard output");
        command.Does((session, parsed) => Save(session, parsed.GetValue(file)!));
        command.Subcommands.Add(VerifyCommand.Create());
        return command;
    }

    private static int Save(Session session, string path)
    {
        if (path == "-")
        {
            if (DescriptorStream.IsTerminal(1))
                return session.Fail(new Problem("a backup is not for a terminal", "kist operator backup FILE"));
            using var output = DescriptorStream.Standard(1);
            using var sent = session.Download(SnapshotPath, output);
            return sent.Problem is { } broken ? session.Fail(broken) : 0;
        }
        try
        {
            using var file = new ReplacedFile(path) { IsPrecious = true };
            using var answer = session.Download(SnapshotPath, file);
            if (answer.Problem is { } problem) return session.Fail(problem);
            file.Commit();
            session.Screen.Remark($"{path}: {Sizes.Of(file.Position)}. Check it with kist operator backup verify");
            return 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return session.Fail(new Problem($"{path} cannot be written: {e.Message.TrimEnd('.')}",
                "make room, or choose another place"));
        }
    }
}
