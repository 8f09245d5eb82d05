using System.Text.Json;
using Kist.Agent.Configuration;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Kist.Agent.Front;

/// <summary>
/// The agent's door: its own paths below <c>/agent/v1/</c>, and the server's API for everything else.
/// </summary>
internal sealed class AgentFront(Access access, AgentConfig config, AgentLog log, Action quit, TimeProvider clock)
    : IHttpApplication<AgentExchange>
{
    private const int MaxClearBody = 64 << 10;
    private readonly RequestProxy _proxy = new(access, config);

    /// <inheritdoc/>
    public AgentExchange CreateContext(IFeatureCollection contextFeatures) => new(contextFeatures);

    /// <inheritdoc/>
    public void DisposeContext(AgentExchange context, Exception? exception)
    {
    }

    /// <inheritdoc/>
    public async Task ProcessRequestAsync(AgentExchange context)
    {
        try
        {
            await AnswerAsync(context);
        }
        catch (BadHttpRequestException e)
        {
            if (!context.HasStarted) await context.SendErrorAsync(e.StatusCode, "the request is malformed");
        }
        catch (OperationCanceledException)
        {
            // The client went away, or the agent ends.
            context.Abort();
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            // The server's answer broke off in the middle.
            if (context.HasStarted) context.Abort();
            else await context.SendErrorAsync(502, "the connection to the server broke");
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            log.Error($"a request failed: {e.GetType().Name} at {e.StackTrace?.Split('\n').FirstOrDefault()?.Trim()}");
            if (context.HasStarted) context.Abort();
            else await context.SendErrorAsync(500, "internal error; the agent's log says more");
        }
    }

    private Task AnswerAsync(AgentExchange http)
    {
        var listener = http.Listener;
        if (listener.NeedsRequestHeader
            && !(http.RequestHeaders.TryGetValue("X-Vault-Request", out var sent) && sent is ["true"]))
            return http.SendErrorAsync(412, "missing \"X-Vault-Request\" header");
        return http.Path switch
        {
            "/agent/v1/metrics" => MetricsAsync(http),
            _ when listener.OnlyMetrics => http.SendErrorAsync(404, "this listener has the metrics alone"),
            "/agent/v1/cache-clear" when config.Cache is not null => ClearAsync(http),
            "/agent/v1/quit" or "/proxy/v1/quit" => QuitAsync(http),
            var path when path.StartsWith("/agent/", StringComparison.Ordinal) =>
                http.SendErrorAsync(404, "the agent has no such path"),
            _ => _proxy.AnswerAsync(http),
        };
    }

    private Task MetricsAsync(AgentExchange http)
    {
        if (http.Method is not ("GET" or "HEAD")) return http.SendErrorAsync(405, "unsupported operation");
        return http.Target.Contains("format=prometheus", StringComparison.Ordinal)
            ? http.SendAsync("text/plain; version=0.0.4; charset=utf-8", access.Metrics.Prometheus())
            : http.SendAsync("application/json", access.Metrics.Json(clock.GetUtcNow()));
    }

    private async Task QuitAsync(AgentExchange http)
    {
        if (!http.Listener.CanQuit)
        {
            await http.SendErrorAsync(404, "this listener does not let the agent be ended (agent_api enable_quit)");
            return;
        }
        if (http.Method != "POST")
        {
            await http.SendAsync(405, "", default);
            return;
        }
        log.Info("asked to end by /agent/v1/quit");
        await http.SendAsync(200, "", default);
        quit();
    }

    private async Task ClearAsync(AgentExchange http)
    {
        if (http.Method is not ("POST" or "PUT"))
        {
            await http.SendAsync(405, "", default);
            return;
        }
        try
        {
            var bytes = new byte[MaxClearBody];
            var count = await http.RequestBody.ReadAtLeastAsync(bytes, bytes.Length, false, http.Aborted);
            using var document = JsonDocument.Parse(bytes.AsMemory(0, count));
            var body = document.RootElement;
            var problem = CacheClear.Run(
                access, Member(body, "type"), Member(body, "value"), Member(body, "namespace"));
            if (problem is not null) await http.SendErrorAsync(400, problem);
            else await http.SendAsync(200, "", default);
        }
        catch (JsonException)
        {
            await http.SendErrorAsync(400, "failed to parse JSON input");
        }
    }

    private static string Member(JsonElement body, string name) => Link.JsonMembers.Text(body, name);
}
