using System.Security.Cryptography;
using Kist.Kernel.Stores;
using Kist.Secrets;

namespace Kist.Kernel.Barrier;

/// <summary>What one attempt of a transaction has read and wants to write, whatever views it works on; and the loop
/// that makes attempts until one commits.</summary>
internal sealed class TransactionRun : IDisposable
{
    /// <summary>How often a body is run before its caller hears of the conflict.</summary>
    public const int MaxAttempts = 64;

    private const int LongestPauseMs = 20;
    private readonly Barrier _barrier;
    private readonly CancellationToken _ct;
    private readonly Dictionary<string, Entry?> _reads = [];
    private readonly Dictionary<string, long> _expected = [];
    private readonly SortedDictionary<string, SecretBuffer?> _writes = new(KeyOrder.Instance);
    private readonly List<IDisposable> _owned = [];
    private readonly EntryCache? _recent;
    private bool _usedRecent;
    private bool _ended;

    private TransactionRun(Barrier barrier, EntryCache? recent, CancellationToken ct) =>
        (_barrier, _recent, _ct) = (barrier, recent, ct);

    public static async ValueTask<T> UntilCommittedAsync<T>(
        Storage view, Func<Transaction, ValueTask<T>> body, CancellationToken ct)
    {
        for (var attempt = 1; attempt <= MaxAttempts; attempt++)
        {
            // The first attempt may go by what this node remembers, because its guards find out if that is old; what
            // fails, or writes nothing and so has no guards, is done again with what the store has.
            using var run = new TransactionRun(view.Barrier, attempt == 1 ? view.Barrier.Recent : null, ct);
            var result = await body(new Transaction(run, view.Prefix));
            if (await run.CommitAsync()) return result;
            await PauseAsync(attempt, ct);
        }
        throw new ConflictException($"a transaction under '{view.Prefix}' lost {MaxAttempts} times against others");
    }

    public void MustBeOf(Barrier barrier)
    {
        if (barrier != _barrier) throw new ArgumentException("a transaction cannot span two barriers");
    }

    public async ValueTask<Plain?> GetAsync(string key)
    {
        MustBeRunning();
        if (_writes.TryGetValue(key, out var written)) return written is null ? null : Own(CopyOf(written));
        if (!_reads.TryGetValue(key, out var entry))
        {
            _barrier.MustBeOpen();
            if (_recent?.TryGet(key, out entry) is true) _usedRecent = true;
            else entry = await _barrier.FetchAsync(key, _ct);
            _reads.Add(key, entry);
        }
        if (entry is not { } found) return null;
        return Own((await _barrier.DecryptAsync(key, found, _ct))!);
    }

    public void Write(string key, SecretBuffer? value)
    {
        if (value is not null) _owned.Add(value);
        MustBeRunning();
        if (value is not null && value.Length > Storage.MaxValueBytes)
            throw new BatchLimitException($"a value may have {Storage.MaxValueBytes} bytes, not {value.Length}");
        _writes[key] = value;
    }

    public void Expect(string key, long revision)
    {
        MustBeRunning();
        if (!_expected.TryAdd(key, revision) && _expected[key] != revision) throw Unexpected(key);
    }

    public async ValueTask<IReadOnlyList<string>> ScanAsync(string view, string prefix, string after, int limit)
    {
        MustBeRunning();
        var start = view + prefix;
        var cursor = after.Length == 0 ? "" : view + after;
        var own = _writes.Where(w => w.Key.StartsWith(start, StringComparison.Ordinal)
            && (cursor.Length == 0 || KeyOrder.Instance.Compare(w.Key, cursor) > 0)).ToList();
        // Each key deleted here may hide one that the store returns.
        var ask = limit <= 0 ? 0 : (int)Math.Min(int.MaxValue, (long)limit + own.Count(w => w.Value is null));
        var keys = new SortedSet<string>(KeyOrder.Instance);
        foreach (var key in await new Storage(_barrier, view).ScanAsync(prefix, after, ask, _ct)) keys.Add(view + key);
        foreach (var (key, value) in own)
        {
            if (value is null) keys.Remove(key);
            else keys.Add(key);
        }
        return [.. keys.Take(limit <= 0 ? int.MaxValue : limit).Select(key => key[view.Length..])];
    }

    public void Dispose()
    {
        _ended = true;
        foreach (var secret in _owned) secret.Dispose();
    }

    private async ValueTask<bool> CommitAsync()
    {
        _ended = true;
        if (_writes.Count == 0) return !_usedRecent;
        var batch = new Batch();
        foreach (var (key, revision) in _expected)
        {
            if (_reads.TryGetValue(key, out var read) && (read?.Revision ?? 0) != revision)
                return _usedRecent ? false : throw Unexpected(key);
            batch.Expect(key, revision);
        }
        foreach (var (key, entry) in _reads)
            if (!_expected.ContainsKey(key)) batch.Expect(key, entry?.Revision ?? 0);
        if (await _barrier.CommitAsync(batch, _writes, _ct)) return true;
        await ExpectationsMustHoldAsync();
        return false;
    }

    /// <summary>Running the body again mends what it read itself, not what it was told to expect.</summary>
    private async ValueTask ExpectationsMustHoldAsync()
    {
        foreach (var (key, revision) in _expected)
        {
            var entry = await _barrier.Store.GetAsync(key, _ct);
            if ((entry?.Revision ?? 0) != revision) throw Unexpected(key);
        }
    }

    private Plain Own(Plain plain)
    {
        _owned.Add(plain);
        return plain;
    }

    private void MustBeRunning()
    {
        if (_ended) throw new InvalidOperationException("the transaction has ended");
    }

    private static Plain CopyOf(SecretBuffer written)
    {
        var plain = new Plain(written.Length, 0);
        written.Span.CopyTo(plain.Writable);
        return plain;
    }

    private static ConflictException Unexpected(string key) =>
        new($"the stored entry '{key}' does not have the revision that was expected");

    /// <summary>Losers wait a random time that grows, so that they do not meet again.</summary>
    private static async ValueTask PauseAsync(int attempt, CancellationToken ct)
    {
        if (attempt <= 2) await Task.Yield();
        else await Task.Delay(RandomNumberGenerator.GetInt32(Math.Min(attempt, LongestPauseMs) + 1), ct);
    }
}
