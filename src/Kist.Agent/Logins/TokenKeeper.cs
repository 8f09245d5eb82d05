using Kist.Agent.Configuration;
using Kist.Agent.Link;
using Kist.Secrets;

namespace Kist.Agent.Logins;

/// <summary>
/// The agent's own token: logs in, renews in time, logs in again when the token has gone or the credentials have
/// changed, for ever. Its waits are spans of a clock that nobody can set.
/// </summary>
internal sealed class TokenKeeper(MethodConfig method, ServerLink link, AgentLog log, AgentMetrics metrics)
{
    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_longest = TimeSpan.FromDays(1);

    private readonly SemaphoreSlim _wake = new(0);
    private readonly Lock _checking = new();
    private readonly List<Func<string, Task>> _listeners = [];
    private volatile TaskCompletionSource<string> _token = NewSource();
    private Task<bool>? _check;
    private string? _checked;
    private long _checkedAt;
    private Credentials? _last;
    private volatile string? _current;
    private volatile bool _mustLogIn;

    /// <summary>The token; null: there is none now.</summary>
    public string? Current => _current;

    /// <summary>Why there is no token; null: there is one, or nothing was tried.</summary>
    public string? Trouble { get; private set; }

    /// <summary>Whether the last try failed because the server was out of reach, rather than by its word.</summary>
    public bool IsServerAway { get; private set; }

    /// <summary>
    /// Waits for a token while it may come: until the first login has been tried, and on while only the server's
    /// absence stands in the way. What stands in the way in the end; null: nothing.
    /// </summary>
    /// <param name="patience">The longest time.</param>
    /// <param name="isHurried">Whether the first try is enough, because something else can be given.</param>
    public async Task<LinkFault?> WhyNoneAsync(TimeSpan patience, bool isHurried, CancellationToken ct)
    {
        if (_current is not null) return null;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var late = Task.Delay(patience, limit.Token);
        var token = _token.Task;
        await Task.WhenAny(token, FirstTry, late);
        if (_current is null && IsServerAway && !isHurried) await Task.WhenAny(token, late);
        await limit.CancelAsync();
        ct.ThrowIfCancellationRequested();
        return _current is not null ? null : new LinkFault(Trouble ?? "the agent has not logged in yet");
    }

    /// <summary>Completes after the first try to log in, whatever came of it.</summary>
    public Task FirstTry => _firstTry.Task;

    private readonly TaskCompletionSource _firstTry = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Called when the server refuses a login by its own word.</summary>
    public Action? Refused { get; init; }

    /// <summary>Called when there is a new token.</summary>
    public Action? Published { get; init; }

    /// <summary>Calls <paramref name="listener"/> with each new token, before requests get it.</summary>
    public void OnToken(Func<string, Task> listener) => _listeners.Add(listener);

    /// <summary>The token, once there is one.</summary>
    public Task<string> TokenAsync(CancellationToken ct) => _token.Task.WaitAsync(ct);

    /// <summary>Keeps the token until it is cancelled. False: a login failed, and the agent shall end then.</summary>
    public async Task<bool> RunAsync(CancellationToken ct)
    {
        try
        {
            while (true)
            {
                if (await LogInAsync(ct) is not { } login) return false;
                await PublishAsync(login.Token);
                await KeepAsync(login, ct);
                ct.ThrowIfCancellationRequested();
            }
        }
        finally
        {
            _last?.Dispose();
        }
    }

    /// <summary>Reads the credentials and logs in again.</summary>
    public void LogInAgain()
    {
        _mustLogIn = true;
        _wake.Release();
    }

    /// <summary>
    /// Asks whether the server still knows the token, after it refused a request. True: there is another one now.
    /// </summary>
    public async Task<bool> SuspectAsync(string token, CancellationToken ct)
    {
        if (_current is { } other && other != token) return true;
        Task<bool> check;
        lock (_checking)
        {
            var isNew = _checked == token && TimeProvider.System.GetElapsedTime(_checkedAt) < s_look;
            if (isNew && _check is { IsCompleted: true }) return false;
            check = _check is { IsCompleted: false } ? _check : _check = CheckAsync(token);
        }
        return await check.WaitAsync(ct);
    }

    private async Task<bool> CheckAsync(string token)
    {
        using var reply = await link.AskAsync(Lookup(token), CancellationToken.None);
        if (!reply.IsBadToken)
        {
            lock (_checking) (_checked, _checkedAt) = (token, TimeProvider.System.GetTimestamp());
            return false;
        }
        log.Warn("the server does not know the agent's token any more: logging in again");
        Forget();
        LogInAgain();
        // Long enough for a login, not so long that callers give up; and not longer than it takes to fail.
        for (var tries = 0; tries < 200 && _current is null && Trouble is null; tries++)
            await Task.Delay(TimeSpan.FromMilliseconds(25));
        return _current is not null;
    }

    private void Forget()
    {
        _current = null;
        if (_token.Task.IsCompleted) _token = NewSource();
    }

    private async Task<Login?> LogInAsync(CancellationToken ct)
    {
        var pause = new Pause(method.LeastPause, method.MostPause);
        while (true)
        {
            _mustLogIn = false;
            var (login, error, isAway, files) = await TryAsync(ct);
            if (login is not null)
            {
                (Trouble, IsServerAway) = (null, false);
                log.Info($"logged in by {method.Type}" + (login.Ttl > TimeSpan.Zero
                    ? $"; the token lives for {login.Ttl.TotalSeconds:0} s" : "; the token does not expire"));
                metrics.Logins.Add();
                return login;
            }
            metrics.FailedLogins.Add();
            // Once for each reason: this may go on for hours.
            if (error != Trouble) log.Error($"cannot log in by {method.Type}: {error}; trying again until it works");
            (Trouble, IsServerAway) = (error, isAway);
            if (!isAway) Forget();
            _firstTry.TrySetResult();
            if (method.ExitsOnError) return null;
            await WaitAsync(pause.Next(), files, ct);
        }
    }

    private async Task<(Login? Login, string? Error, bool IsAway, IReadOnlyList<string> Files)> TryAsync(
        CancellationToken ct)
    {
        var named = method.Settings.Where(s => s.Key.EndsWith("path", StringComparison.Ordinal)
            && s.Key != "secret_id_response_wrapping_path").Select(s => s.Value).ToList();
        var (credentials, unread) = await CredentialFiles.ReadAsync(method, link, ct);
        // What was read once and removed is still known.
        credentials ??= _last;
        if (credentials is null) return (null, unread, false, named);
        if (!ReferenceEquals(credentials, _last))
        {
            _last?.Dispose();
            _last = credentials;
        }
        using var reply = await link.AskAsync(credentials.Path is null
            ? Lookup(credentials.Token)
            : new Question(HttpMethod.Post, credentials.Path, "", credentials.Body) { Namespace = method.Namespace },
            ct);
        if (!reply.IsGood && !reply.IsAway) Refused?.Invoke();
        if (!reply.IsGood)
            return (null, reply.Status == 403 && credentials.Path is null
                ? "the server does not know the token of the file" : reply.Explanation, reply.IsAway, named);
        var login = credentials.Path is null
            ? Login.OfLookup(credentials.Token, reply.Root.Get("data"), credentials.Read)
            : Login.OfAuth(reply.Root.Get("auth"), credentials.Read);
        if (login is null) return (null, "the server gave no token; a second factor may be asked for", false, named);
        if (credentials.Path is not null) CredentialFiles.Remove(method);
        return (login with { Traces = FileTraces.Of(credentials.Read) }, null, false, named);
    }

    private async Task PublishAsync(string token)
    {
        foreach (var listener in _listeners) await listener(token);
        _current = token;
        if (!_token.TrySetResult(token))
        {
            _token = NewSource();
            _token.SetResult(token);
        }
        _firstTry.TrySetResult();
        Published?.Invoke();
    }

    /// <summary>Renews until a new login is needed.</summary>
    private async Task KeepAsync(Login login, CancellationToken ct)
    {
        var pause = new Pause(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30));
        var granted = TimeProvider.System.GetTimestamp();
        var wait = Next(login.Ttl);
        while (true)
        {
            if (await WaitAsync(wait, login.Files, ct, login.Traces) || _mustLogIn) return;
            var age = TimeProvider.System.GetElapsedTime(granted);
            if (login.Ttl == TimeSpan.Zero || age < login.Ttl / 2)
            {
                wait = login.Ttl == TimeSpan.Zero ? s_longest : Next(login.Ttl - age);
                continue;
            }
            if (!login.IsRenewable) return;
            using var reply = await link.AskAsync(
                new Question(HttpMethod.Post, "auth/token/renew-self", login.Token), ct);
            var ttl = TimeSpan.FromSeconds(reply.Root.Get("auth").Number("lease_duration"));
            if (reply.IsGood)
            {
                log.Debug($"renewed the token for {ttl.TotalSeconds:0} s");
                metrics.Renewals.Add();
                pause.Reset();
                granted = TimeProvider.System.GetTimestamp();
                // At the end of its longest life each renewal gives less.
                if (ttl > TimeSpan.Zero && ttl < login.Ttl / 4) login = login with { IsRenewable = false };
                login = login with { Ttl = ttl };
                wait = Next(ttl);
                continue;
            }
            log.Warn($"the token cannot be renewed: {reply.Explanation}");
            if (!reply.IsAway || age >= login.Ttl) return;
            wait = pause.Next();
        }
    }

    private static TimeSpan Next(TimeSpan ttl)
    {
        if (ttl <= TimeSpan.Zero) return s_longest;
        var wait = Pause.Jittered(ttl * 0.75);
        return wait < s_look ? s_look : wait > s_longest ? s_longest : wait;
    }

    /// <summary>Waits; true when the files have changed meanwhile, false after the time or when it is woken.</summary>
    private async Task<bool> WaitAsync(
        TimeSpan time, IReadOnlyList<string> files, CancellationToken ct, string? traces = null)
    {
        traces ??= FileTraces.Of(files);
        var started = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(started) is var spent && spent < time)
        {
            var step = time - spent < s_look || files.Count == 0 ? time - spent : s_look;
            if (await _wake.WaitAsync(step, ct)) return false;
            if (files.Count > 0 && FileTraces.Of(files) != traces) return true;
        }
        return false;
    }

    private static Question Lookup(string token) => new(HttpMethod.Get, "auth/token/lookup-self", token);

    private static TaskCompletionSource<string> NewSource() =>
        new(TaskCreationOptions.RunContinuationsAsynchronously);
}
