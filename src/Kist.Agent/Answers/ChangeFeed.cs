using Kist.Agent.Link;
using Kist.Client.Events;

namespace Kist.Agent.Answers;

/// <summary>
/// The server's word of what changes, for one owner of answers: follows <c>sys/events/subscribe</c>, for ever. While it
/// is live, what was read since <see cref="CoveredSince"/> and not told to have changed is as it was.
/// </summary>
/// <param name="changed">Called with the name of a secret that has changed.</param>
/// <param name="reset">Called when anything may have changed: the rights too, where it says so.</param>
/// <param name="ended">Called with the token when the server has ended the stream, as it does when a right has gone.
/// </param>
internal sealed class ChangeFeed(string owner, string space, ServerLink link, Action<string> changed,
    Action<bool> reset, Func<string, CancellationToken, Task> ended, AgentLog log)
{
    private static readonly TimeSpan s_refused = TimeSpan.FromSeconds(30);

    private readonly TaskCompletionSource _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SemaphoreSlim _again = new(0);
    private volatile CancellationTokenSource? _follow;
    private readonly EventReader _reader = new();
    private volatile bool _isOthers;
    private string? _said;
    private volatile bool _isLive;
    private long _coveredSince = long.MaxValue;

    /// <summary>Whether the stream stands.</summary>
    public bool IsLive => _isLive;

    /// <summary>From when on every change is told.</summary>
    public long CoveredSince => Interlocked.Read(ref _coveredSince);

    /// <summary>When it was last needed, by the clock of <see cref="TimeProvider.GetTimestamp"/>.</summary>
    public long Used { get; set; } = TimeProvider.System.GetTimestamp();

    /// <summary>Completes when the stream stands or is refused for the first time.</summary>
    public Task Settled => _settled.Task;

    /// <summary>Follows until it is cancelled.</summary>
    /// <param name="token">The owner's token, anew for each connection.</param>
    public async Task RunAsync(Func<CancellationToken, Task<string>> token, CancellationToken ct)
    {
        var pause = new Pause(TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(10));
        try
        {
            while (true)
            {
                var used = await token(ct);
                using var follow = CancellationTokenSource.CreateLinkedTokenSource(ct);
                _follow = follow;
                if (_isOthers)
                {
                    _isOthers = false;
                    _reader.Forget();
                }
                var (wasLive, why, isRefused) = await FollowAsync(used, follow.Token, ct);
                _follow = null;
                _isLive = false;
                _settled.TrySetResult();
                if (wasLive) pause.Reset();
                if (why is not null && why != _said && owner == AnswerKey.Agent)
                    log.Info($"changes are not told at the moment: {why}");
                _said = why;
                await _again.WaitAsync(isRefused ? s_refused : pause.Next(), ct);
            }
        }
        catch (OperationCanceledException)
        {
            _isLive = false;
            _settled.TrySetResult();
        }
    }

    /// <summary>The agent has another token: what was read with the old one is no longer vouched for.</summary>
    public void Restart()
    {
        _isOthers = true;
        _isLive = false;
        Interlocked.Exchange(ref _coveredSince, long.MaxValue);
        try
        {
            _follow?.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It has ended by itself meanwhile.
        }
        if (_again.CurrentCount == 0) _again.Release();
    }

    private async Task<(bool WasLive, string? Why, bool IsRefused)> FollowAsync(
        string token, CancellationToken follow, CancellationToken ct)
    {
        using var message = new HttpRequestMessage(HttpMethod.Get, link.At("/v1/sys/events/subscribe/*"));
        message.Headers.TryAddWithoutValidation("X-Vault-Token", token);
        message.Headers.TryAddWithoutValidation("X-Vault-Request", "true");
        message.Headers.TryAddWithoutValidation("Accept", "text/event-stream");
        if (space.Length > 0) message.Headers.TryAddWithoutValidation("X-Vault-Namespace", space);
        if (_reader.Last is { } last) message.Headers.TryAddWithoutValidation("Last-Event-ID", last);
        HttpResponseMessage? response;
        LinkFault? fault;
        try
        {
            (response, fault) = await link.SendAsync(message, link.Settings.Timeout, follow);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            // There is another token: at once again.
            return (false, null, false);
        }
        if (response is null) return (false, fault!.Message, false);
        using (response)
        {
            var status = (int)response.StatusCode;
            if (status == 403)
                return (false, "the token may not read sys/events/subscribe/*, so that answers are asked for again "
                    + "each time; a policy with  path \"sys/events/subscribe/*\" { capabilities = [\"read\"] }", true);
            // The id may be of another store, which was put in the server's place.
            if (status == 400 && _reader.Last is not null)
            {
                _reader.Forget();
                return (false, null, false);
            }
            if (!response.IsSuccessStatusCode || response.Content.Headers.ContentType?.MediaType != "text/event-stream")
                return (false, $"the server answers {status} and no events", status < 500);
            var (wasLive, why, hasEnded) = await ReadAsync(await response.Content.ReadAsStreamAsync(ct), follow, ct);
            _isLive = false;
            if (hasEnded) await ended(token, ct);
            return (wasLive, why, false);
        }
    }

    private async Task<(bool WasLive, string? Why, bool HasEnded)> ReadAsync(
        Stream stream, CancellationToken follow, CancellationToken ct)
    {
        try
        {
            await foreach (var told in _reader.ReadAsync(stream, follow)) Take(told);
            return (_isLive, "the stream of events has ended", true);
        }
        catch (Exception e) when (e is IOException or HttpRequestException or InvalidDataException
            or OperationCanceledException)
        {
            ct.ThrowIfCancellationRequested();
            return (_isLive, "the stream of events broke", false);
        }
    }

    private void Take(ToldEvent told)
    {
        if (told.Kind is ToldKind.Change)
        {
            if (SecretOf(told) is { } name) changed(name);
            return;
        }
        // Where it goes on from the last event nothing was missed.
        if (told.Kind is not ToldKind.Resumed)
        {
            reset(told.Kind is ToldKind.Reset);
            Cover();
        }
        else if (CoveredSince == long.MaxValue) Cover();
        _isLive = true;
        _said = null;
        _settled.TrySetResult();
    }

    private void Cover() => Interlocked.Exchange(ref _coveredSince, TimeProvider.System.GetTimestamp());

    /// <summary>The name under which answers are kept; null: the event is of another kind.</summary>
    private string? SecretOf(ToldEvent told)
    {
        if (!told.Path.StartsWith(told.Mount, StringComparison.Ordinal)) return null;
        var version = told.Type.StartsWith("kv-v2/", StringComparison.Ordinal) ? 2 : 1;
        return AnswerReads.NameOf(space, new MountInfo(told.Mount, version), told.Path);
    }
}
