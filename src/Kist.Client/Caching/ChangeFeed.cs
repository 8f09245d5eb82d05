using System.Net.ServerSentEvents;
using System.Text.Json;
using Kist.Client.Http;
using Kist.Client.Logging;
using Microsoft.Extensions.Logging;

namespace Kist.Client.Caching;

/// <summary>What the feed tells.</summary>
/// <param name="Mount">The mount with its last slash; null: anything may have changed.</param>
/// <param name="Path">The whole path of the API.</param>
internal readonly record struct ToldChange(string? Mount, string Path);

/// <summary>
/// Follows the server's <c>sys/events/subscribe/*</c> (server-sent events) for ever, from where it stopped after each
/// break. A server without it, or that does not permit it, is asked again now and then.
/// </summary>
internal sealed class ChangeFeed(KistClient client, KistClientOptions options) : IAsyncDisposable
{
    // The server gives a sign of life every 10 seconds.
    private static readonly TimeSpan s_silence = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_unsupported = TimeSpan.FromMinutes(5);

    private readonly ILogger _log = options.Logging.CreateLogger("Kist.Client");
    private readonly CancellationTokenSource _end = new();
    private readonly TaskCompletionSource _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task? _following;
    private string? _last;
    private volatile bool _isLive;

    /// <summary>Whether changes are told now.</summary>
    public bool IsLive => _isLive;

    /// <summary>Ends when it is known for the first time whether changes are told.</summary>
    public Task Settled => _settled.Task;

    /// <summary>Begins to follow; <paramref name="told"/> must not block.</summary>
    public void Start(Action<ToldChange> told) => _following = Task.Run(() => FollowForEverAsync(told));

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        if (_following is { } following) await following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task FollowForEverAsync(Action<ToldChange> told)
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
                if (!e.IsTransient) wait = Backoff.Spread(s_unsupported, 50);
            }
            catch (Exception e) when (e is IOException or HttpRequestException or JsonException
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
    private async Task<bool> FollowAsync(Action<ToldChange> told)
    {
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(_end.Token);
        using var answer = await client.OpenAsync(
            new ApiRequest(HttpMethod.Get, "sys/events/subscribe/*"), _last, silence.Token);
        if (answer.Content.Headers.ContentType?.MediaType != "text/event-stream")
            throw new KistException(KistFailure.Invalid, "the answer is no stream of events")
            {
                Status = answer.StatusCode,
            };
        var isResumed = _last is not null;
        await using var bytes = await answer.Content.ReadAsStreamAsync(silence.Token);
        await using var watched = new WatchedStream(bytes, () => silence.CancelAfter(s_silence));
        var events = SseParser.Create(watched, static (type, data) => (Type: type, Change: Read(type, data)));
        var any = false;
        await foreach (var happened in events.EnumerateAsync(silence.Token))
        {
            any = true;
            var (type, change) = happened.Data;
            if (type == "kist/subscribed")
            {
                _isLive = true;
                ClientLog.Pushed(_log);
                if (!isResumed) told(new ToldChange(null, ""));
                _settled.TrySetResult();
            }
            else if (type == "kist/reset") told(new ToldChange(null, ""));
            else if (change is { } one) told(one);
            if (events.LastEventId is { Length: > 0 } id) _last = id;
        }
        return any;
    }

    private static ToldChange? Read(string type, ReadOnlySpan<byte> data)
    {
        if (type.StartsWith("kist/", StringComparison.Ordinal)) return null;
        var reader = new Utf8JsonReader(data);
        using var json = JsonDocument.ParseValue(ref reader);
        var about = json.RootElement.Member("data");
        var mount = about.Member("plugin_info").Member("mount_path").Text();
        var path = about.Member("event").Member("metadata").Member("path").Text();
        return mount is null || path is null ? null : new ToldChange(mount, path);
    }
}
