using System.Diagnostics;
using System.Text;
using Kist.Formats.Sops;

namespace Kist.Cli.Files;

/// <summary>`git-setup` and what git calls then: values in clear in `git diff`, and merges value by value.</summary>
internal static class GitRuns
{
    private const string Driver = "kist";
    private static readonly string[] s_patterns = ["*.yaml", "*.yml", "*.json", "*.env", "*.ini"];

    public static int SetUp(FileCall call)
    {
        if (Git(out var top, "rev-parse", "--show-toplevel") != 0)
            return call.Fail(SopsExit.Generic, "this is no folder of a git repository", "git init, or go to one");
        (string, string)[] settings =
        [
            ($"diff.{Driver}.textconv", "kist file git-diff"),
            // A cache would keep the plaintext in the repository.
            ($"diff.{Driver}.cachetextconv", "false"),
            ($"merge.{Driver}.name", "merge of encrypted files, value by value"),
            ($"merge.{Driver}.driver", "kist file git-merge %O %A %B %P"),
        ];
        foreach (var (name, value) in settings)
            if (Git(out _, "config", "--local", name, value) != 0)
                return call.Fail(SopsExit.Generic, $"git does not take the setting {name}");
        var file = Path.Combine(top.Trim(), ".gitattributes");
        var lines = File.Exists(file) ? File.ReadAllLines(file).ToList() : [];
        var before = lines.Count;
        foreach (var pattern in call.Arguments.Count > 0 ? call.Arguments : s_patterns)
        {
            var line = $"{pattern.Replace(" ", "[[:space:]]", StringComparison.Ordinal)} diff={Driver} merge={Driver}";
            if (!lines.Contains(line)) lines.Add(line);
        }
        if (lines.Count > before
            && FileText.Write(file, Encoding.UTF8.GetBytes(string.Join('\n', lines) + "\n")) is { } fault)
            return call.Fail(fault);
        call.Screen.Remark(
            "git diff shows encrypted files in clear to who can decrypt, and git merge merges their values. "
            + "Commit .gitattributes; every clone runs kist file git-setup once");
        return 0;
    }

    /// <summary>The plaintext, for who can decrypt; else, and for files that are not encrypted, the file as it
    /// is.</summary>
    public static int Diff(FileCall call)
    {
        if (call.Arguments.Count != 1) return call.Fail(SopsExit.NoFile, "no file specified");
        var file = call.Arguments[0];
        if (FileText.Read(file, out var content) is { } unread) return call.Fail(unread);
        using (content)
        {
            if (Open(call, file, file).Try(out var open, out _))
            {
                using (open)
                    if (open.Tree!.Write(open.File.Format, new SopsStyle()).Try(out var text, out _))
                    {
                        using (text) call.Screen.Write(text.WrittenSpan);
                        return 0;
                    }
            }
            call.Screen.Write(content.WrittenSpan);
            return 0;
        }
    }

    /// <summary>Merges OURS and THEIRS, which came from BASE, into OURS. Git takes 1 for a conflict.</summary>
    public static int Merge(FileCall call)
    {
        if (call.Arguments is not [var origin, var ours, var theirs, var name])
            return call.Fail(SopsExit.Generic, "git-merge takes what git gives it: %O %A %B %P");
        if (!FileTree.IsEncrypted(ours, name) || !FileTree.IsEncrypted(theirs, name))
        {
            // Not ours: git's own merge, with its marks in the file.
            return Git(out _, "merge-file", "-L", "ours", "-L", "base", "-L", "theirs", ours, origin, theirs) == 0
                ? 0 : 1;
        }
        return FileMerge.Run(call, origin, ours, theirs, name);
    }

    /// <summary>Opens and decrypts a file under the name that tells its format.</summary>
    public static SopsOutcome<OpenFile> Open(FileCall call, string file, string name)
    {
        if (!OpenFile.Open(call, file, name).Try(out var open, out var fault)) return fault;
        if (open.Decrypt() is not { } wrong) return open;
        open.Dispose();
        return wrong;
    }

    private static int Git(out string output, params string[] arguments)
    {
        output = "";
        var start = new ProcessStartInfo("git", arguments)
        {
            RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false,
        };
        try
        {
            using var process = Process.Start(start)!;
            var errors = process.StandardError.ReadToEndAsync();
            output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            errors.GetAwaiter().GetResult();
            return process.ExitCode;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return 127;
        }
    }
}
