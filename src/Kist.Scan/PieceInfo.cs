namespace Kist.Scan;

/// <summary>The commit that brought a piece of content.</summary>
/// <param name="Id">The full object id, lower-case hex.</param>
/// <param name="Date">The author's date.</param>
/// <param name="Message">The whole message.</param>
public sealed record Commit(string Id, string Author, string Email, DateTimeOffset Date, string Message);

/// <summary>Where a piece of content comes from, and where in it the piece begins.</summary>
public sealed record PieceInfo
{
    /// <summary>
    /// The path as people see it, with slashes; what lies in an archive follows a <c>!</c>: <c>a.zip!b/.env</c>.
    /// Rules look at the file's name and folders.
    /// </summary>
    public required string Path { get; init; }

    /// <summary>The line at which the piece begins, from 1.</summary>
    public int FirstLine { get; init; } = 1;

    /// <summary>The column (bytes, from 1) at which the piece begins in its first line.</summary>
    public int FirstColumn { get; init; } = 1;

    /// <summary>The commit, where there is one.</summary>
    public Commit? Commit { get; init; }
}
