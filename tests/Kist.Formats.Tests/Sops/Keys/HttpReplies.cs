using System.Net;
using Kist.Testing;

namespace Kist.Formats.Tests.Sops.Keys;

/// <summary>A server on a free loopback port that answers as a test says.</summary>
internal sealed class HttpReplies : IDisposable
{
    private readonly HttpListener _listener;
    private readonly Func<HttpListenerRequest, string, (int Status, string Body)> _answer;

    public HttpReplies(Func<HttpListenerRequest, string, (int Status, string Body)> answer)
    {
        _answer = answer;
        (_listener, Address) = Loopback.Listen();
        _ = RunAsync();
    }

    public string Address { get; }

    public List<(string Method, string Path, string? Token)> Requests { get; } = [];

    public void Dispose() => _listener.Close();

    private async Task RunAsync()
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
            using var reader = new StreamReader(context.Request.InputStream);
            var body = await reader.ReadToEndAsync();
            lock (Requests)
                Requests.Add((context.Request.HttpMethod, context.Request.RawUrl!,
                    context.Request.Headers["X-Vault-Token"]));
            var (status, text) = _answer(context.Request, body);
            context.Response.StatusCode = status;
            await context.Response.OutputStream.WriteAsync(System.Text.Encoding.UTF8.GetBytes(text));
            context.Response.Close();
        }
    }
}
