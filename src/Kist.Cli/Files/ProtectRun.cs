using System.Text;
using Kist.Formats.Age;
using Kist.Formats.Dotenv;
using Kist.Formats.Sops;
using Kist.Formats.Sops.Config;
using Kist.Formats.Sops.Keys;
using Kist.Secrets;

namespace Kist.Cli.Files;

/// <summary>`protect`: a .env file becomes an encrypted one, and git never sees the plaintext.</summary>
internal static class ProtectRun
{
    public static int Run(FileCall call)
    {
        if (call.Arguments.Count == 0) return call.Fail(SopsExit.NoFile, "no file specified", "kist file protect .env");
        var file = call.Arguments[0];
        if (!File.Exists(file)) return call.Fail(SopsExit.NoFile, $"cannot operate on non-existent file {file}");
        var target = call.Text(FileFlag.Output) ?? TargetOf(file);
        if (SopsFormats.OfPath(target) != SopsFormat.Dotenv)
            return call.Fail(SopsExit.Generic, $"{target} is no name of a .env file", "--output FILE.env");
        if (File.Exists(target) && !call.Has(FileFlag.Force))
            return call.Fail(SopsExit.Generic, $"{target} is there already", "--force replaces it");
        if (FileText.Read(file, out var content) is { } unread) return call.Fail(unread);
        using (content)
        {
            if (!DotenvFile.TryParse(content.WrittenSpan, file, out var env, out var wrong))
                return call.Fail(SopsExit.Read, wrong.Message);
            using (env) return Encrypt(call, file, target, env);
        }
    }

    private static int Encrypt(FileCall call, string file, string target, DotenvFile env)
    {
        foreach (var twice in env.Duplicates)
            call.Screen.Warn($"{file}: {twice.Name} of line {twice.FirstLine} is overridden in line {twice.Line}");
        if (!Metadata(call, target).Try(out var metadata, out var fault)) return call.Fail(fault);
        // The format of sops' own dotenv files knows no quotes: what the quotes mean is what is encrypted.
        using var json = new SecretWriter(1024);
        WriteJson(env, json);
        if (!SopsTree.Load(json.WrittenSpan, SopsFormat.Json, file).Try(out var tree, out fault))
            return call.Fail(fault);
        using (tree)
        {
            if (tree.HasMetadata(SopsFormat.Dotenv))
                return call.Fail(SopsExit.AlreadyEncrypted, $"{file} seems to be encrypted already");
            if (!CryptRuns.Seal(call, tree, metadata, SopsFormat.Dotenv, target).Try(out var bytes, out fault))
                return call.Fail(fault);
            if (FileText.Write(target, bytes) is { } unwritten) return call.Fail(unwritten);
        }
        if (Ignore(file, target) is { } failed) return call.Fail(failed);
        Remove(file);
        call.Screen.Remark(
            $"{file} is encrypted in {target}, and the plaintext is gone: kist file exec-env {target} -- …");
        return 0;
    }

    private static string TargetOf(string file)
    {
        var (folder, name) = (Path.GetDirectoryName(file) ?? "", Path.GetFileName(file));
        var stem = name.EndsWith(".env", StringComparison.Ordinal) ? name[..^4]
            : name.StartsWith(".env.", StringComparison.Ordinal) ? "." + name[5..] : name;
        return Path.Combine(folder, stem + ".enc.env");
    }

    private static SopsOutcome<SopsMetadata> Metadata(FileCall call, string target)
    {
        var known = FileConfig.NewFile(call, Path.GetFullPath(target));
        if (known.Fault is null) return known;
        var configured = FileConfig.Load(call);
        if (configured.Fault is not null || configured.Value is { HasCreationRules: true }) return known;
        if (!OwnRecipient(call).Try(out var recipient, out var fault)) return fault;
        return new SopsMetadata { Groups = [new KeyGroup([new AgeMasterKey(recipient)])], Rules = SopsRules.Default };
    }

    // The public half of the user's own key; where there is none, one is made where sops and kist look for it.
    private static SopsOutcome<string> OwnRecipient(FileCall call)
    {
        var host = new KeyHost { Environment = KeyHost.ProcessEnvironment() };
        var file = host.Value("SOPS_AGE_KEY_FILE") ?? host.AgeKeyFile;
        if (file is null)
            return new SopsFault(SopsExit.NoEncryptionKey, "there is no folder for a key: HOME is not set");
        if (File.Exists(file))
        {
            if (FileText.Read(file, out var content) is { } unread) return unread;
            using (content)
            {
                if (!AgeIdentity.ParseFile(content.WrittenSpan, file).Try(out var own, out var fault))
                    return new SopsFault(SopsExit.NoEncryptionKey, fault.Message);
                foreach (var identity in own)
                    if (identity.Recipients().Try(out var recipients, out _) && recipients.Count > 0)
                        return recipients[0].ToString()!;
            }
            return new SopsFault(SopsExit.NoEncryptionKey,
                $"{file} holds no key with a public half; name one: --age KEY");
        }
        using var made = X25519Identity.Generate();
        var recipient = made.Recipient.ToString();
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        using var text = new SecretWriter(256);
        text.Write(Encoding.ASCII.GetBytes($"# public key: {recipient}\n"));
        made.Write(text);
        text.Write("\n"u8);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var output = new FileStream(file, options)) output.Write(text.WrittenSpan);
        call.Screen.Remark($"a key was made for you: {file}. Keep a copy of it; without it nobody can decrypt");
        return recipient;
    }

    private static void WriteJson(DotenvFile env, SecretWriter to)
    {
        using var json = new System.Text.Json.Utf8JsonWriter((System.Buffers.IBufferWriter<byte>)to);
        json.WriteStartObject();
        foreach (var entry in env.Variables) json.WriteString(entry.Name, entry.Value.Span);
        json.WriteEndObject();
    }

    // One line for the plaintext, and one that takes the encrypted file out of a pattern such as *.env.
    private static SopsFault? Ignore(string file, string target)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        var ignore = Path.Combine(folder, ".gitignore");
        var lines = File.Exists(ignore) ? File.ReadAllLines(ignore).ToList() : [];
        var before = lines.Count;
        var (name, sealedName) = ("/" + Path.GetFileName(file), "!/" + Path.GetFileName(target));
        if (!lines.Contains(name)) lines.Add(name);
        if (Path.GetDirectoryName(Path.GetFullPath(target)) == folder && lines.Exists(static l =>
            l.TrimEnd() is "*.env" or ".env*" or "*.env*" or ".*" or "*") && !lines.Contains(sealedName))
            lines.Add(sealedName);
        return lines.Count == before ? null
            : FileText.Write(ignore, Encoding.UTF8.GetBytes(string.Join('\n', lines) + "\n"));
    }

    // Overwritten first, for what that is worth on today's disks.
    private static void Remove(string file)
    {
        using (var stream = new FileStream(file, FileMode.Open, FileAccess.Write, FileShare.None, bufferSize: 0))
        {
            stream.Write(new byte[stream.Length]);
            stream.Flush(flushToDisk: true);
        }
        File.Delete(file);
    }
}
