using System.Collections.Concurrent;
using Kist.Client.Events;
using Kist.Client.Http;
using Kist.Client.References;
using Kist.Secrets;

namespace Kist.Client.Caching;

/// <summary>
/// The secrets that this process uses: each read once, told of by the server when it changes, and kept through times
/// without a server. One for the whole process; safe for any number of threads.
/// </summary>
public sealed class SecretCache : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<(string Path, long Version), CacheEntry> _entries = new();
    private readonly ConcurrentDictionary<string, ConcurrentBag<CacheEntry>> _byPath = new(StringComparer.Ordinal);
    private readonly KistClientOptions _options;
    private readonly CacheLoader _loader;
    private readonly ChangeFeed? _feed;
    private readonly CancellationTokenSource _end = new();
    private readonly Lock _starting = new();
    private Task? _looking;

    internal SecretCache(KistClient client, KistClientOptions options)
    {
        _options = options;
        _feed = options.Push ? new ChangeFeed(client, options) : null;
        _loader = new CacheLoader(client, options, new MountMap(client), _feed);
    }

    /// <summary>Whether the server pushes changes to this process now.</summary>
    public bool IsPushed => _feed?.IsLive == true;

    /// <summary>Whether anything was read that may stand in.</summary>
    internal bool HasAny => _entries.Values.Any(e => e.IsLoaded);

    /// <summary>How many secrets are older than they should be, because the server is away.</summary>
    public int StandInCount => _entries.Values.Count(e => e.IsStandIn);

    /// <summary>The secret of a path; null when there is none. Throws <see cref="KistException"/> when it cannot be
    /// read and was not read before.</summary>
    /// <param name="path">Mount and path as one: <c>prod/database</c>.</param>
    /// <param name="version">The number of the version; null: the newest.</param>
    public async ValueTask<KistSecret?> FindAsync(string path, long? version = null, CancellationToken ct = default)
    {
        var entry = Entry(path, version);
        if (entry.TryGetFresh(out var secret)) return secret;
        var loading = entry.GetAsync();
        if (!entry.TryGetKnown(out var known)) return await loading.WaitAsync(ct);
        try
        {
            return await loading.WaitAsync(s_patience, _options.Clock, ct);
        }
        catch (TimeoutException)
        {
            // The server is slow or away: what was known stands in while the reading goes on.
            return known;
        }
    }

    /// <summary>As <see cref="FindAsync"/>; throws <see cref="KistException"/> when there is none.</summary>
    public async ValueTask<KistSecret> GetAsync(string path, long? version = null, CancellationToken ct = default) =>
        await FindAsync(path, version, ct) ?? throw Absent(path, version);

    /// <summary>The value of a reference as text, for the caller to dispose. A text that is none throws
    /// <see cref="KistException"/>, which names the place and not the text.</summary>
    public async ValueTask<Secret<string>> GetTextAsync(string reference, CancellationToken ct = default) =>
        Secret.OfText(await GetBytesAsync(Parse(reference), ct));

    /// <summary>The value of a reference, for the caller to dispose.</summary>
    public async ValueTask<SecretBytes> GetBytesAsync(KistReference reference, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(reference);
        return BytesOf(reference, await FindAsync(reference.Path, reference.Version, ct));
    }

    /// <summary>The value of a reference in the secret that it names (null: there is none).</summary>
    internal static SecretBytes BytesOf(KistReference reference, KistSecret? secret)
    {
        if (secret is not null && secret.TryGet(reference.Field, out var value)) return value;
        if (reference.Default is { } otherwise) return SecretBytes.FromText(otherwise);
        return secret?.Bytes(reference.Field) ?? throw Absent(reference.Path, reference.Version);
    }

    /// <summary>The text with each reference in it replaced by its value; a text without any is returned as it is.
    /// </summary>
    public async ValueTask<string> FillAsync(string text, CancellationToken ct = default)
    {
        if (!ReferenceText.MayHold(text)) return text;
        if (!ReferenceText.TryParse(text, out var parsed, out var fault))
            throw new KistException(KistFailure.Reference, $"a reference is not written as one: {fault}");
        return await FillAsync(parsed, ct);
    }

    /// <summary>The text with each reference in it replaced by its value.</summary>
    public async ValueTask<string> FillAsync(ReferenceText parsed, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(parsed);
        var values = new Dictionary<KistReference, string>();
        foreach (var reference in parsed.References.Distinct())
        {
            using var value = await GetBytesAsync(reference, ct);
            values[reference] = value.RevealText();
        }
        return parsed.Fill(reference => values[reference]);
    }

    /// <summary>
    /// Calls <paramref name="changed"/> after each change of the newest version of <paramref name="path"/>, when the
    /// new one is here already; until it is disposed. Begins with the first reading.
    /// </summary>
    public IDisposable Watch(string path, Action changed)
    {
        ArgumentNullException.ThrowIfNull(changed);
        return Entry(path, null).Watch(changed);
    }

    /// <summary>Has a path read again when it is asked for the next time: what it gave was refused.</summary>
    public void Invalidate(string path)
    {
        if (!_byPath.TryGetValue(path, out var entries)) return;
        foreach (var entry in entries) entry.Invalidate();
    }

    /// <summary>What was read last, however old; null: nothing, or that there is none. Reads nothing.</summary>
    internal KistSecret? Known(KistReference reference) =>
        _entries.GetValueOrDefault((reference.Path, reference.Version ?? 0))?.Value;

    /// <summary>Has a path read again when it is asked for the next time, unless that was done since
    /// <paramref name="refused"/> was what it gave.</summary>
    internal void Doubt(KistReference reference, KistSecret? refused) =>
        Entry(reference.Path, reference.Version).Doubt(refused);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        if (_feed is not null) await _feed.DisposeAsync();
        if (_looking is { } looking) await looking.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    internal static KistReference Parse(string reference) =>
        KistReference.TryParse(reference, out var parsed, out var fault) ? parsed
            : throw new KistException(KistFailure.Reference, $"a reference is not written as one: {fault}");

    /// <summary>Ends when it is known whether the server pushes changes.</summary>
    internal Task SettledAsync()
    {
        Start();
        return _feed?.Settled ?? Task.CompletedTask;
    }

    private static KistException Absent(string path, long? version) => new(KistFailure.NotFound,
        $"there is no secret {path}{(version is { } number ? $" of version {number}" : "")}");

    private CacheEntry Entry(string path, long? version)
    {
        if (_entries.TryGetValue((path, version ?? 0), out var known)) return known;
        var clean = ApiPath.Join(path);
        Start();
        return _entries.GetOrAdd((path, version ?? 0), _ =>
        {
            var entry = new CacheEntry(clean, version, _loader);
            _byPath.GetOrAdd(clean, static _ => []).Add(entry);
            return entry;
        });
    }

    private void Start()
    {
        lock (_starting)
        {
            if (_looking is not null) return;
            ObjectDisposedException.ThrowIf(_end.IsCancellationRequested, this);
            _looking = Task.Run(LookForEverAsync);
            _feed?.Start(Told);
        }
    }

    private void Told(ToldEvent change)
    {
        if (change.Kind is not ToldKind.Change)
        {
            foreach (var entry in _entries.Values)
            {
                if (entry.IsWatched) Refresh(entry);
                else entry.Invalidate();
            }
            return;
        }
        Touch(change.Path);
        // kv version 2: the secret a/b lies at a/data/b.
        var mount = change.Mount;
        var below = change.Path.StartsWith(mount, StringComparison.Ordinal) ? change.Path[mount.Length..] : "";
        if (below.IndexOf('/') is > 0 and var slash) Touch(mount + below[(slash + 1)..]);
    }

    private void Touch(string path)
    {
        if (!_byPath.TryGetValue(path, out var entries)) return;
        foreach (var entry in entries) Refresh(entry);
    }

    // Read at once, and not when somebody asks: the asker shall not wait for it.
    private static void Refresh(CacheEntry entry)
    {
        entry.Invalidate();
        _ = entry.GetAsync().ContinueWith(static t => _ = t.Exception, TaskScheduler.Default);
    }

    /// <summary>What somebody watches is read again when its time is over, without anybody asking.</summary>
    private async Task LookForEverAsync()
    {
        var pause = TimeSpan.FromTicks(Math.Clamp(
            _options.CacheFor.Ticks / 4, TimeSpan.FromMilliseconds(100).Ticks, TimeSpan.FromSeconds(5).Ticks));
        while (true)
        {
            await Task.Delay(pause, _options.Clock, _end.Token);
            foreach (var entry in _entries.Values)
                if (entry.IsWatched && !entry.TryGetFresh(out _))
                    _ = entry.GetAsync().ContinueWith(static t => _ = t.Exception, TaskScheduler.Default);
        }
    }
}
