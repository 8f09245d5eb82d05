namespace Kist.Scan.Sources;

/// <summary>Something that should have been scanned and could not be.</summary>
/// <param name="Path">The file, object or archive entry.</param>
/// <param name="Reason">Why, in a few words.</param>
public sealed record Unread(string Path, string Reason);

/// <summary>What a scan has seen so far. Any number of threads count into it.</summary>
public sealed class Tally
{
    private const int KeptUnread = 1000;
    private readonly Lock _lock = new();
    private readonly List<Unread> _unread = [];
    private readonly List<string> _notes = [];
    private long _files, _bytes, _commits, _passedOver, _unreadCount;

    /// <summary>Files (or versions of files) whose content was scanned.</summary>
    public long Files => Interlocked.Read(ref _files);

    /// <summary>Bytes of content that were scanned.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Commits that were looked through.</summary>
    public long Commits => Interlocked.Read(ref _commits);

    /// <summary>Files left out by rule: binary content, vendored folders.</summary>
    public long PassedOver => Interlocked.Read(ref _passedOver);

    /// <summary>How much could not be read, also beyond what <see cref="Unread"/> keeps.</summary>
    public long UnreadCount => Interlocked.Read(ref _unreadCount);

    /// <summary>The first thousand things that could not be read.</summary>
    public IReadOnlyList<Unread> Unread
    {
        get { lock (_lock) return [.. _unread]; }
    }

    /// <summary>What the reader of a report should know and what is no failure: a history that is cut off.</summary>
    public IReadOnlyList<string> Notes
    {
        get { lock (_lock) return [.. _notes]; }
    }

    internal void AddFile() => Interlocked.Increment(ref _files);

    internal void AddFiles(long count) => Interlocked.Add(ref _files, count);

    internal void AddBytes(long count) => Interlocked.Add(ref _bytes, count);

    internal void AddCommits(long count) => Interlocked.Add(ref _commits, count);

    internal void PassOver(long count = 1) => Interlocked.Add(ref _passedOver, count);

    internal void CannotRead(string path, string reason)
    {
        lock (_lock)
        {
            // One reason is enough: a cut archive may be noticed by each of its layers.
            if (_unread.Exists(u => u.Path == path)) return;
            _unreadCount++;
            if (_unread.Count < KeptUnread) _unread.Add(new Unread(path, reason));
        }
    }

    internal void Note(string text)
    {
        lock (_lock)
        {
            if (!_notes.Contains(text)) _notes.Add(text);
        }
    }
}
