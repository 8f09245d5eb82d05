using System.CommandLine;
using System.Security.Cryptography;
using System.Text;
using Kist.Cli.Input;
using Kist.Cli.Output;
using Kist.Cli.Running;
using Kist.Cli.Serving;
using Kist.Kernel.Backups;
using Kist.Kernel.Seals;
using Kist.Kernel.Stores;
using Kist.Secrets;
using Kist.Server;
using Kist.Server.Configuration;

namespace Kist.Cli.Backups;

/// <summary>
/// What opens a backup without a server: the seal of a configuration file, or unseal keys that people have.
/// </summary>
internal sealed class BackupKeySource(ServerConfig? config, string? keysFile)
{
    /// <summary>Whether anything was named that could open one.</summary>
    public bool IsGiven => config is not null || keysFile is not null;

    /// <summary>The options of every command that opens a backup.</summary>
    public static (Option<string?> Config, Option<string?> Keys) Options(KistCommand command) => (
        command.Option<string?>("--config", "FILE", "A server's configuration: its seal opens the backup"),
        command.Option<string?>("--unseal-keys", "FILE",
            "Unseal keys, one a line; - reads standard input"));

    /// <summary>Reads the configuration, if one is named.</summary>
    public static Problem? Read(
        string? configFile, string? keysFile, out BackupKeySource keys, out ServerConfig? config)
    {
        config = null;
        Problem? problem = null;
        if (configFile is not null) (config, _, problem) = ConfigFiles.Read([configFile]);
        keys = new BackupKeySource(config, keysFile);
        return problem;
    }

    /// <summary>Unlocks the backup and gives its root key, which the caller disposes.</summary>
    public async Task<(SecretBuffer? Root, Problem? Problem)> UnlockAsync(BackupReader reader, Screen screen)
    {
        var (seal, problem) = reader.Header.Seal.Type == ShamirSeal.TypeName
            ? Shares(reader.Header.Seal, screen)
            : Automatic(reader.Header.Seal);
        if (seal is null) return (null, problem);
        try
        {
            var root = await seal.UnwrapAsync(reader.Header.RootKey, default);
            if (await reader.TryUnlockAsync(root, default)) return (root, null);
            root.Dispose();
            return (null, new Problem("the backup does not open with its own root key: it was changed"));
        }
        catch (SealException e)
        {
            return (null, new Problem($"the backup does not open: {e.Message}",
                "the key file or the unseal keys of the time when it was made"));
        }
        finally
        {
            (seal as IDisposable)?.Dispose();
        }
    }

    private (ISeal? Seal, Problem? Problem) Automatic(SealConfig wanted)
    {
        if (config is null) return (null, new Problem($"the backup is sealed by the seal \"{wanted.Type}\"",
            "--config FILE: the configuration of a server with that seal"));
        // The seal only unwraps here, so no store is needed.
        foreach (var stanza in new[] { config.Seal, config.OldSeal })
            if (stanza?.Type == wanted.Type) return (Catalog.Seal(stanza, new MemoryStore(), config.Storage), null);
        return (null, new Problem(
            $"the backup is sealed by the seal \"{wanted.Type}\", which the configuration does not have",
            "--config with the configuration of the time when it was made"));
    }

    private (ISeal? Seal, Problem? Problem) Shares(SealConfig wanted, Screen screen)
    {
        var shares = new List<SecretBuffer>();
        try
        {
            var problem = keysFile is null ? Ask(wanted, screen, shares) : ReadFile(shares);
            if (problem is not null) return (null, problem);
            return (ShamirSeal.FromShares(shares, wanted.Threshold), null);
        }
        catch (SealException e)
        {
            return (null, new Problem($"the backup does not open: {e.Message}",
                $"{wanted.Threshold} of the {wanted.Shares} unseal keys of the time when it was made"));
        }
        finally
        {
            foreach (var share in shares) share.Dispose();
        }
    }

    private static Problem? Ask(SealConfig wanted, Screen screen, List<SecretBuffer> shares)
    {
        if (!Prompt.CanAsk) return new Problem($"{wanted.Threshold} unseal keys are needed", "--unseal-keys FILE");
        while (shares.Count < wanted.Threshold)
        {
            var name = $"unseal key {shares.Count + 1} of {wanted.Threshold}";
            if (Prompt.Secret(screen, name, out var typed) is { } stopped) return stopped;
            using (typed)
                if (Decode(typed.WrittenSpan, shares) is { } wrong) return wrong;
        }
        return null;
    }

    private Problem? ReadFile(List<SecretBuffer> shares)
    {
        using var text = new SecretWriter(1024);
        try
        {
            using var input = keysFile == "-" ? DescriptorStream.Standard(0) : File.OpenRead(keysFile!);
            if (Prompt.ReadAll(input, text, keysFile!) is { } problem) return problem;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new Problem($"{keysFile} cannot be read: {e.Message.TrimEnd('.')}");
        }
        foreach (var line in text.WrittenSpan.Split((byte)'\n'))
        {
            var key = text.WrittenSpan[line].Trim(" \t\r"u8);
            if (!key.IsEmpty && Decode(key, shares) is { } wrong) return wrong;
        }
        return null;
    }

    // Base64 or hexadecimal, as `kist operator init` and Vault print them.
    private static Problem? Decode(ReadOnlySpan<byte> text, List<SecretBuffer> shares)
    {
        var chars = Encoding.UTF8.GetChars(text.ToArray());
        var bytes = new byte[text.Length];
        try
        {
            var done = chars.Length is 64 or 66 && Convert.FromHexString(chars, bytes, out _, out var length)
                    == System.Buffers.OperationStatus.Done
                || Convert.TryFromBase64Chars(chars, bytes, out length);
            if (!done) return new Problem("an unseal key is neither base64 nor hexadecimal");
            shares.Add(SecretBuffer.Copy(bytes.AsSpan(0, length)));
            return null;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
            Array.Clear(chars);
        }
    }
}
