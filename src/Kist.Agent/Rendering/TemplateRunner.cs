using Kist.Agent.Configuration;
using Kist.Agent.Templates;

namespace Kist.Agent.Rendering;

/// <summary>Takes a rendered text and the further files of its template; what went wrong, or null.</summary>
internal delegate Task<string?> TemplateOutput(string text, IReadOnlyList<FileWrite> files, CancellationToken ct);

/// <summary>
/// Keeps one template rendered: asks for what it needs, renders, waits until something has changed. What it has once
/// read stays good while the server is away.
/// </summary>
internal sealed class TemplateRunner
{
    private static readonly TimeSpan s_longest = TimeSpan.FromDays(1);

    private readonly TemplateConfig _config;
    private readonly AgentConfig _settings;
    private readonly Access _access;
    private readonly SecretSource _source;
    private readonly Func<string, string?> _environment;
    private readonly AgentLog _log;
    private readonly TemplateOutput _output;
    private readonly Func<TemplateContext, (string? Text, TemplateFault? Fault)> _render;
    private readonly Dictionary<SecretQuery, Held> _held = [];
    private readonly SemaphoreSlim _wake = new(0);
    private readonly Lock _gate = new();
    private readonly HashSet<string> _outdated = [];
    private readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _allOutdated;
    private string? _said;

    public TemplateRunner(TemplateConfig config, AgentConfig settings, Access access,
        Func<TemplateContext, (string? Text, TemplateFault? Fault)> render, TemplateOutput output,
        Func<string, string?> environment, AgentLog log)
    {
        (_config, _settings, _access, _render, _output, _environment, _log) =
            (config, settings, access, render, output, environment, log);
        _source = new SecretSource(access);
        access.Changed += Tell;
    }

    /// <summary>Completes when it has been rendered for the first time.</summary>
    public Task First => _first.Task;

    /// <summary>Renders until it is cancelled. False: a secret could not be read, and the agent shall end then.
    /// </summary>
    public async Task<bool> RunAsync(CancellationToken ct)
    {
        try
        {
            if (_access.Keeper is { } keeper) await keeper.FirstTry.WaitAsync(ct);
            var pause = new Pause(TimeSpan.FromMilliseconds(250), TimeSpan.FromMinutes(1));
            var failures = 0;
            while (true)
            {
                if (await RenderAsync(ct) is not { } error)
                {
                    (failures, _said) = (0, null);
                    pause.Reset();
                    await WaitAsync(NextDue(), ct);
                }
                else
                {
                    Complain(error);
                    if (_settings.TemplateSettings.ExitsOnRetryFailure && failures++ >= _settings.Upstream.Retries)
                        return false;
                    await WaitAsync(pause.Next(), ct);
                }
                await RefreshAsync(ct);
            }
        }
        finally
        {
            _access.Changed -= Tell;
        }
    }

    private void Tell(string? name)
    {
        lock (_gate)
        {
            if (name is null) _allOutdated = true;
            else _outdated.Add(name);
        }
        if (_wake.CurrentCount == 0) _wake.Release();
    }

    /// <summary>Renders, asking for what is missing as often as the template finds out that it needs more.</summary>
    private async Task<string?> RenderAsync(CancellationToken ct)
    {
        while (true)
        {
            var missing = new HashSet<SecretQuery>();
            var used = new HashSet<SecretQuery>();
            var context = Context(missing, used);
            var (text, fault) = _render(context);
            if (missing.Count > 0)
            {
                // A fault may follow from what is missing.
                if (await AskAsync(missing, ct) is { } error) return error;
                continue;
            }
            foreach (var query in _held.Keys.Except(used).ToList()) _held.Remove(query);
            if (fault is not null)
            {
                _access.Metrics.FailedRenders.Add();
                return $"{TemplateFile.NameOf(_config)}: {TemplateFile.Worded(fault)}";
            }
            if (await _output(text!, context.Files, ct) is { } unwritten) return unwritten;
            _first.TrySetResult();
            return null;
        }
    }

    private TemplateContext Context(HashSet<SecretQuery> missing, HashSet<SecretQuery> used) => new()
    {
        Answer = query =>
        {
            used.Add(query);
            if (_held.TryGetValue(query, out var held)) return held.Answer.Value;
            missing.Add(query);
            return null;
        },
        Environment = _environment,
        ReadFile = path => TemplateFile.ReadFile(_config, path),
        Clock = TimeProvider.System,
        FailsOnMissingKey = _config.FailsOnMissingKey,
    };

    private async Task<string?> AskAsync(IReadOnlyCollection<SecretQuery> queries, CancellationToken ct)
    {
        var answers = await Task.WhenAll(queries.Select(async query => (query, await _source.AskAsync(query, ct))));
        string? error = null;
        foreach (var (query, (value, wrong)) in answers)
        {
            if (value is not null) Keep(query, value);
            else error ??= $"{TemplateFile.NameOf(_config)}: {query.Path}: {wrong}";
        }
        return error;
    }

    private void Keep(SecretQuery query, SecretValue value)
    {
        var life = value.Life is { } given
            ? given * (value.IsRenewable && value.LeaseId.Length > 0 ? 0.66 : _settings.TemplateSettings.LeaseThreshold)
            : _settings.TemplateSettings.StaticInterval;
        _held[query] = new Held(value, TimeProvider.System.GetTimestamp(), life < s_longest ? life : s_longest);
    }

    /// <summary>Asks again for what has changed or is due. What cannot be had stays as it is, and is asked for soon.
    /// </summary>
    private async Task RefreshAsync(CancellationToken ct)
    {
        HashSet<string> outdated;
        bool all;
        lock (_gate)
        {
            (outdated, all) = ([.. _outdated], _allOutdated);
            _outdated.Clear();
            _allOutdated = false;
        }
        foreach (var (query, held) in _held.ToList())
        {
            var isDue = TimeProvider.System.GetElapsedTime(held.Asked) >= held.Due;
            if (!all && !isDue && (held.Answer.Name is null || !outdated.Contains(held.Answer.Name))) continue;
            if (isDue && !all && held.Answer is { IsRenewable: true, LeaseId: { Length: > 0 } lease }
                && await _source.RenewAsync(lease, ct) is { } life && life > (held.Answer.Life ?? default) / 4)
            {
                Keep(query, held.Answer with { Life = life });
                continue;
            }
            var (value, error) = await _source.AskAsync(query, ct);
            if (value is not null) Keep(query, value);
            else
            {
                Complain($"{TemplateFile.NameOf(_config)}: {query.Path}: {error}; what was read before stays");
                _held[query] = held with
                {
                    Asked = TimeProvider.System.GetTimestamp(), Due = Pause.Jittered(TimeSpan.FromSeconds(5)),
                };
            }
        }
    }

    private TimeSpan NextDue()
    {
        var next = s_longest;
        foreach (var held in _held.Values)
            if (held.Due - TimeProvider.System.GetElapsedTime(held.Asked) is var left && left < next) next = left;
        return next > TimeSpan.Zero ? next : TimeSpan.Zero;
    }

    /// <summary>Waits for a change; when one comes, for more of them as the configuration says.</summary>
    private async Task WaitAsync(TimeSpan time, CancellationToken ct)
    {
        var began = TimeProvider.System.GetTimestamp();
        do
        {
            var left = time - TimeProvider.System.GetElapsedTime(began);
            if (left <= TimeSpan.Zero || !await _wake.WaitAsync(left, ct)) return;
        }
        while (!Concerns());
        var started = TimeProvider.System.GetTimestamp();
        while (_config.WaitLeast > TimeSpan.Zero
            && TimeProvider.System.GetElapsedTime(started) < _config.WaitMost
            && await _wake.WaitAsync(_config.WaitLeast, ct))
        {
            // Quiet again only after a span without a change.
        }
    }

    private bool Concerns()
    {
        lock (_gate)
        {
            if (_allOutdated || _held.Count == 0) return true;
            if (_held.Values.Any(h => h.Answer.Name is { } name && _outdated.Contains(name))) return true;
            _outdated.Clear();
            return false;
        }
    }

    // Once for each reason: it may be tried for hours.
    private void Complain(string error)
    {
        if (error == _said) return;
        _said = error;
        _log.Error(error);
    }

    private sealed record Held(SecretValue Answer, long Asked, TimeSpan Due)
    {
        public override string ToString() => "[REDACTED]";
    }
}
