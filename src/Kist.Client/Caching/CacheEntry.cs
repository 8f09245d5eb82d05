namespace Kist.Client.Caching;

/// <summary>
/// What is known of one version of one path: a secret, or that there is none. Loaded by one at a time, whoever asks
/// meanwhile waits for the same answer; a change that is told while it is loaded makes it load again.
/// </summary>
internal sealed class CacheEntry(string path, long? version, CacheLoader loader)
{
    private readonly Lock _gate = new();
    private readonly List<Action> _watchers = [];
    private KistSecret? _value;
    private bool _isLoaded;
    private long _loadedAt;
    private long _checkedAt;
    private Freshness _fresh;
    private bool _isToldWrong;
    private int _changes;
    private Task<KistSecret?>? _loading;

    /// <summary>Mount and path.</summary>
    public string Path => path;

    /// <summary>Whether anybody wants to be told of changes.</summary>
    public bool IsWatched
    {
        get { lock (_gate) return _watchers.Count > 0; }
    }

    /// <summary>Whether it was ever read.</summary>
    public bool IsLoaded
    {
        get { lock (_gate) return _isLoaded; }
    }

    /// <summary>What was read last, however old.</summary>
    public KistSecret? Value
    {
        get { lock (_gate) return _value; }
    }

    /// <summary>Whether it stands in for what cannot be read now.</summary>
    public bool IsStandIn { get; private set; }

    /// <summary>The secret (null: there is none) as far as it is known and fresh.</summary>
    public bool TryGetFresh(out KistSecret? secret)
    {
        lock (_gate)
        {
            secret = _value;
            return IsFresh;
        }
    }

    /// <summary>
    /// The secret as it was known, if it may stand in and nobody said that it is another one by now.
    /// </summary>
    public bool TryGetKnown(out KistSecret? secret)
    {
        lock (_gate)
        {
            secret = _value;
            return _isLoaded && !_isToldWrong && loader.Clock.GetElapsedTime(_loadedAt) < loader.StaleFor;
        }
    }

    /// <summary>The secret, loaded if need be.</summary>
    public Task<KistSecret?> GetAsync()
    {
        lock (_gate)
        {
            if (IsFresh) return Task.FromResult(_value);
            return _loading ??= Task.Run(LoadAsync);
        }
    }

    /// <summary>What was remembered may be wrong; whoever asks from now on gets it read again.</summary>
    public void Invalidate()
    {
        lock (_gate)
        {
            _changes++;
            (_fresh, _isToldWrong) = (default, true);
        }
    }

    /// <summary>
    /// As <see cref="Invalidate"/>, unless <paramref name="refused"/> is no longer what is remembered, or is being read
    /// again: when many are refused at once, one reading is for all of them, and none makes it begin anew.
    /// </summary>
    public void Doubt(KistSecret? refused)
    {
        lock (_gate)
            if ((refused?.IsSameAs(_value) ?? _value is null) && !_isToldWrong) Invalidate();
    }

    /// <summary>Calls <paramref name="changed"/> after each change that was read, until it is disposed.</summary>
    public IDisposable Watch(Action changed)
    {
        lock (_gate) _watchers.Add(changed);
        return new Watcher(this, changed);
    }

    private bool IsFresh => _isLoaded && loader.Clock.GetElapsedTime(_checkedAt) < loader.Now(_fresh);

    private async Task<KistSecret?> LoadAsync()
    {
        await loader.SettledAsync();
        while (true)
        {
            int changes;
            lock (_gate) changes = _changes;
            KistSecret? secret;
            Freshness fresh;
            try
            {
                (secret, fresh) = await loader.LoadAsync(path, version);
                IsStandIn = false;
            }
            catch (Exception e)
            {
                lock (_gate)
                {
                    _loading = null;
                    if (!MayStandIn(e)) throw;
                    (IsStandIn, _isToldWrong) = (true, false);
                    (_checkedAt, _fresh) = (loader.Clock.GetTimestamp(), loader.Again);
                }
                loader.ToldStale(path, e);
                return _value;
            }
            Action[] watchers;
            lock (_gate)
            {
                if (changes != _changes) continue;
                var isChanged = _isLoaded && !(secret?.IsSameAs(_value) ?? _value is null);
                (_value, _isLoaded, _fresh, _isToldWrong, _loading) = (secret, true, fresh, false, null);
                _loadedAt = _checkedAt = loader.Clock.GetTimestamp();
                watchers = isChanged ? [.. _watchers] : [];
            }
            foreach (var watcher in watchers) loader.Tell(path, watcher);
            return secret;
        }
    }

    private bool MayStandIn(Exception e) =>
        _isLoaded && e is KistException { IsTransient: true }
        && loader.Clock.GetElapsedTime(_loadedAt) < loader.StaleFor;

    private sealed class Watcher(CacheEntry entry, Action changed) : IDisposable
    {
        public void Dispose()
        {
            lock (entry._gate) entry._watchers.Remove(changed);
        }
    }
}
