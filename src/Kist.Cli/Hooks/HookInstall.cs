using System.Text;
using Kist.Cli.Output;
using Kist.Scan.Sources;

namespace Kist.Cli.Hooks;

/// <summary>Puts the hooks into a repository and takes them out again.</summary>
internal static class HookInstall
{
    private const string Mark = "# kist hook: refuses secrets. kist hook uninstall removes it.";
    private const string Kept = ".before-kist";
    private const string Begin = "# >>> kist hook >>>", End = "# <<< kist hook <<<";
    private static readonly string[] s_hooks = ["pre-commit", "pre-push"];

    private const UnixFileMode Executable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    public static int Install(Session session, Repository repository, string hooks, bool server, bool plain)
    {
        var done = new List<string>();
        if (server) InstallPlain(hooks, "pre-receive", done);
        else if (!plain && repository.Top is { } top && Directory.Exists(Path.Combine(top, ".husky")))
            foreach (var hook in s_hooks) InstallHusky(Path.Combine(top, ".husky", hook), hook, done);
        else if (!plain && repository.Top is { } folder && PreCommitFile(folder) is { } file)
            InstallFramework(file, done);
        else
            foreach (var hook in s_hooks) InstallPlain(hooks, hook, done);
        return Show(session, done);
    }

    public static int Uninstall(Session session, Repository repository, string hooks)
    {
        var done = new List<string>();
        foreach (var hook in (ReadOnlySpan<string>)["pre-commit", "pre-push", "pre-receive"])
        {
            UninstallPlain(hooks, hook, done);
            if (repository.Top is { } top) UninstallHusky(Path.Combine(top, ".husky", hook), done);
        }
        if (repository.Top is { } folder && PreCommitFile(folder) is { } file) UninstallFramework(file, done);
        if (done.Count == 0) session.Screen.Remark("There was no hook of kist here");
        return Show(session, done);
    }

    /// <summary>Whether a hook of kist runs before commits.</summary>
    public static bool IsInstalled(Repository repository, string hooks) =>
        IsOurs(Path.Combine(hooks, "pre-commit"))
        || (repository.Top is { } top && (Contains(Path.Combine(top, ".husky", "pre-commit"), Begin)
            || (PreCommitFile(top) is { } file && Contains(file, Begin))));

    private static int Show(Session session, List<string> done)
    {
        foreach (var line in done) session.Screen.Remark(line);
        if (!session.Json) return 0;
        using var body = new JsonBody();
        session.Screen.Line(body.With("done", done.ToArray()).Close());
        return 0;
    }

    private static string? PreCommitFile(string top)
    {
        foreach (var name in (ReadOnlySpan<string>)[".pre-commit-config.yaml", ".pre-commit-config.yml"])
            if (File.Exists(Path.Combine(top, name))) return Path.Combine(top, name);
        return null;
    }

    private static void InstallPlain(string hooks, string hook, List<string> done)
    {
        Directory.CreateDirectory(hooks);
        var file = Path.Combine(hooks, hook);
        var kept = file + Kept;
        if (Path.Exists(file) && !IsOurs(file))
        {
            if (Path.Exists(kept))
                throw new IOException($"{file} and {kept} are both there: remove the one that is not needed");
            File.Move(file, kept);
            done.Add($"Kept {hook}, which was there: it runs before ours");
        }
        Save(file, Script(hook));
        done.Add($"Installed {file}");
    }

    private static void UninstallPlain(string hooks, string hook, List<string> done)
    {
        var file = Path.Combine(hooks, hook);
        if (!IsOurs(file)) return;
        File.Delete(file);
        done.Add($"Removed {file}");
        if (!Path.Exists(file + Kept)) return;
        File.Move(file + Kept, file);
        done.Add($"Put back the {hook} that was there before");
    }

    // The program by its path, because hooks run with any PATH; without it nothing may pass unseen.
    private static string Program => Quoted(Environment.ProcessPath ?? "kist");

    private static string Quoted(string path) => "'" + path.Replace("'", "'\\''") + "'";

    private static string Call(string hook, string indent) => $"""
        kist={Program}
        [ -x "$kist" ] || kist=$(command -v kist) || kist=
        if [ -z "$kist" ]; then
          echo 'kist, which looks for secrets here, is not installed: install it, or remove this hook' >&2
          exit 1
        fi
        """.Replace("\n", "\n" + indent) + $"\n{indent}";

    // What git says on standard input is read by both hooks, so it is kept. pre-commit gets none.
    private static string Script(string hook)
    {
        var call = Call(hook, "");
        return hook == "pre-commit" ? $"""
            #!/bin/sh
            {Mark}
            before=$0{Kept}
            if [ -x "$before" ]; then "$before" "$@" || exit $?; fi
            {call}exec "$kist" hook run {hook} -- "$@"

            """ : $"""
            #!/bin/sh
            {Mark}
            before=$0{Kept}
            lines=$(cat)
            if [ -x "$before" ]; then printf '%s\n' "$lines" | "$before" "$@" || exit $?; fi
            [ -n "$lines" ] || exit 0
            {call}printf '%s\n' "$lines" | "$kist" hook run {hook} -- "$@"

            """;
    }

    private static void InstallHusky(string file, string hook, List<string> done)
    {
        var text = Without(File.Exists(file) ? File.ReadAllText(file) : "");
        if (text.Length > 0 && text[^1] != '\n') text += "\n";
        // Teams share this file, so the program is found by its name.
        text += $"{Begin}\nkist hook run {hook} -- \"$@\" || exit $?\n{End}\n";
        Save(file, text);
        done.Add($"Added to {file}: commit it");
    }

    private static void UninstallHusky(string file, List<string> done)
    {
        if (!Contains(file, Begin)) return;
        var text = Without(File.ReadAllText(file));
        if (text.Trim().Length == 0) File.Delete(file);
        else Save(file, text);
        done.Add($"Removed from {file}");
    }

    private static void InstallFramework(string file, List<string> done)
    {
        var lines = Without(File.ReadAllText(file)).Split('\n').ToList();
        var at = lines.FindIndex(line => line.TrimEnd() is "repos:" or "repos: []");
        if (at < 0) throw new IOException($"{file} has no list repos: to add to (--plain installs git's own hooks)");
        lines[at] = "repos:";
        var next = lines.Skip(at + 1).FirstOrDefault(line => line.TrimStart().StartsWith('-')) ?? "";
        var indent = next[..^next.TrimStart().Length];
        string[] entry =
        [
            $"{indent}{Begin}",
            $"{indent}- repo: local",
            $"{indent}  hooks:",
            $"{indent}    - id: kist",
            $"{indent}      name: secrets (kist)",
            $"{indent}      entry: kist hook run pre-commit",
            $"{indent}      language: system",
            $"{indent}      pass_filenames: false",
            $"{indent}      always_run: true",
            $"{indent}{End}",
        ];
        lines.InsertRange(at + 1, entry);
        Save(file, string.Join('\n', lines));
        done.Add($"Added to {file}: commit it, and have pre-commit install run in each clone");
    }

    private static void UninstallFramework(string file, List<string> done)
    {
        if (!Contains(file, Begin)) return;
        Save(file, Without(File.ReadAllText(file)));
        done.Add($"Removed from {file}");
    }

    private static string Without(string text)
    {
        var kept = new List<string>();
        var inside = false;
        foreach (var line in text.Split('\n'))
        {
            if (line.Trim() == Begin) inside = true;
            if (!inside) kept.Add(line);
            if (line.Trim() == End) inside = false;
        }
        return string.Join('\n', kept);
    }

    private static bool IsOurs(string file) => Contains(file, Mark);

    private static bool Contains(string file, string mark) =>
        File.Exists(file) && new FileInfo(file).Length < 1 << 20
        && File.ReadAllText(file, Encoding.UTF8).Contains(mark, StringComparison.Ordinal);

    private static void Save(string file, string text)
    {
        var isNew = !File.Exists(file);
        using (var replaced = new ReplacedFile(file))
        {
            replaced.Write(Encoding.UTF8.GetBytes(text));
            replaced.Commit();
        }
        if (!OperatingSystem.IsWindows() && (isNew || text.StartsWith("#!", StringComparison.Ordinal))
            && !file.EndsWith("ml", StringComparison.Ordinal))
            File.SetUnixFileMode(file, Executable);
    }
}
