using Kist.Kernel.Backups;
using Kist.Secrets;

namespace Kist.Fuzz;

/// <summary>The reader of backups, without its key and with a key that opens some of them.</summary>
public static class BackupTargets
{
    /// <summary>The root key of the seeds: 32 bytes that are no secret.</summary>
    public static readonly byte[] RootKey = [.. Enumerable.Range(0, 32).Select(n => (byte)n)];

    public static void File(ReadOnlySpan<byte> bytes)
    {
        var file = bytes.ToArray();
        try
        {
            CheckAsync(file).GetAwaiter().GetResult();
        }
        catch (BackupException)
        {
            // What it is there for.
        }
        try
        {
            OpenAsync(file).GetAwaiter().GetResult();
        }
        catch (BackupException)
        {
            // What it is there for.
        }
    }

    private static async Task CheckAsync(byte[] file)
    {
        using var reader = await BackupReader.OpenAsync(new MemoryStream(file), default);
        await reader.CheckAsync(default);
    }

    private static async Task OpenAsync(byte[] file)
    {
        using var reader = await BackupReader.OpenAsync(new MemoryStream(file), default);
        using var root = SecretBuffer.Copy(RootKey);
        if (!await reader.TryUnlockAsync(root, default)) return;
        using var contents = new BackupContents(root);
        await foreach (var _ in contents.RestoredAsync(reader.EntriesAsync(), withTokens: false))
        {
        }
    }
}
