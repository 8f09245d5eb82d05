namespace Kist.Scan.Sources;

/// <summary>Where a git repository is.</summary>
/// <param name="Folder">Where git is run; null: where this process is, in the repository of the environment.</param>
/// <param name="Top">The top of the working tree; null for a bare one.</param>
/// <param name="CommonDirectory">The folder that all its worktrees share.</param>
/// <param name="IsShallow">Whether older commits are missing.</param>
public sealed record Repository(string? Folder, string? Top, string CommonDirectory, bool IsShallow)
{
    /// <summary>The repository that a folder lies in; throws <see cref="GitException"/> where there is none.</summary>
    public static Repository Open(string? folder)
    {
        using var git = GitProcess.Start(folder, input: false,
            "rev-parse", "--is-bare-repository", "--is-shallow-repository", "--git-common-dir", "--show-toplevel");
        using var reader = new StreamReader(git.Output);
        var lines = reader.ReadToEnd().Split('\n');
        var failure = git.Finish();
        if (lines.Length < 4) throw new GitException(failure ?? "git gave no answer");
        var common = Path.GetFullPath(lines[2], Path.GetFullPath(folder ?? "."));
        return new Repository(folder, lines[0] == "true" || lines[3].Length == 0 ? null : lines[3],
            common, lines[1] == "true");
    }

    /// <summary>Where git looks for hooks, also by <c>core.hooksPath</c>.</summary>
    public string HooksFolder()
    {
        var path = GitProcess.Ask(Folder, "rev-parse", "--git-path", "hooks")
            ?? throw new GitException("git does not say where its hooks are");
        return Path.GetFullPath(path, Path.GetFullPath(Folder ?? "."));
    }

    /// <summary>A file as the branch that HEAD names has it; null where it has none.</summary>
    public static string? ReadCommitted(string path) => GitProcess.Ask(null, "cat-file", "blob", "HEAD:" + path);

    /// <summary>The files that git keeps, of those that <paramref name="patterns"/> name; empty where none
    /// are.</summary>
    public IReadOnlyList<string> Tracked(params ReadOnlySpan<string> patterns) =>
        (GitProcess.Ask(Top ?? Folder, ["ls-files", "-z", "--", .. patterns]) ?? "")
            .Split('\0', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Whether git would leave a file out.</summary>
    public bool Ignores(string path) =>
        GitProcess.Ask(Top ?? Folder, "check-ignore", "--", path) is { Length: > 0 };

    /// <summary>Whether a folder lies in the working tree of a repository.</summary>
    public static bool Holds(string folder)
    {
        for (var at = Path.GetFullPath(folder); at is not null; at = Path.GetDirectoryName(at))
            if (IsTop(at)) return true;
        return false;
    }

    /// <summary>Whether a folder is the top of a working tree.</summary>
    public static bool IsTop(string folder)
    {
        var git = Path.Combine(folder, ".git");
        return Directory.Exists(git) || File.Exists(git);
    }

    /// <summary>The top of the working tree that holds a folder; null where there is none.</summary>
    public static string? TopOf(string folder)
    {
        for (var at = Path.GetFullPath(folder); at is not null; at = Path.GetDirectoryName(at))
            if (IsTop(at)) return at;
        return null;
    }
}
