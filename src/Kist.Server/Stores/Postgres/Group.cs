using System.Text;
using Kist.Kernel.Stores;

namespace Kist.Server.Stores.Postgres;

/// <summary>
/// Batches that are committed by one transaction. Their guards are checked here, in their order, against the revisions
/// that the database gave under its lock and those that the batches before have made; so a batch that fails its guards
/// leaves nothing to undo. Built anew for each attempt.
/// </summary>
internal sealed class Group
{
    private readonly List<PendingCommit> _batches;
    private readonly Dictionary<string, byte[]> _looked = [];
    private readonly Dictionary<string, long> _revisions = [];
    private readonly Dictionary<string, (byte[]? Value, long Revision)> _results = [];
    private readonly List<Change> _changes = [];
    private readonly List<byte[]> _records = [];

    public Group(List<PendingCommit> batches)
    {
        _batches = batches;
        foreach (var pending in batches)
        {
            foreach (var guard in pending.Batch.Guards)
                _looked.TryAdd(guard.Key, Encoding.UTF8.GetBytes(guard.Key));
            // Whether a deleted key was there decides whether watchers hear of it.
            foreach (var write in pending.Batch.Writes)
            {
                if (write.Value is null)
                    _looked.TryAdd(write.Key, Encoding.UTF8.GetBytes(write.Key));
            }
        }
    }

    /// <summary>The keys whose revisions decide, in UTF-8.</summary>
    public byte[][] Looked => [.. _looked.Values];

    /// <summary>The revision before this group.</summary>
    public long Before { get; private set; }

    /// <summary>The revision of the group's last batch that writes.</summary>
    public long Last { get; private set; }

    /// <summary>
    /// The revision of the last batch that changed anything; 0: none did, because what they delete was not there.
    /// </summary>
    public long Changed => _changes.Count > 0 ? _changes[^1].Revision : 0;

    /// <summary>True when a batch writes.</summary>
    public bool Writes => Last > Before;

    /// <summary>For watchers, in the order of revisions.</summary>
    public IReadOnlyList<Change> Changes => _changes;

    /// <summary>The rows of the change log, from <see cref="Before"/> + 1 to <see cref="Last"/>.</summary>
    public byte[][] Records => [.. _records];

    public long[] Revisions => [.. Enumerable.Range(1, _records.Count).Select(i => Before + i)];

    /// <summary>What is to be put, each key once.</summary>
    public (byte[][] Keys, byte[][] Values, long[] Revisions) Puts()
    {
        var puts = _results.Where(result => result.Value.Value is not null).ToList();
        return ([.. puts.Select(put => Utf8(put.Key))], [.. puts.Select(put => put.Value.Value!)],
            [.. puts.Select(put => put.Value.Revision)]);
    }

    /// <summary>What is to be removed.</summary>
    public byte[][] Deletes() =>
        [.. _results.Where(result => result.Value.Value is null).Select(result => Utf8(result.Key))];

    /// <summary>Takes a key's revision as the database has it.</summary>
    public void Found(byte[] key, long revision) => _revisions[Encoding.UTF8.GetString(key)] = revision;

    /// <summary>Decides each batch and adds up what changes.</summary>
    public void Decide(long before)
    {
        Before = Last = before;
        foreach (var pending in _batches)
        {
            pending.Outcome = pending.Batch.Guards.All(guard => RevisionOf(guard.Key) == guard.Revision);
            if (pending.Outcome && pending.Batch.Writes.Count > 0)
                Apply(pending.Batch.Writes, ++Last);
        }
    }

    private void Apply(IReadOnlyList<Write> writes, long revision)
    {
        var record = new List<(byte[] Key, bool Deleted)>(writes.Count);
        foreach (var write in writes)
        {
            var isDelete = write.Value is null;
            if (!isDelete || RevisionOf(write.Key) != 0)
            {
                record.Add((Utf8(write.Key), isDelete));
                _changes.Add(new Change(write.Key, revision, isDelete));
            }
            _revisions[write.Key] = isDelete ? 0 : revision;
            _results[write.Key] = (write.Value?.ToArray(), revision);
        }
        _records.Add(ChangeRecord.Write(record));
    }

    private long RevisionOf(string key) => _revisions.GetValueOrDefault(key);

    private byte[] Utf8(string key) => _looked.TryGetValue(key, out var utf8) ? utf8 : Encoding.UTF8.GetBytes(key);
}
