using System.Globalization;
using Kist.Kernel.Audit;
using Kist.Kernel.Pipeline;

namespace Kist.Server.Sinks.File;

/// <summary>
/// Makes sinks of the type <c>file</c> from their options <c>file_path</c> (or <c>path</c>) and <c>mode</c>. Whoever
/// may call <c>sys/audit</c> can name a path, so only files in <paramref name="allowedFolders"/> are opened, beside
/// <c>stdout</c>, <c>discard</c> and <c>/dev/null</c>. <c>{node_id}</c> in a path stands for this node's name: a sink
/// is enabled for all nodes on a store, and each needs a file of its own.
/// </summary>
/// <param name="allowedFolders">Absolute folders of the server's configuration (<c>audit_file_dirs</c>).</param>
/// <param name="nodeId">This node's name.</param>
public sealed class FileSinks(IReadOnlyList<string> allowedFolders, string nodeId)
{
    private const UnixFileMode DefaultMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const int WritableModes = 0x1B6; // 0666: no execute bit, nothing special

    private readonly string[] _folders =
        [.. allowedFolders.Select(folder => Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)))];

    /// <summary>Opens the sink, or says in <paramref name="fault"/> which option is wrong. See
    /// AuditSinkMaker.</summary>
    public IAuditSink? Make(IReadOnlyDictionary<string, string> options, out Fault? fault)
    {
        fault = null;
        var path = options.GetValueOrDefault("file_path") ?? options.GetValueOrDefault("path") ?? "";
        switch (path)
        {
            case "":
                fault = Fault.Invalid("file_path is required");
                return null;
            case "stdout" or "/dev/stdout":
                return new StandardOutputSink();
            case "discard" or "/dev/null":
                return new DiscardSink();
        }
        if (!TryMode(options, out var mode))
        {
            fault = Fault.Invalid("the option \"mode\" must be an octal number such as 0600, without execute bits");
            return null;
        }
        if (!OperatingSystem.IsLinux())
        {
            fault = Fault.Invalid("files as audit sinks need Linux");
            return null;
        }
        path = path.Replace("{node_id}", nodeId, StringComparison.Ordinal);
        fault = Place(path);
        if (fault is not null) return null;
        try
        {
            return new FileSink(path, mode);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            fault = Fault.Invalid($"sanity check failed; unable to open the audit file for writing: {e.Message}");
            return null;
        }
    }

    private static bool TryMode(IReadOnlyDictionary<string, string> options, out UnixFileMode mode)
    {
        mode = DefaultMode;
        if (!options.TryGetValue("mode", out var text) || text is "" or "0" or "0000") return true;
        var value = 0;
        foreach (var digit in text)
        {
            if (digit is < '0' or > '7' || value > 0x1FF) return false;
            value = value * 8 + (digit - '0');
        }
        mode = (UnixFileMode)value;
        return (value & ~WritableModes) == 0 && (value & (int)UnixFileMode.UserWrite) != 0;
    }

    /// <summary>Checks that the path lies in an allowed folder, without links below it, and makes its folder.</summary>
    private Fault? Place(string path)
    {
        if (path.Contains('\0') || !Path.IsPathFullyQualified(path) || path != Path.GetFullPath(path)
            || path.EndsWith('/'))
            return Fault.Invalid("file_path must be an absolute path without \".\", \"..\" or empty parts");
        var root = Array.Find(_folders, folder => path.StartsWith(folder + "/", StringComparison.Ordinal));
        if (root is null)
            return Fault.Invalid("file_path is not in a folder that the server's audit_file_dirs allows");
        var folder = Path.GetDirectoryName(path)!;
        try
        {
            for (var at = folder; at.Length > root.Length; at = Path.GetDirectoryName(at)!)
                if (new DirectoryInfo(at).LinkTarget is not null)
                    return Fault.Invalid("file_path leads through a symbolic link");
            if (!OperatingSystem.IsWindows()) Directory.CreateDirectory(folder,
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Fault.Invalid("the folder of file_path cannot be made");
        }
    }
}
