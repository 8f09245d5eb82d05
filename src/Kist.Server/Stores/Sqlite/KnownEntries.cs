using System.Text;
using Kist.Kernel.Stores;

namespace Kist.Server.Stores.Sqlite;

/// <summary>
/// What is known of entries without asking SQLite: some are kept as they are (<see cref="EntryCache"/>), of others it
/// is known where they lie in the file (<see cref="RowPlaces"/>). One rule for both: what a read found is kept only if
/// no commit was under way since it began, and a commit forgets what it changed before anybody is told of it.
/// </summary>
internal sealed class KnownEntries
{
    private const int CachedBytes = 2 << 20;
    private const int MostOfPage = 64;

    // A read that finds its key here costs a tenth of one by SQLite, whose page cache each commit empties.
    private readonly EntryCache _entries = new(CachedBytes / 2, keepsOnSecondRead: true);

    private readonly RowPlaces _places = new();

    /// <summary>
    /// To be taken before the read whose outcome is kept: it changes when a commit begins and when one ends. The same
    /// for all keys, none of which is ever forgotten by itself.
    /// </summary>
    public long Epoch => _entries.EpochOf("");

    /// <inheritdoc cref="EntryCache.TryGet"/>
    public bool TryGet(string key, out Entry? entry) => _entries.TryGet(key, out entry);

    /// <inheritdoc cref="RowPlaces.TryGet"/>
    public bool TryGetPlace(long id, out RowPlace place) => _places.TryGet(id, out place);

    /// <inheritdoc cref="RowPlaces.Fit"/>
    public void Fit(long fileBytes)
    {
        lock (_entries.Gate) _places.Fit(fileBytes);
    }

    /// <summary>Keeps what a read of a key found that began at <paramref name="epoch"/>, if it still holds.</summary>
    public void Keep(string key, Entry? entry, long epoch) => _entries.Add(key, entry, epoch);

    /// <summary>
    /// Keeps where the rows of a page lie that a read which began at <paramref name="epoch"/> was given as the current
    /// one and that came from the file. False: a commit has begun since, so they are not kept; or most were kept
    /// already, and so probably are those of the pages behind it.
    /// </summary>
    /// <param name="page">The page.</param>
    /// <param name="at">Its place in the file.</param>
    /// <param name="read">The id of the row that was read; null: none of this page.</param>
    /// <param name="epoch">See <see cref="Epoch"/>.</param>
    public bool KeepPlaces(ReadOnlySpan<byte> page, long at, long? read, long epoch)
    {
        if (!_entries.IsCurrent("", epoch)) return false; // before the work; what counts is asked below
        Span<(long Id, RowPlace Place)> found = stackalloc (long, RowPlace)[Math.Min(LeafPage.Rows(page), MostOfPage)];
        var count = 0;
        var isKnown = IsKnown(page, at, read);
        if (isKnown && read is null) return false;
        for (var i = 0; i < found.Length; i++)
        {
            var range = LeafPage.Row(page, i);
            var row = page[range];
            if (!LeafPage.TryRead(row, out var rowKey, out _, out _)) continue;
            var id = RowId.Of(rowKey);
            if (isKnown && id != read) continue;
            found[count++] = (id, new(at + range.Start.Value, row.Length, RowPlaces.HashOf(row)));
        }
        lock (_entries.Gate)
        {
            if (!_entries.IsCurrent("", epoch)) return false;
            foreach (ref readonly var one in found[..count]) _places.Keep(one.Id, one.Place, wasRead: one.Id == read);
        }
        return !isKnown;
    }

    // A commit forgets single rows of a page, whose others are known then. One that was not read stands for them.
    private bool IsKnown(ReadOnlySpan<byte> page, long at, long? read)
    {
        for (var i = 0; i < Math.Min(LeafPage.Rows(page), 2); i++)
        {
            var range = LeafPage.Row(page, i);
            if (!LeafPage.TryRead(page[range], out var key, out _, out _)) return false;
            var id = RowId.Of(key);
            if (id != read) return _places.TryGet(id, out var place) && place.At == at + range.Start.Value;
        }
        return false;
    }

    /// <inheritdoc cref="EntryCache.Hold"/>
    public void Hold() => _entries.Hold();

    /// <inheritdoc cref="EntryCache.Release"/>
    public void Release(List<Change> changes)
    {
        Span<byte> key = stackalloc byte[Batch.MaxKeyBytes];
        foreach (var change in changes) _places.Forget(RowId.Of(key[..Encoding.UTF8.GetBytes(change.Key, key)]));
        _entries.Release(changes);
    }

    /// <inheritdoc cref="EntryCache.ReleaseUnknown"/>
    public void ReleaseUnknown()
    {
        _places.Clear();
        _entries.ReleaseUnknown();
    }

    /// <summary>Anything may have changed. Not while a commit is under way.</summary>
    public void Clear()
    {
        Hold();
        ReleaseUnknown();
    }
}
