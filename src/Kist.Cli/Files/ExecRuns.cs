using Kist.Cli.Output;
using Kist.Cli.Running;
using Kist.Formats.Sops;
using Kist.Secrets;

namespace Kist.Cli.Files;

/// <summary>`exec-env` and `exec-file`: a program that gets the values of a file.</summary>
internal static class ExecRuns
{
    public static int ExecEnv(FileCall call)
    {
        if (Command(call, out var command) is { } missing) return call.Fail(missing);
        if (call.Has(FileFlag.Background) && call.Has(FileFlag.SameProcess))
            return call.Fail(SopsExit.Conflict, "The --same-process flag cannot be used with --background");
        var file = call.Arguments[0];
        using var plan = new EnvironmentPlan("", []);
        if (Fill(call, file, plan) is { } fault) return call.Fail(fault);
        if (Account(call, out var account) is { } unknown) return call.Session.Fail(unknown);
        var inheritance = call.Has(FileFlag.Pristine) ? Inheritance.None : Inheritance.All;
        if (ProgramImage.Prepare(command, plan, inheritance, out var image) is { } unrunnable)
            return call.Session.Fail(unrunnable);
        using (image)
        {
            if (account?.Become() is { } refused) return call.Session.Fail(refused);
            // The program takes the place of this process: its signals, its terminal and its exit code are its own.
            if (!call.Has(FileFlag.Background)) return call.Session.Fail(Replacement.Become(image));
            call.Screen.Warn("exec-env's --background option is deprecated: the shell's & does the same");
            var streams = new ChildStreams(ChildStreams.Inherited, ChildStreams.Inherited, ChildStreams.Inherited,
                null);
            return ChildProcess.Start(image, streams, out _) is { } problem ? call.Session.Fail(problem) : 0;
        }
    }

    public static int ExecFile(FileCall call)
    {
        if (Command(call, out var command) is { } missing) return call.Fail(missing);
        var file = call.Arguments[0];
        if (!FileText.Format(call, FileFlag.OutputType, file).Try(out var format, out var fault))
            return call.Fail(fault);
        if (!OpenFile.Open(call, file).Try(out var open, out fault)) return call.Fail(fault);
        SecretWriter text;
        using (open)
        {
            if (open.Decrypt() is { } wrong) return call.Fail(wrong with { File = wrong.File ?? file });
            if (!FileConfig.Style(call).Try(out var style, out fault)) return call.Fail(fault);
            if (!open.Tree!.Write(format, style).Try(out var written, out fault)) return call.Fail(fault);
            text = written;
        }
        using (text)
        {
            if (Account(call, out var account) is { } unknown) return call.Session.Fail(unknown);
            var name = call.Text(FileFlag.FileName) ?? "tmp-file";
            if (name.AsSpan().ContainsAny('/', '\\', '\0') || name is "." or "..")
                return call.Fail(SopsExit.Generic, "--filename is a name, not a path");
            using var folder = PrivateFolder.Create();
            var path = Path.Combine(folder.Path, name);
            return ExecFile(call, command, path, text, account);
        }
    }

    private static int ExecFile(FileCall call, IReadOnlyList<string> command, string path, SecretWriter text,
        UserAccount? account)
    {
        var pipe = !call.Has(FileFlag.NoFifo) && call.Text(FileFlag.FileName) is null;
        if (pipe) NamedPipe.Serve(path, text.WrittenMemory);
        else WritePrivate(path, text.WrittenSpan);
        account?.Own(Path.GetDirectoryName(path)!);
        account?.Own(path);
        using var plan = new EnvironmentPlan("", []);
        List<string> words = [.. command.Select(w => w.Replace("{}", path, StringComparison.Ordinal))];
        if (ProgramImage.Prepare(words, plan, Inheritance.All, out var image) is { } unrunnable)
            return call.Session.Fail(unrunnable);
        using (image)
        {
            if (account?.Become() is { } refused) return call.Session.Fail(refused);
            using var relay = new SignalRelay(MaskedRun.IsInForeground(), null);
            var streams = new ChildStreams(ChildStreams.Inherited, ChildStreams.Inherited, ChildStreams.Inherited,
                null);
            if (ChildProcess.Start(image, streams, out var child) is { } problem) return call.Session.Fail(problem);
            relay.Attach(child);
            return child.Wait();
        }
    }

    // What stands behind `--` is a program and its arguments; without it one text for the shell, as with sops.
    private static SopsFault? Command(FileCall call, out IReadOnlyList<string> command)
    {
        command = [];
        var rest = call.Arguments.Skip(1).ToList();
        if (call.Arguments.Count < 2)
            return new SopsFault(SopsExit.Generic, "missing file to decrypt, or the command to run");
        if (!call.SeparatedProgram && rest.Count != 1)
            return new SopsFault(SopsExit.Generic, "the command is one argument, or stands behind --: "
                + "exec-env FILE 'COMMAND', or exec-env FILE -- COMMAND ARGUMENT …");
        command = call.SeparatedProgram ? rest : ["/bin/sh", "-c", rest[0]];
        return null;
    }

    private static SopsFault? Fill(FileCall call, string file, EnvironmentPlan plan)
    {
        if (!OpenFile.Open(call, file).Try(out var open, out var fault)) return fault;
        using (open)
        {
            if (open.Decrypt() is { } wrong) return wrong with { File = wrong.File ?? file };
            if (!open.Tree!.ToVariables().Try(out var variables, out fault)) return fault with { File = file };
            foreach (var (name, value) in variables) plan.AddNamed(name, file, value);
            return null;
        }
    }

    private static Problem? Account(FileCall call, out UserAccount? account)
    {
        account = null;
        return call.Text(FileFlag.User) is { } name ? UserAccount.Find(name, out account) : null;
    }

    private static void WritePrivate(string path, ReadOnlySpan<byte> text)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var file = new FileStream(path, options);
        file.Write(text);
    }
}
