using Kist.Client.Events;
using Kist.Client.Http;
using Kist.Client.Logging;
using Microsoft.Extensions.Logging;

namespace Kist.Client.Caching;

/// <summary>
/// Follows the server's <c>sys/events/subscribe/*</c> (server-sent events) for ever, from where it stopped after each
/// break. A server without it, or that does not permit it, is asked again now and then.
/// </summary>
internal sealed class ChangeFeed(KistClient client, KistClientOptions options) : IAsyncDisposable
{
    private static readonly TimeSpan s_unsupported = TimeSpan.FromMinutes(5);

    private readonly ILogger _log = options.Logging.CreateLogger("Kist.Client");
    private readonly CancellationTokenSource _end = new();
    private readonly TaskCompletionSource _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task? _following;
    private readonly EventReader _reader = new();
    private volatile bool _isLive;

    /// <summary>Whether changes are told now.</summary>
    public bool IsLive => _isLive;

    /// <summary>Ends when it is known for the first time whether changes are told.</summary>
    public Task Settled => _settled.Task;

    /// <summary>Begins to follow; <paramref name="told"/> must not block.</summary>
    public void Start(Action<ToldEvent> told) => _following = Task.Run(() => FollowForEverAsync(told));

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        if (_following is { } following) await following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task FollowForEverAsync(Action<ToldEvent> told)
    {
        var failures = 0;
        while (!_end.IsCancellationRequested)
        {
            var wait = Backoff.After(failures++);
            try
            {
                if (await FollowAsync(told)) failures = 0;
                wait = Backoff.After(failures++);
            }
            catch (KistException e)
            {
                var reason = e.Failure is KistFailure.Unreachable ? "it is away" : $"{(int?)e.Status} {e.Failure}";
                if (failures == 1) ClientLog.NotPushed(_log, reason, options.CacheFor);
                // The id may be another store's, or none at all to a server that is not Kist.
                if (e.Failure == KistFailure.Invalid && _reader.Last is not null) _reader.Forget();
                else if (!e.IsTransient) wait = Backoff.Spread(s_unsupported, 50);
            }
            catch (Exception e) when (e is IOException or HttpRequestException or InvalidDataException
                or OperationCanceledException)
            {
                // A break: it is taken up again from the last event.
            }
            _isLive = false;
            _settled.TrySetResult();
            await Task.Delay(wait, options.Clock, _end.Token);
        }
    }

    /// <summary>Follows until the stream ends; true if it told anything.</summary>
    private async Task<bool> FollowAsync(Action<ToldEvent> told)
    {
        using var answer = await client.OpenAsync(
            new ApiRequest(HttpMethod.Get, "sys/events/subscribe/*"), _reader.Last, _end.Token);
        if (answer.Content.Headers.ContentType?.MediaType != "text/event-stream")
            throw new KistException(KistFailure.Invalid, "the answer is no stream of events")
            {
                Status = answer.StatusCode,
            };
        await using var bytes = await answer.Content.ReadAsStreamAsync(_end.Token);
        var any = false;
        await foreach (var happened in _reader.ReadAsync(bytes, _end.Token))
        {
            any = true;
            if (happened.Kind is ToldKind.Begun or ToldKind.Resumed)
            {
                _isLive = true;
                ClientLog.Pushed(_log);
            }
            if (happened.Kind is not ToldKind.Resumed) told(happened);
            _settled.TrySetResult();
        }
        return any;
    }
}
