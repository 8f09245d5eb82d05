using Kist.Cli.Input;
using Kist.Cli.Output;
using Kist.Cli.Running;
using Kist.Formats.Sops;

namespace Kist.Cli.Files;

/// <summary>`edit`: a file in an editor, encrypted again when the editor ends.</summary>
internal static class EditRun
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private static ReadOnlySpan<byte> ExampleYaml => """
        hello: Replace this with values of your own
        example_key: example_value
        # an example of a comment
        example_array:
            - example_value1
            - example_value2
        example_number: 1234.56789
        example_booleans:
            - true
            - false

        """u8;

    private static ReadOnlySpan<byte> ExampleJson => """
        {
        	"hello": "Replace this with values of your own",
        	"example_key": "example_value",
        	"example_array": [
        		"example_value1",
        		"example_value2"
        	],
        	"example_number": 1234.56789,
        	"example_booleans": [
        		true,
        		false
        	]
        }

        """u8;

    public static int Run(FileCall call)
    {
        if (call.Arguments.Count == 0)
            return call.Fail(SopsExit.NoFile, "no file specified", "kist file edit secrets.yaml");
        var file = call.Arguments[0];
        return File.Exists(file) ? Existing(call, file) : New(call, file);
    }

    private static int Existing(FileCall call, string file)
    {
        if (!OpenFile.Open(call, file).Try(out var open, out var fault)) return call.Fail(fault);
        using (open)
        {
            if (open.Decrypt() is { } wrong) return call.Fail(wrong with { File = wrong.File ?? file });
            var format = open.File.Format;
            if (!FileConfig.Style(call).Try(out var style, out fault)) return call.Fail(fault);
            if (!open.Tree!.Write(format, style).Try(out var text, out fault)) return call.Fail(fault);
            using (text)
            {
                if (call.Has(FileFlag.ShowKeys)) ShowKeys(call, open.File.Metadata);
                if (Edit(call, file, format, text.WrittenSpan, out var tree) is { } stopped)
                    return call.Session.Fail(stopped);
                using (tree)
                {
                    if (!SopsFile.Encrypt(tree!, open.File.Metadata, open.Key, format, file, call.Now, open.Nonces)
                        .Try(out var sealedFile, out fault)) return call.Fail(fault);
                    return Save(call, file, sealedFile, style);
                }
            }
        }
    }

    private static int New(FileCall call, string file)
    {
        if (!FileConfig.NewFile(call, Path.GetFullPath(file)).Try(out var metadata, out var fault))
            return call.Fail(fault);
        if (!FileText.Format(call, FileFlag.InputType, file).Try(out var format, out fault)) return call.Fail(fault);
        if (!FileConfig.Style(call).Try(out var style, out fault)) return call.Fail(fault);
        var example = format switch
        {
            SopsFormat.Yaml => ExampleYaml,
            SopsFormat.Json => ExampleJson,
            SopsFormat.Dotenv => "# an example of a comment\nexample_key=example_value\n"u8,
            SopsFormat.Ini => "[section]\nexample_key = example_value\n"u8,
            _ => "Replace this with a text of your own\n"u8,
        };
        if (Edit(call, file, format, example, out var tree) is { } stopped) return call.Session.Fail(stopped);
        using (tree)
        {
            if (!CryptRuns.Seal(call, tree!, metadata, format, file).Try(out var bytes, out fault))
                return call.Fail(fault);
            return FileText.Write(file, bytes) is { } unwritten ? call.Fail(unwritten) : 0;
        }
    }

    private static int Save(FileCall call, string file, SopsFile sealedFile, SopsStyle style)
    {
        if (!sealedFile.Write(style).Try(out var bytes, out var fault)) return call.Fail(fault);
        return FileText.Write(file, bytes) is { } unwritten ? call.Fail(unwritten) : 0;
    }

    /// <summary>Lets the person change the text until it can be read.</summary>
    private static Problem? Edit(FileCall call, string file, SopsFormat format, ReadOnlySpan<byte> text,
        out SopsTree? tree)
    {
        tree = null;
        if (Editor() is not { } editor)
            return new Problem("no editor is available", "set SOPS_EDITOR or EDITOR", (int)SopsExit.NoEditor);
        using var folder = PrivateFolder.Create();
        var path = Path.Combine(folder.Path, Path.GetFileName(file));
        WritePrivate(path, text);
        var edited = false;
        while (true)
        {
            if (Start(editor, path) is { } failed) return failed;
            if (FileText.Read(path, out var content) is { } unread) return new Problem(unread.ToString());
            using (content)
            {
                if (content.WrittenSpan.SequenceEqual(text) && !edited)
                    return new Problem("the file has not changed, so nothing was written", null,
                        (int)SopsExit.Unchanged);
                edited = true;
                var loaded = SopsTree.Load(content.WrittenSpan, format, file);
                if (loaded.Value is { } read)
                {
                    if (!read.HasMetadata(format))
                    {
                        tree = read;
                        return null;
                    }
                    read.Dispose();
                    loaded = new SopsFault(SopsExit.Read, "an entry named sops cannot be set");
                }
                if (AskAgain(call, loaded.Fault!) is { } stopped) return stopped;
            }
        }
    }

    private static Problem? AskAgain(FileCall call, SopsFault fault)
    {
        using var terminal = TerminalPrompt.Open();
        if (terminal is null) return new Problem(fault.ToString(), "the file was left as it was", (int)SopsExit.Read);
        call.Screen.Warn(fault.ToString());
        return terminal.Line("Press enter to edit it again, or type q to leave the file as it was") == "q"
            ? new Problem("nothing was changed", null, (int)SopsExit.Unchanged) : null;
    }

    private static void ShowKeys(FileCall call, SopsMetadata metadata)
    {
        for (var i = 0; i < metadata.Groups.Count; i++)
            foreach (var key in metadata.Groups[i].Keys)
                call.Screen.Ask($"group {i + 1}: {key.Kind} {key.Id}\n");
    }

    private static Problem? Start(List<string> editor, string path)
    {
        using var plan = new EnvironmentPlan("", []);
        if (ProgramImage.Prepare([.. editor, path], plan, Inheritance.All, out var image) is { } unrunnable)
            return unrunnable with { ExitCode = (int)SopsExit.NoEditor };
        using (image)
        using (var relay = new SignalRelay(MaskedRun.IsInForeground(), null))
        {
            var streams = new ChildStreams(ChildStreams.Inherited, ChildStreams.Inherited, ChildStreams.Inherited,
                null);
            if (ChildProcess.Start(image, streams, out var child) is { } problem) return problem;
            relay.Attach(child);
            return child.Wait() is not 0 and var code
                ? new Problem($"the editor ended with {code}, so nothing was changed") : null;
        }
    }

    private static List<string>? Editor()
    {
        foreach (var name in (ReadOnlySpan<string>)["SOPS_EDITOR", "EDITOR"])
            if (Environment.GetEnvironmentVariable(name) is { Length: > 0 } named)
                return Formats.Sops.Keys.CommandWords.Split(named) is { Count: > 0 } words ? words : null;
        foreach (var name in (ReadOnlySpan<string>)["vim", "nano", "vi"])
            foreach (var folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'))
                if (Path.IsPathFullyQualified(folder) && File.Exists(Path.Combine(folder, name)))
                    return [Path.Combine(folder, name)];
        return null;
    }

    private static void WritePrivate(string path, ReadOnlySpan<byte> text)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = Private;
        using var file = new FileStream(path, options);
        file.Write(text);
    }
}
