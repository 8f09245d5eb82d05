using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Kist.Cli.Input;
using Kist.Cli.Output;
using Kist.Formats.Sops;
using Kist.Secrets;

namespace Kist.Cli.Files;

/// <summary>
/// `add` and `apply`: a value from somebody who cannot decrypt. It waits in a SOPS file of its own beside the file it
/// is
/// for, encrypted to the same recipients, so that sops reads it as well; the file itself cannot take it, because its
/// MAC
/// covers every value and needs the data key.
/// </summary>
internal static class PendingRuns
{
    private const string Mark = ".pending-";

    public static int Add(FileCall call)
    {
        if (call.Arguments.Count is not (2 or 3))
            return call.Fail(SopsExit.NoFile, "a file and a path are needed",
                "printf sesame | kist file add FILE PATH");
        var file = call.Arguments[0];
        if (!FilePaths.Parse(call.Arguments[1]).Try(out var path, out var fault)) return call.Fail(fault);
        if (!OpenFile.Load(call, file).Try(out var loaded, out fault)) return call.Fail(fault);
        using var value = new SecretWriter(256);
        if (call.Arguments.Count == 3) value.Write(Encoding.UTF8.GetBytes(call.Arguments[2]));
        else if (Prompt.Secret(call.Screen, "value", out var typed) is { } unread) return call.Session.Fail(unread);
        else
            using (typed) value.Write(typed.WrittenSpan);
        using var json = new SecretWriter(512);
        using (var writer = new Utf8JsonWriter((IBufferWriter<byte>)json))
        {
            writer.WriteStartObject();
            writer.WriteString("path", path.ToString());
            writer.WriteString("value", value.WrittenSpan);
            writer.WriteEndObject();
        }
        if (!SopsTree.Load(json.WrittenSpan, SopsFormat.Json, file).Try(out var tree, out fault))
            return call.Fail(fault);
        using (tree)
        {
            var metadata = new SopsMetadata
            {
                Groups = loaded.Metadata.Groups, ShamirThreshold = loaded.Metadata.ShamirThreshold,
                Rules = SopsRules.Default,
            };
            var target = $"{file}{Mark}{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}.json";
            if (!CryptRuns.Seal(call, tree, metadata, SopsFormat.Json, target).Try(out var bytes, out fault))
                return call.Fail(fault);
            if (FileText.Write(target, bytes) is { } unwritten) return call.Fail(unwritten);
            call.Screen.Remark($"{path} waits in {target}; who can decrypt takes it in: kist file apply {file}");
            return 0;
        }
    }

    public static int Apply(FileCall call)
    {
        if (call.Arguments.Count != 1) return call.Fail(SopsExit.NoFile, "no file specified", "kist file apply FILE");
        var file = call.Arguments[0];
        var waiting = Waiting(file);
        if (waiting.Count == 0)
        {
            call.Screen.Remark($"nothing waits for {file}");
            return 0;
        }
        if (!OpenFile.Open(call, file).Try(out var open, out var fault)) return call.Fail(fault);
        using (open)
        {
            if (open.Decrypt() is { } wrong) return call.Fail(wrong with { File = wrong.File ?? file });
            foreach (var one in waiting)
                if (Take(call, open, one) is { } refused) return call.Session.Fail(refused);
            if (!open.Encrypt().Try(out var bytes, out fault)) return call.Fail(fault);
            if (FileText.Write(file, bytes) is { } unwritten) return call.Fail(unwritten);
        }
        foreach (var one in waiting) File.Delete(one);
        call.Screen.Remark($"{waiting.Count} {(waiting.Count == 1 ? "value" : "values")} taken into {file}");
        return 0;
    }

    /// <summary>The additions that wait for a file, in order of their names.</summary>
    public static List<string> Waiting(string file)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        return [.. Directory.EnumerateFiles(folder, Path.GetFileName(file) + Mark + "*.json")
            .Order(StringComparer.Ordinal).Select(f => Path.GetRelativePath(Environment.CurrentDirectory, f))];
    }

    // Whoever has the public keys can add: the person who takes it in sees which value changes, and agrees.
    private static Problem? Take(FileCall call, OpenFile into, string waiting)
    {
        if (!OpenFile.Open(call, waiting, waiting).Try(out var open, out var fault)) return Wrong(fault);
        using (open)
        {
            if (open.Decrypt() is { } undecrypted)
                return Wrong(undecrypted with { File = undecrypted.File ?? waiting });
            var style = new SopsStyle();
            if (!TreePath.Parse("[\"path\"]").Try(out var of, out fault)) return Wrong(fault);
            if (!open.Tree!.Extract(of, SopsFormat.Json, style).Try(out var text, out fault)) return Wrong(fault);
            using (text)
            {
                if (!TreePath.Parse(Encoding.UTF8.GetString(text.WrittenSpan)).Try(out var path, out fault))
                    return Wrong(fault);
                if (Prompt.Confirm(call.Screen, $"Set {path} of {into.Name} from {waiting}", call.Has(FileFlag.Yes))
                    is { } refused) return refused;
                if (!TreePath.Parse("[\"value\"]").Try(out of, out fault)) return Wrong(fault);
                if (!open.Tree.Extract(of, SopsFormat.Json, style).Try(out var value, out fault)) return Wrong(fault);
                using (value)
                using (var json = new SecretWriter(256))
                {
                    using (var writer = new Utf8JsonWriter((IBufferWriter<byte>)json))
                        writer.WriteStringValue(value.WrittenSpan);
                    return into.Tree!.Set(path, json.WrittenSpan).Fault is { } failed ? Wrong(failed) : null;
                }
            }
        }
    }

    private static Problem Wrong(SopsFault fault) => new(fault.ToString(), null, (int)fault.Exit);
}
