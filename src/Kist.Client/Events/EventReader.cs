using System.Runtime.CompilerServices;
using System.Text.Json;
using Kist.Client.Http;

namespace Kist.Client.Events;

/// <summary>What a message of the server's feed means to whoever remembers secrets.</summary>
internal enum ToldKind
{
    /// <summary>The feed stands, for the first time: what was read before may have changed unheard.</summary>
    Begun,
    /// <summary>The feed stands again, and nothing was missed.</summary>
    Resumed,
    /// <summary>Anything may have changed: secrets, mounts, or what the token may read.</summary>
    Reset,
    /// <summary>One secret has changed.</summary>
    Change,
}

/// <summary>One thing that the feed tells.</summary>
/// <param name="Mount">Of a change: the mount with its last slash.</param>
/// <param name="Path">Of a change: the whole path of the API.</param>
/// <param name="Type">Of a change: what happened, such as <c>kv-v2/data-write</c>.</param>
internal readonly record struct ToldEvent(ToldKind Kind, string Mount = "", string Path = "", string Type = "");

/// <summary>
/// Reads <c>sys/events/subscribe</c> as server-sent events, one connection after the other, and knows what was missed
/// in between. For one subscriber; not for several threads at once.
/// </summary>
internal sealed class EventReader
{
    // The server gives a sign of life every 10 seconds.
    private static readonly TimeSpan s_silence = TimeSpan.FromSeconds(25);

    private EventLines _lines = new();
    private string _rights = "";

    /// <summary>The id of the last message, to be sent back as <c>Last-Event-ID</c>; null: the stream begins now.
    /// </summary>
    public string? Last { get; private set; }

    /// <summary>Begins anew: with another token, or on a server that does not know the id.</summary>
    public void Forget() => (Last, _rights) = (null, "");

    /// <summary>A connection stands: what is left of the one before is of no use.</summary>
    public void Connected() => _lines = new EventLines();

    /// <summary>
    /// Everything that a connection tells, until it ends; a stream in which nothing comes any more is cancelled. Throws
    /// what the stream throws, and <see cref="InvalidDataException"/> for what is no stream of events.
    /// </summary>
    public async IAsyncEnumerable<ToldEvent> ReadAsync(Stream stream, [EnumeratorCancellation] CancellationToken ct)
    {
        Connected();
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var bytes = new byte[8192];
        while (true)
        {
            silence.CancelAfter(s_silence);
            var count = await stream.ReadAsync(bytes, silence.Token);
            if (count == 0) yield break;
            foreach (var told in Add(bytes, count)) yield return told;
        }
    }

    /// <summary>What the next bytes of a connection tell.</summary>
    public IEnumerable<ToldEvent> Add(byte[] bytes, int count)
    {
        foreach (var message in _lines.Add(bytes, count))
        {
            if (message.Type == "kist/subscribed")
            {
                var isFirst = Last is null;
                yield return new ToldEvent(isFirst ? ToldKind.Begun : ToldKind.Resumed);
                if (TakeRights(message.Data) && !isFirst) yield return new ToldEvent(ToldKind.Reset);
            }
            else if (message.Type == "kist/reset")
            {
                TakeRights(message.Data);
                yield return new ToldEvent(ToldKind.Reset);
            }
            else if (message.Type.Length > 0 && ChangeOf(message) is { } change) yield return change;
            if (message.Id.Length > 0) Last = message.Id;
        }
    }

    /// <summary>Remembers what the subscriber may see; true if it is another than before.</summary>
    private bool TakeRights(string data)
    {
        using var json = Parse(data);
        var rights = json.RootElement.Member("rights").Text() ?? "";
        var isOther = rights != _rights;
        _rights = rights;
        return isOther;
    }

    private static ToldEvent? ChangeOf(ServerEvent message)
    {
        using var json = Parse(message.Data);
        var about = json.RootElement.Member("data");
        var mount = about.Member("plugin_info").Member("mount_path").Text();
        var path = about.Member("event").Member("metadata").Member("path").Text();
        return mount is null || path is null ? null : new ToldEvent(ToldKind.Change, mount, path, message.Type);
    }

    private static JsonDocument Parse(string data)
    {
        try
        {
            return JsonDocument.Parse(data);
        }
        catch (JsonException e)
        {
            throw new InvalidDataException("an event is not JSON", e);
        }
    }
}
