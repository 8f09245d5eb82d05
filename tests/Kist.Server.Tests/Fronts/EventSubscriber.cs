using System.Text.Json;

namespace Kist.Server.Tests.Fronts;

/// <summary>One event as a client sees it.</summary>
internal sealed record SeenEvent(string Id, string Type, JsonElement Json)
{
    public string? Path => Metadata("path");

    public string? Version => Metadata("current_version");

    private string? Metadata(string name) =>
        Json.TryGetProperty("data", out var data)
        && data.GetProperty("event").GetProperty("metadata").TryGetProperty(name, out var value)
            ? value.GetString() : null;
}

/// <summary>A client of server-sent events.</summary>
internal sealed class EventSubscriber : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);
    private readonly HttpResponseMessage _response;
    private readonly StreamReader _lines;

    private EventSubscriber(HttpResponseMessage response, Stream body) =>
        (_response, _lines) = (response, new StreamReader(body));

    /// <summary>The name of the subscriber's rights as the stream begins.</summary>
    public string Rights { get; private set; } = "";

    /// <summary>Subscribes, and reads the first message, which says where the stream begins.</summary>
    public static async Task<EventSubscriber> OpenAsync(
        HttpClient http, string token, string target, string? after = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, "sys/events/subscribe/" + target);
        request.Headers.Add("X-Vault-Token", token);
        if (after is not null) request.Headers.Add("Last-Event-ID", after);
        var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        response.EnsureSuccessStatusCode();
        if (response.Content.Headers.ContentType?.MediaType != "text/event-stream")
            throw new InvalidOperationException($"not a stream of events: {response.Content.Headers.ContentType}");
        var subscriber = new EventSubscriber(response, await response.Content.ReadAsStreamAsync());
        var first = await subscriber.NextAsync();
        if (first?.Type != "kist/subscribed") throw new InvalidOperationException($"the stream begins with {first}");
        subscriber.Rights = first.Json.GetProperty("rights").GetString()!;
        return subscriber;
    }

    /// <summary>The next event; null when the stream has ended.</summary>
    public async Task<SeenEvent?> NextAsync()
    {
        string id = "", type = "", data = "";
        while (await _lines.ReadLineAsync().WaitAsync(s_patience) is { } line)
        {
            if (line.StartsWith("id: ", StringComparison.Ordinal)) id = line[4..];
            if (line.StartsWith("event: ", StringComparison.Ordinal)) type = line[7..];
            if (line.StartsWith("data: ", StringComparison.Ordinal)) data = line[6..];
            if (line.Length > 0 || data.Length == 0) continue;
            using var json = JsonDocument.Parse(data);
            return new SeenEvent(id, type, json.RootElement.Clone());
        }
        return null;
    }

    public void Dispose() => _response.Dispose();
}
