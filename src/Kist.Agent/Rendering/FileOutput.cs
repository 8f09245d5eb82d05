using System.Security.Cryptography;
using System.Text;
using Kist.Agent.Configuration;
using Kist.Agent.Templates;

namespace Kist.Agent.Rendering;

/// <summary>Puts what a template gives into its file, and runs its command after a change.</summary>
internal sealed class FileOutput(TemplateConfig config, AgentLog log, AgentMetrics metrics)
{
    private const UnixFileMode Everyone = (UnixFileMode)0b111_101_101;

    /// <summary>Writes what has changed. What went wrong, or null; a command that fails is only logged.</summary>
    public async Task<string?> WriteAsync(string text, IReadOnlyList<FileWrite> others, CancellationToken ct)
    {
        var changed = false;
        try
        {
            foreach (var file in others) changed |= Write(file);
            changed |= Write(text);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"{config.Destination} cannot be written: {e.Message}";
        }
        if (!changed) return null;
        metrics.Renders.Add();
        log.Info($"wrote {config.Destination}");
        if (config.Command is { } command
            && await CommandRun.RunAsync(command, config.CommandTimeout, ct) is { } failed)
            log.Error($"the command after {config.Destination} failed: {failed}");
        return null;
    }

    private bool Write(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        try
        {
            var path = config.Destination;
            Folder(path);
            var exists = File.Exists(path);
            var mode = config.Mode ?? (exists ? File.GetUnixFileMode(path) : WrittenFile.OwnerOnly);
            if (exists && IsSame(path, bytes))
            {
                if (File.GetUnixFileMode(path) != mode) File.SetUnixFileMode(path, mode);
                return false;
            }
            if (exists && config.Backup)
            {
                var old = File.ReadAllBytes(path);
                WrittenFile.Write(path + ".bak", old, mode);
                CryptographicOperations.ZeroMemory(old);
            }
            WrittenFile.Write(path, bytes, mode, config.User, config.Group);
            return true;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    private bool Write(FileWrite file)
    {
        Folder(file.Path);
        var old = file.Appends && File.Exists(file.Path) ? File.ReadAllBytes(file.Path) : [];
        byte[] bytes = [.. old, .. Encoding.UTF8.GetBytes(file.Content)];
        try
        {
            if (!file.Appends && File.Exists(file.Path) && IsSame(file.Path, bytes)) return false;
            WrittenFile.Write(file.Path, bytes, file.Mode, file.Owner is "" ? null : file.Owner,
                file.Group is "" ? null : file.Group);
            return true;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
            CryptographicOperations.ZeroMemory(old);
        }
    }

    private void Folder(string path)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        if (Directory.Exists(folder)) return;
        if (!config.MakesFolders) throw new DirectoryNotFoundException($"there is no folder {folder}");
        Directory.CreateDirectory(folder, Everyone);
    }

    private static bool IsSame(string path, byte[] bytes)
    {
        if (new FileInfo(path).Length != bytes.Length) return false;
        var old = File.ReadAllBytes(path);
        var isSame = CryptographicOperations.FixedTimeEquals(old, bytes);
        CryptographicOperations.ZeroMemory(old);
        return isSame;
    }
}
