using Kist.Client.References;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Primitives;

namespace Kist.Client.Configuration;

/// <summary>
/// Puts a value over each setting whose text holds references, and over the sections that secrets are mapped to. When a
/// secret or an earlier setting changes, all is looked at again, and a reload is told once if anything is different.
/// </summary>
internal sealed class KistConfigurationProvider(
    KistClient client, KistConfigurationOptions options, Func<IEnumerable<IConfigurationProvider>> all)
    : ConfigurationProvider, IDisposable
{
    private readonly SemaphoreSlim _gate = new(1);
    private readonly Dictionary<string, IDisposable> _watched = new(StringComparer.Ordinal);
    private readonly List<IDisposable> _earlier = [];
    private readonly CancellationTokenSource _end = new();
    private int _asked;
    private bool _isLoaded;

    /// <summary>Reads everything. Throws <see cref="KistException"/> when that is not possible; an optional one tries
    /// again in the background.</summary>
    public override void Load()
    {
        // On a thread of its own: a caller with a synchronization context would wait for itself.
        Task.Run(LoadAsync).GetAwaiter().GetResult();
    }

    public void Dispose()
    {
        _end.Cancel();
        foreach (var watch in _watched.Values.Concat(_earlier)) watch.Dispose();
    }

    public override string ToString() => "Kist";

    private async Task LoadAsync()
    {
        try
        {
            await RefreshAsync();
        }
        catch (KistException e) when (options.IsOptional && e.IsTransient)
        {
            _ = Task.Run(RetryAsync);
        }
        if (_isLoaded) return;
        _isLoaded = true;
        foreach (var provider in Earlier())
            _earlier.Add(ChangeToken.OnChange(provider.GetReloadToken, Ask));
    }

    private async Task RetryAsync()
    {
        for (var attempt = 0; !_end.IsCancellationRequested; attempt++)
        {
            await Task.Delay(Http.Backoff.After(attempt), _end.Token);
            try
            {
                if (await RefreshAsync()) OnReload();
                return;
            }
            catch (KistException e)
            {
                client.ToldNotReloaded(e.Message);
                if (!e.IsTransient) return;
            }
        }
    }

    private IReadOnlyList<IConfigurationProvider> Earlier() => [.. all().TakeWhile(p => p != this)];

    /// <summary>Several changes at once are one look.</summary>
    private void Ask()
    {
        if (Interlocked.Exchange(ref _asked, 1) == 0) _ = Task.Run(AnswerAsync);
    }

    private async Task AnswerAsync()
    {
        try
        {
            if (await RefreshAsync()) OnReload();
        }
        catch (KistException e)
        {
            client.ToldNotReloaded(e.Message);
        }
    }

    /// <summary>Makes the settings anew; true if any is different.</summary>
    private async Task<bool> RefreshAsync()
    {
        await _gate.WaitAsync(_end.Token);
        try
        {
            // What changes from here on is looked at again.
            Volatile.Write(ref _asked, 0);
            var texts = EarlierSettings.Read(Earlier());
            foreach (var path in Paths(texts))
                if (!_watched.ContainsKey(path)) _watched[path] = client.Secrets.Watch(path, Ask);
            var settings = await FilledAsync(texts);
            var isSame = settings.Count == Data.Count && settings.All(s =>
                Data.TryGetValue(s.Key, out var value) && string.Equals(value, s.Value, StringComparison.Ordinal));
            Data = settings;
            return !isSame;
        }
        finally
        {
            _gate.Release();
        }
    }

    private IEnumerable<string> Paths(Dictionary<string, ReferenceText> texts) => texts.Values
        .SelectMany(t => t.References).Where(r => r.Version is null).Select(r => r.Path)
        .Concat(options.Mapped.Select(m => m.Path)).Distinct();

    private async Task<Dictionary<string, string?>> FilledAsync(Dictionary<string, ReferenceText> texts)
    {
        var settings = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        // All at once: each path is read once, and many at a time.
        var wanted = texts.Values.SelectMany(t => t.References).Select(r => (r.Path, r.Version))
            .Concat(options.Mapped.Select(m => (m.Path, Version: (long?)null))).Distinct();
        await Task.WhenAll(wanted.Select(w => client.Secrets.FindAsync(w.Path, w.Version, _end.Token).AsTask()));
        foreach (var (path, section) in options.Mapped) await MapAsync(path, section, settings);
        foreach (var (key, text) in texts)
        {
            try
            {
                settings[key] = await client.Secrets.FillAsync(text, _end.Token);
            }
            catch (KistException e)
            {
                throw new KistException(e.Failure, $"the setting {key}: {e.Message}", e) { Status = e.Status };
            }
        }
        return settings;
    }

    private async Task MapAsync(string path, string section, Dictionary<string, string?> settings)
    {
        var secret = await client.Secrets.GetAsync(path, null, _end.Token);
        foreach (var field in secret.Fields)
        {
            var name = field.Replace("__", ConfigurationPath.KeyDelimiter, StringComparison.Ordinal);
            using var value = secret.Bytes(field);
            settings[section.Length == 0 ? name : ConfigurationPath.Combine(section, name)] = value.RevealText();
        }
    }
}
