using Kist.Cli.Output;
using Kist.Cli.Running;
using Kist.Kernel.Backups;

namespace Kist.Cli.Backups;

/// <summary>A backup on the disk or on standard input.</summary>
internal static class BackupFile
{
    private const int BufferBytes = 1 << 20;

    /// <summary>Opens it for one reading, which is shown when it takes long.</summary>
    public static Stream Open(string path, Screen screen) => new BufferedStream(new ProgressStream(
        path == "-" ? DescriptorStream.Standard(0) : new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.Open, Access = FileAccess.Read, Share = FileShare.Read | FileShare.Delete, BufferSize = 0,
        }), screen), BufferBytes);

    /// <summary>The words for one that cannot be used.</summary>
    public static Problem ProblemOf(string path, Exception e) => e switch
    {
        BackupException { Kind: BackupFailure.NotABackup } =>
            new Problem($"{path}: {e.Message}", "a file that kist operator backup has written"),
        BackupException { Kind: BackupFailure.WrongKey } => new Problem($"{path}: {e.Message}"),
        BackupException => new Problem($"{path}: {e.Message}", "use another copy, or an earlier backup"),
        _ => new Problem($"{path} cannot be read: {e.Message.TrimEnd('.')}"),
    };
}
