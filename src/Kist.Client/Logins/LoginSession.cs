using System.Text.Json;
using Kist.Client.Http;
using Kist.Client.Logging;
using Kist.Secrets;
using Microsoft.Extensions.Logging;

namespace Kist.Client.Logins;

/// <summary>A token, and since when (by the clock's timestamps) it lives how long.</summary>
internal sealed record HeldToken(SecretBytes Token, long Since, TimeSpan? Duration, bool IsRenewable);

/// <summary>
/// Who this process is to the server, for ever: logs in when first asked, renews in the background when two thirds of
/// the time are over, logs in again when that does not help or the token was revoked.
/// </summary>
internal sealed class LoginSession : IAsyncDisposable
{
    private static readonly TimeSpan s_pauseAfterFailure = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_longestWait = TimeSpan.FromDays(1);

    private readonly Transport _transport;
    private readonly ILogin _login;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly SemaphoreSlim _gate = new(1);
    private readonly CancellationTokenSource _end = new();
    private volatile HeldToken? _held;
    private KistException? _failure;
    private long _failedAt;
    private Task? _renewal;
    private TaskCompletionSource _changed = NewSignal();

    public LoginSession(Transport transport, ILogin login, KistClientOptions options)
    {
        (_transport, _login, _clock) = (transport, login, options.Clock);
        _log = options.Logging.CreateLogger("Kist.Client");
    }

    /// <summary>Asks what the server knows of the token that asks.</summary>
    public static ApiRequest LookUp { get; } = new(HttpMethod.Get, "auth/token/lookup-self");

    /// <summary>Counts logins, for health and tests.</summary>
    public int LoginCount { get; private set; }

    /// <summary>The token as of now.</summary>
    public ValueTask<HeldToken> TokenAsync(CancellationToken ct) =>
        _held is { } held && !_login.HasAnother ? new(held) : new(ReplacedAsync(_held, ct));

    /// <summary>
    /// What to do after the server refused <paramref name="refused"/>: a token to try instead, or null when it is
    /// valid and just may not do that.
    /// </summary>
    public async Task<HeldToken?> AfterRefusalAsync(HeldToken refused, CancellationToken ct)
    {
        if (_held is { } held && !ReferenceEquals(held, refused)) return held;
        if (!_login.HasAnother && await IsValidAsync(refused, ct)) return null;
        return await ReplacedAsync(refused, ct);
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        if (_renewal is { } renewal) await renewal.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _held?.Token.Dispose();
        _held = null;
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task<HeldToken> ReplacedAsync(HeldToken? old, CancellationToken ct)
    {
        await _gate.WaitAsync(ct);
        try
        {
            if (_held is { } held && !ReferenceEquals(held, old)) return held;
            // Those who waited here for the same login need not fail one after the other.
            if (_failure is { } failure && _clock.GetElapsedTime(_failedAt) < s_pauseAfterFailure) throw failure;
            return await LogInAsync(ct);
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task<HeldToken> LogInAsync(CancellationToken ct)
    {
        try
        {
            var (token, duration, isRenewable) = await _login.LogInAsync(ExchangeAsync, ct);
            HandedOut.Shared.Add(token);
            var held = new HeldToken(token, _clock.GetTimestamp(), duration, isRenewable);
            if (duration is null) held = await LookedUpAsync(held, ct);
            else if (duration == TimeSpan.Zero) held = held with { Duration = null };
            _failure = null;
            _held = held;
            LoginCount++;
            Interlocked.Exchange(ref _changed, NewSignal()).TrySetResult();
            _renewal ??= Task.Run(RenewForEverAsync, CancellationToken.None);
            return held;
        }
        catch (KistException e)
        {
            (_failure, _failedAt) = (e, _clock.GetTimestamp());
            throw;
        }
    }

    private async Task<KistResponse> ExchangeAsync(string path, Action<Utf8JsonWriter> body, CancellationToken ct)
    {
        using var bytes = KistClient.Json(body);
        var request = new ApiRequest(HttpMethod.Post, path, bytes.WrittenMemory) { IsAnonymous = true };
        return await _transport.SendAsync(request, null, ct);
    }

    private async Task<HeldToken> LookedUpAsync(HeldToken held, CancellationToken ct)
    {
        using var answer = await _transport.SendAsync(LookUpOrNot, held.Token, ct);
        if (answer.Status != System.Net.HttpStatusCode.OK)
        {
            // It may be valid and have no right to look at itself: what it is asked for will tell.
            return held with { IsRenewable = false };
        }
        var ttl = answer.Data.Member("ttl").Seconds();
        return held with
        {
            Duration = ttl == TimeSpan.Zero ? null : ttl, IsRenewable = answer.Data.Member("renewable").IsTrue(),
        };
    }

    private static ApiRequest LookUpOrNot { get; } = LookUp with { Accepts = static status => status is 200 or 403 };

    private async Task<bool> IsValidAsync(HeldToken held, CancellationToken ct)
    {
        using var answer = await _transport.SendAsync(LookUpOrNot, held.Token, ct);
        return answer.Status == System.Net.HttpStatusCode.OK;
    }

    private async Task RenewForEverAsync()
    {
        var failures = 0;
        while (!_end.IsCancellationRequested)
        {
            var changed = _changed;
            if (_held is not { } held) return;
            var wait = held.Duration is { } duration
                ? Backoff.Spread(duration * (2 / 3.0), 10) - _clock.GetElapsedTime(held.Since) : s_longestWait;
            if (failures > 0) wait = Backoff.Spread(TimeSpan.FromSeconds(1 << Math.Min(failures, 6)), 30);
            if (wait > s_longestWait) wait = s_longestWait;
            if (wait > TimeSpan.Zero && !await IsOverAsync(wait, changed.Task)) continue;
            if (held.Duration is null || !ReferenceEquals(held, _held)) continue;
            failures = await RenewedAsync(held) ? 0 : failures + 1;
        }
    }

    /// <summary>False when the token was replaced before the time was over.</summary>
    private async Task<bool> IsOverAsync(TimeSpan wait, Task changed)
    {
        using var both = CancellationTokenSource.CreateLinkedTokenSource(_end.Token);
        var over = Task.Delay(wait, _clock, both.Token);
        var first = await Task.WhenAny(over, changed);
        await both.CancelAsync();
        _end.Token.ThrowIfCancellationRequested();
        return first == over;
    }

    private async Task<bool> RenewedAsync(HeldToken held)
    {
        try
        {
            if (held.IsRenewable && await TryRenewAsync(held)) return true;
            await ReplacedAsync(held, _end.Token);
            return true;
        }
        catch (KistException e)
        {
            ClientLog.NotRenewed(_log, _login.Name, e);
            return false;
        }
    }

    /// <summary>False when the token must be replaced: it is not valid, or nears the end of the longest it may live.
    /// </summary>
    private async Task<bool> TryRenewAsync(HeldToken held)
    {
        var renew = new ApiRequest(HttpMethod.Post, "auth/token/renew-self", "{}"u8.ToArray());
        try
        {
            using var answer = await _transport.SendAsync(renew, held.Token, _end.Token);
            using var grant = answer.Token;
            if (grant is null || grant.Duration < held.Duration * 0.5) return false;
            await _gate.WaitAsync(_end.Token);
            try
            {
                if (ReferenceEquals(_held, held))
                    _held = held with { Since = _clock.GetTimestamp(), IsRenewable = grant.IsRenewable };
            }
            finally
            {
                _gate.Release();
            }
            return true;
        }
        catch (KistException e) when (!e.IsTransient)
        {
            return false;
        }
    }
}
