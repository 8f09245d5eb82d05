using System.Globalization;
using System.Text;

namespace Kist.Scan.Sources;

/// <summary>One file of one commit that got a new content.</summary>
/// <param name="Content">The content it got.</param>
/// <param name="Before">What it had in the first parent; none when it is new.</param>
internal sealed record Change(Commit Commit, string Path, ObjectId Content, ObjectId Before);

/// <summary>Reads from <c>git log --raw</c> which commit brought which content where.</summary>
internal static class IntroductionLog
{
    private static readonly string[] s_arguments =
    [
        "log", "--topo-order", "--root", "-c", "--raw", "-z", "--no-abbrev", "-M", "--no-ext-diff",
        "--no-textconv", "--ignore-submodules=all", "--encoding=UTF-8",
        "--format=format:%x01%H%x02%an%x02%ae%x02%aI%x02%B%x02",
    ];

    /// <summary>The changes that bring one of the contents, children before parents.</summary>
    public static IEnumerable<Change> Changes(
        string? folder, IReadOnlyList<string> revisions, Func<ObjectId, bool> wanted, Action<string> failed)
    {
        using var git = GitProcess.StartWith(folder, revisions, s_arguments);
        var reader = new RecordReader(git.Output, (byte)0);
        byte[] header = [];
        Commit? commit = null;
        while (reader.Next() is { } record)
        {
            var raw = record.AsMemory();
            if (record is [1, ..])
            {
                var end = record.AsSpan().LastIndexOf((byte)2);
                (header, commit) = (record[..(end + 1)], null);
                raw = raw[(end + 1)..];
            }
            raw = raw.TrimStart("\n"u8);
            if (raw.Span is not [(byte)':', ..]) continue;
            if (reader.Next() is not { } path) break;
            // What was renamed or copied names two paths; in a merge only one.
            if (IsMove(raw.Span) && reader.Next() is { } target) path = target;
            if (!Parse(raw.Span, out var before, out var content) || !wanted(content)) continue;
            commit ??= CommitOf(header);
            yield return new Change(commit, Encoding.UTF8.GetString(path), content, before);
        }
        if (git.Finish() is { } failure) failed(failure);
    }

    // ":mode mode old new M", or in merges "::mode mode mode old old new MM".
    public static bool Parse(ReadOnlySpan<byte> raw, out ObjectId before, out ObjectId content)
    {
        (before, content) = (default, default);
        var parents = raw.IndexOfAnyExcept((byte)':');
        var at = 0;
        foreach (var range in raw.Split((byte)' '))
        {
            if (at == parents + 1 && !ObjectId.TryParse(raw[range], out before)) return false;
            if (at == 2 * parents + 1 && !ObjectId.TryParse(raw[range], out content)) return false;
            at++;
        }
        return at > 2 * parents + 1;
    }

    /// <summary>Whether a raw line ends with R or C and how alike the files are.</summary>
    public static bool IsMove(ReadOnlySpan<byte> raw) =>
        raw is not [(byte)':', (byte)':', ..]
            && raw[(raw.LastIndexOf((byte)' ') + 1)..] is [(byte)'R' or (byte)'C', ..];

    private static Commit CommitOf(ReadOnlySpan<byte> header)
    {
        var parts = Encoding.UTF8.GetString(header[1..]).Split('\u0002', 5);
        if (parts.Length < 5) return new Commit(parts[0], "", "", default, "");
        DateTimeOffset.TryParse(parts[3], CultureInfo.InvariantCulture, DateTimeStyles.None, out var date);
        return new Commit(parts[0], parts[1], parts[2], date, parts[4].TrimEnd('\u0002', '\n'));
    }
}
