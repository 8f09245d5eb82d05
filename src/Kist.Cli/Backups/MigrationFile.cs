using Kist.Cli.Output;
using Kist.Cli.Serving;
using Kist.Kernel.Hcl;
using Kist.Server.Configuration;

namespace Kist.Cli.Backups;

/// <summary>
/// A file with the stanzas <c>storage_source</c> and <c>storage_destination</c>, as Vault's migration takes it.
/// </summary>
internal static class MigrationFile
{
    public static Problem? Read(string file, out StorageConfig? source, out StorageConfig? target)
    {
        (source, target) = (null, null);
        string text;
        try
        {
            text = File.ReadAllText(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new Problem($"{file} cannot be read: {e.Message.TrimEnd('.')}");
        }
        if (!HclDocument.TryParse(text, HclLimits.Default, out var root, out var error))
            return new Problem($"{file}: {error}");
        if ((Stanza(file, root, "storage_source", out source) ?? Stanza(file, root, "storage_destination", out target))
            is { } problem) return problem;
        // A connection URL has a password in it.
        var isOpen = !OperatingSystem.IsWindows() && (File.GetUnixFileMode(file) & UnixFileMode.OtherRead) != 0;
        return isOpen && (source!.Type == "postgresql" || target!.Type == "postgresql")
            ? new Problem($"{file} can be read by everyone on this machine", $"chmod 600 {file}")
            : null;
    }

    private static Problem? Stanza(string file, HclObject root, string key, out StorageConfig? storage)
    {
        storage = null;
        var blocks = root.Find(key) is null ? [] : root.Blocks(key, labels: 1).ToList();
        if (blocks is not [{ Body: { } body } block])
            return new Problem($"{file}: {key} is missing or stands more than once",
                $"{key} \"sqlite\" {{ path = \"/var/lib/kist\" }}");
        var plain = body.Members.Where(member => member.Value is HclString or HclNumber)
            .ToDictionary(member => member.Key,
                member => member.Value is HclString text ? text.Value : ((HclNumber)member.Value).Text);
        return StoreAddress.Of(block.Labels[0], plain, out storage) is { } problem
            ? problem with { Message = $"{file}: {problem.Message}" }
            : null;
    }
}
