using Kist.Formats.Sops;

namespace Kist.Cli.Files;

/// <summary>`encrypt`, `decrypt` and `get`.</summary>
internal static class CryptRuns
{
    public static int Encrypt(FileCall call)
    {
        if (FileText.CheckOutput(call) is { } conflict) return call.Fail(conflict);
        if (Source(call, out var file, out var name) is { } missing) return call.Fail(missing);
        // The rules of the configuration count before the file is looked at, as with sops.
        if (!FileConfig.NewFile(call, Path.GetFullPath(name)).Try(out var metadata, out var fault))
            return call.Fail(fault);
        if (!FileText.Format(call, FileFlag.InputType, name).Try(out var input, out fault)) return call.Fail(fault);
        if (!FileText.Format(call, FileFlag.OutputType, name).Try(out var output, out fault)) return call.Fail(fault);
        if (input == SopsFormat.Binary && output != SopsFormat.Binary && call.Text(FileFlag.OutputType) is null)
            output = input;
        if (FileText.Read(file, out var content) is { } unread) return call.Fail(unread);
        using var plain = content;
        if (!SopsTree.Load(content.WrittenSpan, input, name).Try(out var tree, out fault)) return call.Fail(fault);
        using (tree)
        {
            if (tree.HasMetadata(input)) return call.Fail(AlreadyEncrypted(name));
            if (input == SopsFormat.Binary && metadata.Rules != SopsRules.Default)
            {
                call.Screen.Warn("a binary file is encrypted as a whole: suffixes and expressions do not count");
                metadata = metadata with { Rules = SopsRules.Default };
            }
            if (!Seal(call, tree, metadata, output, name).Try(out var bytes, out fault)) return call.Fail(fault);
            return FileText.Deliver(call, file, bytes);
        }
    }

    /// <summary>Encrypts a tree with a new data key.</summary>
    public static SopsOutcome<byte[]> Seal(FileCall call, SopsTree tree, SopsMetadata metadata, SopsFormat format,
        string name)
    {
        if (!FileKeys.Of(call).Try(out var keys, out var fault)) return fault;
        using (keys)
        using (var key = DataKey.New())
        {
            if (!keys.Wrap(key, metadata).Try(out var wrapped, out fault)) return fault;
            if (!FileConfig.Style(call).Try(out var style, out fault)) return fault;
            return SopsFile.Encrypt(tree, wrapped, key, format, name, call.Now).Try(out var sealedFile, out fault)
                ? sealedFile.Write(style) : fault;
        }
    }

    public static int Decrypt(FileCall call)
    {
        if (FileText.CheckOutput(call) is { } conflict) return call.Fail(conflict);
        TreePath? path = null;
        if (call.Text(FileFlag.Extract) is { } extract)
        {
            var parsed = TreePath.Parse(extract);
            if (parsed.Fault is { } bad)
                return call.Fail(SopsExit.TreePath, "error parsing --extract path: " + bad.Message);
            path = parsed.Value;
        }
        if (Source(call, out var file, out var name) is { } missing) return call.Fail(missing);
        return Decrypt(call, file, name, path);
    }

    /// <summary>Prints one value of a file: `kist file get FILE PATH`.</summary>
    public static int Get(FileCall call)
    {
        if (call.Arguments.Count != 2)
            return call.Fail(SopsExit.Generic, "a file and a path are needed",
                "kist file get secrets.yaml database.password");
        return FilePaths.Parse(call.Arguments[1]).Try(out var path, out var fault)
            ? Decrypt(call, call.Arguments[0], call.Arguments[0], path) : call.Fail(fault);
    }

    private static int Decrypt(FileCall call, string? file, string name, TreePath? path)
    {
        if (!FileText.Format(call, FileFlag.OutputType, name).Try(out var format, out var fault))
            return call.Fail(fault);
        if (!OpenFile.Open(call, file, name).Try(out var open, out fault)) return call.Fail(fault);
        using (open)
        {
            if (open.Decrypt() is { } wrong) return call.Fail(wrong with { File = wrong.File ?? name });
            // Its own metadata tell a binary file from one that is only named like one.
            if (call.Text(FileFlag.OutputType) is null
                && call.Text(FileFlag.InputType) is null) format = open.File.Format;
            if (!FileConfig.Style(call).Try(out var style, out fault)) return call.Fail(fault);
            var text = path is null ? open.Tree!.Write(format, style) : open.Tree!.Extract(path, format, style);
            if (!text.Try(out var plain, out fault)) return call.Fail(fault);
            using (plain) return FileText.Deliver(call, file, plain.WrittenSpan);
        }
    }

    // A file that is named, else standard input.
    private static SopsFault? Source(FileCall call, out string? file, out string name)
    {
        file = call.Arguments.Count > 0 ? call.Arguments[0] : null;
        name = call.Text(FileFlag.Override) ?? file ?? "";
        if (call.Has(FileFlag.InPlace) && file is null)
            return new SopsFault(SopsExit.NoFile, "no file specified: standard input cannot be written back");
        if (file is null && call.Text(FileFlag.Override) is null && call.Text(FileFlag.InputType) is null)
            return new SopsFault(SopsExit.NoFile, "no file specified; to read standard input, name it with "
                + "--filename-override FILE");
        return file is not null && !File.Exists(file) && !Directory.Exists(file)
            ? new SopsFault(SopsExit.NoFile, $"cannot operate on non-existent file {file}") : null;
    }

    private static SopsFault AlreadyEncrypted(string name) => new(SopsExit.AlreadyEncrypted,
        "the file has a top-level entry named sops (in flat formats, one that begins with sops_): it seems to be "
        + "encrypted already. Its metadata are kept there, so nothing else can be") { File = name };
}
