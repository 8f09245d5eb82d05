using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace Kist.Contract.Tests;

/// <summary>The replayer against a server that notes what comes and answers from a list.</summary>
public sealed class ReplayerTests
{
    [Fact]
    public async Task AStepSendsExactlyWhatWasRecorded()
    {
        await using var server = new ScriptedServer("204", "204", "204");

        var failures = await server.PlayAsync("""
            {"steps":[
              {"method":"LIST","path":"/v1/a/../b//c%2fd e?x=1","token":"none",
               "headers":{"X-Vault-Request":null,"X-A":"b"}},
              {"method":"POST","path":"/v1/ü","body":{"k":"$root"}},
              {"method":"PUT","path":"/v1/x","token":"other","raw":"{bad"}
            ]}
            """);

        Assert.Empty(failures);
        var requests = server.Requests.ToArray();
        Assert.StartsWith("LIST /v1/a/../b//c%2fd%20e?x=1 HTTP/1.1\n", requests[0]);
        Assert.Contains("\nX-A: b\n", requests[0]);
        Assert.DoesNotContain("X-Vault", requests[0]);
        Assert.StartsWith("POST /v1/%C3%BC HTTP/1.1\n", requests[1]);
        Assert.Contains("\nX-Vault-Token: tok\n", requests[1]);
        Assert.Contains("\nX-Vault-Request: true\n", requests[1]);
        Assert.EndsWith("\n\n{\"k\":\"tok\"}", requests[1]);
        Assert.Contains("\nX-Vault-Token: other\n", requests[2]);
        Assert.DoesNotContain("Content-Type", requests[2]);
        Assert.EndsWith("\n\n{bad", requests[2]);
    }

    [Fact]
    public async Task ASavedFieldIsUsedLater()
    {
        await using var server = new ScriptedServer("200 {\"data\":{\"v\":3}}", "200 {\"version\":3}");

        var failures = await server.PlayAsync("""
            {"steps":[
              {"method":"GET","path":"/v1/a","save":{"v":"data.v"}},
              {"method":"GET","path":"/v1/a/$v","expect":{"status":200,"body":{"version":"$v"}}}
            ]}
            """);

        Assert.Empty(failures);
        Assert.StartsWith("GET /v1/a/3 ", server.Requests.Last());
    }

    [Fact]
    public async Task ARetryPollsUntilTheAnswerIsAsExpected()
    {
        await using var server = new ScriptedServer("404", "404", "200");

        var failures = await server.PlayAsync(
            """{"steps":[{"method":"GET","path":"/v1/a","retry":20,"expect":{"status":200}}]}""");

        Assert.Empty(failures);
        Assert.Equal(3, server.Requests.Count);
    }

    [Fact]
    public async Task AFailedSetUpIsTriedOnceMoreAfterTheCleanUp()
    {
        await using var server = new ScriptedServer("400", "204", "204", "204", "204");

        var failures = await server.PlayAsync("""
            {"setup":[{"method":"POST","path":"/v1/setup"}],
             "steps":[{"method":"GET","path":"/v1/step"}],
             "cleanup":[{"method":"DELETE","path":"/v1/clean"}]}
            """);

        Assert.Empty(failures);
        Assert.Equal(
            ["POST /v1/setup", "DELETE /v1/clean", "POST /v1/setup", "GET /v1/step", "DELETE /v1/clean"],
            server.Requests.Select(r => string.Join(' ', r.Split(' ').Take(2))));
    }

    [Fact]
    public async Task EveryFailingStepIsReportedAndTheCleanUpRuns()
    {
        await using var server = new ScriptedServer("200 {\"a\":1}", "403", "204");

        var failures = await server.PlayAsync("""
            {"steps":[
              {"method":"GET","path":"/v1/one","expect":{"status":200,"body":{"a":2}}},
              {"method":"GET","path":"/v1/two","expect":{"status":200}}],
             "cleanup":[{"method":"DELETE","path":"/v1/clean"}]}
            """);

        Assert.Equal(2, failures.Count);
        Assert.Equal("step 0 GET /v1/one\n    a: expected 2, got 1", failures[0]);
        Assert.Contains("(status): expected 200, got 403", failures[1]);
        Assert.StartsWith("DELETE /v1/clean ", server.Requests.Last());
    }

    [Fact]
    public async Task AServerThatDoesNotAnswerIsAFailure()
    {
        await using var server = new ScriptedServer();

        var failures = await server.PlayAsync("""{"steps":[{"method":"GET","path":"/v1/a"}]}""");

        Assert.Contains("(connection)", Assert.Single(failures));
    }

    /// <summary>Gives each connection the next of its answers ("STATUS BODY"); after the last it hangs up.</summary>
    private sealed class ScriptedServer : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false });
        private readonly CancellationTokenSource _ended = new();
        private readonly Task _loop;

        public ScriptedServer(params string[] answers)
        {
            _listener.Start();
            _loop = ServeAsync(answers);
        }

        public ConcurrentQueue<string> Requests { get; } = new();

        public Task<List<string>> PlayAsync(string scenario)
        {
            var address = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/");
            return new Replayer(_http, address).PlayAsync(JsonNode.Parse(scenario)!.AsObject(), "tok");
        }

        public async ValueTask DisposeAsync()
        {
            _http.Dispose();
            await _ended.CancelAsync();
            await _loop;
            _listener.Dispose();
            _ended.Dispose();
        }

        private async Task ServeAsync(string[] answers)
        {
            var next = 0;
            try
            {
                while (true)
                {
                    using var client = await _listener.AcceptTcpClientAsync(_ended.Token);
                    if (next == answers.Length) continue;
                    Requests.Enqueue(await ReadAsync(client.GetStream()));
                    var (status, body) = (answers[next][..3], answers[next][3..].TrimStart());
                    next++;
                    var head = $"HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {body.Length}\r\n\r\n";
                    await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(head + body));
                }
            }
            catch (OperationCanceledException)
            {
                // The test is over.
            }
        }

        private static async Task<string> ReadAsync(NetworkStream stream)
        {
            using var reader = new StreamReader(stream, Encoding.UTF8, leaveOpen: true);
            var head = new StringBuilder();
            var length = 0;
            while (await reader.ReadLineAsync() is { Length: > 0 } line)
            {
                head.Append(line).Append('\n');
                if (line.StartsWith("Content-Length: ", StringComparison.Ordinal)) length = int.Parse(line[16..]);
            }
            var body = new char[length];
            if (length > 0) await reader.ReadBlockAsync(body);
            return $"{head}\n{new string(body)}";
        }
    }
}
