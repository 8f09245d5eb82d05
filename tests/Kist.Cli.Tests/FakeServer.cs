using System.Net;
using System.Text;

namespace Kist.Cli.Tests;

/// <summary>
/// A real HTTP listener that answers as a test says and remembers what it was asked: for the shape of requests.
/// What the answers mean is tested against the real server.
/// </summary>
internal sealed class FakeServer : IDisposable
{
    private const string Mounts = "/v1/sys/internal/ui/mounts/";
    private readonly HttpListener _listener;
    private readonly Func<Asked, (int Status, string Body)> _answer;
    private readonly List<Asked> _asked = [];

    /// <summary>One request as it arrived.</summary>
    public sealed record Asked(string Method, string Path, string Token, string Body, string ContentType, string Wrap);

    public FakeServer(Func<Asked, (int Status, string Body)> answer)
    {
        _answer = answer;
        (_listener, Address) = Loopback.Listen();
        _ = ServeAsync();
    }

    public string Address { get; }

    /// <summary>What was asked so far, without the questions for mounts.</summary>
    public List<Asked> Requests
    {
        get
        {
            lock (_asked)
                return [.. _asked.Where(static a => !a.Path.StartsWith(Mounts, StringComparison.Ordinal))];
        }
    }

    /// <summary>A server with kv v2 at prod/, kv v1 at old/, and <paramref name="answer"/> for the rest.</summary>
    public static FakeServer WithMounts(Func<Asked, (int Status, string Body)> answer) => new(asked =>
        asked.Path.StartsWith("/v1/sys/internal/ui/mounts/prod", StringComparison.Ordinal)
            ? (200, """{"data":{"path":"prod/","type":"kv","options":{"version":"2"}}}""")
            : asked.Path.StartsWith("/v1/sys/internal/ui/mounts/old", StringComparison.Ordinal)
                ? (200, """{"data":{"path":"old/","type":"kv","options":null}}""")
                : answer(asked));

    /// <summary>A server that holds one secret, prod/database, version 3.</summary>
    public static FakeServer WithSecret(string fields) => WithMounts(asked =>
        asked.Path == "/v1/prod/data/database"
            ? (200, "{\"data\":{\"data\":" + fields + """
                ,"metadata":{"version":3,"created_time":"2026-01-02T03:04:05.6Z","deletion_time":"","destroyed":false}}}
                """)
            : (404, """{"errors":[]}"""));

    public void Dispose() => _listener.Close();

    private async Task ServeAsync()
    {
        while (_listener.IsListening)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
            using var reader = new StreamReader(context.Request.InputStream, Encoding.UTF8);
            var asked = new Asked(context.Request.HttpMethod, context.Request.RawUrl!,
                context.Request.Headers["X-Vault-Token"] ?? "", await reader.ReadToEndAsync(),
                context.Request.ContentType ?? "", context.Request.Headers["X-Vault-Wrap-TTL"] ?? "");
            lock (_asked) _asked.Add(asked);
            var (status, body) = _answer(asked);
            context.Response.StatusCode = status;
            var bytes = Encoding.UTF8.GetBytes(body);
            context.Response.ContentLength64 = bytes.Length;
            await context.Response.OutputStream.WriteAsync(bytes);
            context.Response.Close();
        }
    }
}
