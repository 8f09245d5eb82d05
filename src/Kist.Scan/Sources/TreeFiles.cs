using System.Text;

namespace Kist.Scan.Sources;

/// <summary>The files below a folder: those that git knows or would take, or all of them where there is no
/// git.</summary>
internal sealed class TreeFiles(ScanContext context, bool asGit)
{
    private const int MaxDepth = 400;

    /// <summary>Paths as bytes, relative to <paramref name="root"/> (which ends without a slash).</summary>
    public IEnumerable<byte[]> Below(string root)
    {
        if (!asGit || !Repository.Holds(root)) return Walk(Encoding.UTF8.GetBytes(root), [], 0);
        return Listed(root, Encoding.UTF8.GetBytes(root), []);
    }

    // git itself says what is ignored: nested .gitignore files, info/exclude and core.excludesFile, and that a file
    // which is tracked is never ignored.
    private IEnumerable<byte[]> Listed(string folder, byte[] root, byte[] prefix)
    {
        var count = 0L;
        var hasModules = File.Exists(Path.Combine(folder, ".gitmodules"));
        using var git = StartList(folder, out var failure);
        if (git is not null)
        {
            var reader = new RecordReader(git.Output, (byte)0);
            var last = Array.Empty<byte>();
            while (reader.Next() is { } name)
            {
                // A file in conflict is listed once for each side.
                if (name.AsSpan().SequenceEqual(last)) continue;
                last = name;
                count++;
                var path = Joined(prefix, name);
                if (!IsFolder(root, path, name, hasModules, out var below)) yield return path;
                else foreach (var inner in Nested(root, below)) yield return inner;
            }
            failure = git.Finish();
        }
        if (failure is null && (count > 0 || !IsIgnored(folder))) yield break;
        if (failure is not null)
            context.Tally.Note($"every file is scanned, also ignored ones: {Printed(failure)}");
        if (count > 0) yield break;
        foreach (var path in Walk(root, prefix, 0)) yield return path;
    }

    private static GitProcess? StartList(string folder, out string? failure)
    {
        failure = null;
        try
        {
            return GitProcess.Start(folder, input: false,
                "ls-files", "-z", "--cached", "--others", "--exclude-standard");
        }
        catch (GitException e)
        {
            failure = e.Message;
            return null;
        }
    }

    // A folder that was named although git ignores it is meant.
    private static bool IsIgnored(string folder)
    {
        using var git = GitProcess.Start(folder, input: false, "check-ignore", "-q", ".");
        return git.Finish() is null;
    }

    private static string Printed(string failure) =>
        failure.StartsWith("fatal: ", StringComparison.Ordinal) ? failure["fatal: ".Length..] : failure;

    // A repository within the tree: one of its own ends with a slash, a submodule looks like a file.
    private static bool IsFolder(byte[] root, byte[] path, byte[] name, bool hasModules, out byte[] below)
    {
        below = path;
        if (name is [.., (byte)'/'])
        {
            below = path[..^1];
            return true;
        }
        // Asking for each file would take time; names of folders without a .gitmodules seldom have a dot.
        var hasEnding = name.AsSpan().LastIndexOf((byte)'.') > name.AsSpan().LastIndexOf((byte)'/');
        return (hasModules || !hasEnding)
            && Posix.Kind(Joined(root, "/"u8, path)) == FileKind.Folder;
    }

    private IEnumerable<byte[]> Nested(byte[] root, byte[] below)
    {
        if (!context.Limits.Everything
            && SkippedPaths.IsFolder(below.AsSpan(below.AsSpan().LastIndexOf((byte)'/') + 1)))
            return [];
        var folder = Encoding.UTF8.GetString(Joined(root, "/"u8, below));
        return below.AsSpan().Count((byte)'/') < MaxDepth && Repository.IsTop(folder)
            ? Listed(folder, root, Joined(below, "/"u8, []))
            : Walk(root, Joined(below, "/"u8, []), 0);
    }

    private IEnumerable<byte[]> Walk(byte[] root, byte[] prefix, int depth)
    {
        var shown = Encoding.UTF8.GetString(Joined(root, "/"u8, prefix));
        if (depth > MaxDepth)
        {
            context.Tally.CannotRead(shown, "folders lie too deep in each other");
            yield break;
        }
        using var folder = Posix.Open(Joined(root, "/"u8, prefix), folder: true, follow: depth == 0, out var error);
        if (folder is null)
        {
            context.Tally.CannotRead(shown, Posix.Message(error));
            yield break;
        }
        foreach (var (name, known) in Posix.Names(folder))
        {
            var path = Joined(prefix, name);
            var kind = known ?? Posix.Kind(Joined(root, "/"u8, path));
            if (kind == FileKind.Regular) yield return path;
            if (kind != FileKind.Folder) continue;
            if (!context.Limits.Everything && SkippedPaths.IsFolder(name)) continue;
            foreach (var inner in Walk(root, Joined(path, "/"u8, []), depth + 1)) yield return inner;
        }
    }

    private static byte[] Joined(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        var joined = new byte[a.Length + b.Length];
        a.CopyTo(joined);
        b.CopyTo(joined.AsSpan(a.Length));
        return joined;
    }

    private static byte[] Joined(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b, ReadOnlySpan<byte> c)
    {
        var joined = new byte[a.Length + b.Length + c.Length];
        a.CopyTo(joined);
        b.CopyTo(joined.AsSpan(a.Length));
        c.CopyTo(joined.AsSpan(a.Length + b.Length));
        return joined;
    }
}
