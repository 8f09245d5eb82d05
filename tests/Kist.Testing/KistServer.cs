using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;

namespace Kist.Testing;

/// <summary>
/// A kist server in a process of its own, on a free loopback port, with its data in a temporary folder that is removed
/// with it. Start it in dev mode or with a configuration; stop, kill and restart it on the same data.
/// </summary>
public sealed class KistServer : IAsyncDisposable
{
    /// <summary>The root token of a dev server that is started here.</summary>
    public const string DevRootToken = "root";

    private static readonly TimeSpan s_startLimit = TimeSpan.FromSeconds(30);
    private readonly HttpClient _http;
    private readonly IReadOnlyList<string> _arguments;
    private readonly IReadOnlyDictionary<string, string>? _environment;
    private readonly Action<Action> _starter;
    private readonly StringBuilder _earlierOutput = new();
    private KistProcess _process;

    private KistServer(ServerPlan plan, KistProcess process)
    {
        _arguments = plan.Arguments;
        _environment = plan.Environment;
        _starter = plan.Starter;
        _process = process;
        Directory = plan.Directory;
        Address = plan.Address;
        _http = NewClient();
    }

    /// <summary>Where it listens, for example <c>http://127.0.0.1:41873/</c>.</summary>
    public Uri Address { get; }

    /// <summary>Its folder: working directory, HOME, and the place for its store and logs.</summary>
    public string Directory { get; }

    /// <summary>The id of the process that runs now.</summary>
    public int ProcessId => _process.Id;

    /// <summary>True while the process runs.</summary>
    public bool IsRunning => !_process.HasExited;

    /// <summary>What all its processes have written so far.</summary>
    public string Log => _earlierOutput + _process.Output;

    /// <summary>A client that follows no redirects, keeps no cookies and accepts the test's certificate.</summary>
    public HttpClient Http => _http;

    /// <summary>Starts <c>kist server -dev</c> with the root token <see cref="DevRootToken"/>.</summary>
    public static Task<KistServer> StartDevAsync(params string[] moreArguments) =>
        StartAsync((directory, port) => new ServerPlan
        {
            Directory = directory,
            Address = new Uri($"http://127.0.0.1:{port}/"),
            Arguments =
            [
                "server", "-dev", $"-dev-root-token-id={DevRootToken}", $"-dev-listen-address=127.0.0.1:{port}",
                .. moreArguments,
            ],
        });

    /// <summary>
    /// Starts <c>kist server -config=FILE</c>. <paramref name="configuration"/> gets the server's folder and its port
    /// and returns the text of the file; <paramref name="scheme"/> is https when the listener has TLS.
    /// </summary>
    public static Task<KistServer> StartConfiguredAsync(
        Func<string, int, string> configuration, string scheme = "http",
        IReadOnlyDictionary<string, string>? environment = null) =>
        StartAsync((directory, port) =>
        {
            var file = Path.Combine(directory, "kist.hcl");
            File.WriteAllText(file, configuration(directory, port));
            return new ServerPlan
            {
                Directory = directory,
                Address = new Uri($"{scheme}://127.0.0.1:{port}/"),
                Arguments = ["server", $"-config={file}"],
                Environment = environment,
            };
        });

    /// <summary>
    /// Starts <c>kist server --start</c>: set up from nothing, unsealed, on SQLite, with an audit file. Its folders are
    /// those of <see cref="QuickStartFiles"/>.
    /// </summary>
    public static Task<KistServer> StartQuickAsync(params string[] moreArguments) =>
        StartQuickByAsync(static begin => begin(), moreArguments);

    /// <summary>As above; <paramref name="starter"/> makes the process (see <see cref="KistProcess.StartBy"/>), at each
    /// restart too.</summary>
    public static Task<KistServer> StartQuickByAsync(Action<Action> starter, params string[] moreArguments) =>
        StartAsync((directory, port) => new ServerPlan
        {
            Directory = directory,
            Address = new Uri($"http://127.0.0.1:{port}/"),
            Arguments =
                ["server", "--start", Path.Combine(directory, "kist"), "--listen", $"127.0.0.1:{port}",
                    .. moreArguments],
            Starter = starter,
        });

    /// <summary>Where a server of <see cref="StartQuickAsync"/> keeps what it made.</summary>
    public QuickStartFiles QuickStart => new(Directory);

    /// <summary>Sends one request and returns the answer whole, whatever its status.</summary>
    /// <param name="method">Any verb, also LIST.</param>
    /// <param name="path">Sent as it stands, so that <c>..</c>, <c>//</c> and <c>%2f</c> reach the server.</param>
    /// <param name="token">The X-Vault-Token header; null: none.</param>
    /// <param name="json">The body; null: none.</param>
    /// <param name="headers">Further headers.</param>
    public async Task<Answer> SendAsync(
        string method, string path, string? token = null, string? json = null,
        params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), ExactUri(path));
        if (token is not null) request.Headers.TryAddWithoutValidation("X-Vault-Token", token);
        request.Headers.TryAddWithoutValidation("X-Vault-Request", "true");
        if (json is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(json));
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }
        foreach (var (name, value) in headers)
            if (!request.Headers.TryAddWithoutValidation(name, value))
                request.Content?.Headers.TryAddWithoutValidation(name, value);
        using var response = await _http.SendAsync(request);
        return await Answer.ReadAsync(response);
    }

    /// <summary>Sends bytes on a fresh connection (no TLS) and returns all that comes back until the server closes it
    /// or <paramref name="limit"/> (default: 5 s) is over.</summary>
    public async Task<string> SendRawAsync(ReadOnlyMemory<byte> request, TimeSpan? limit = null)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(Address.Host, Address.Port);
        var stream = client.GetStream();
        using var timer = new CancellationTokenSource(limit ?? TimeSpan.FromSeconds(5));
        using var answer = new MemoryStream();
        try
        {
            await stream.WriteAsync(request, timer.Token);
            await stream.CopyToAsync(answer, timer.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // The server may cut the connection at any byte; what it said until then is the answer.
        }
        return Encoding.Latin1.GetString(answer.ToArray());
    }

    /// <summary>Sends a signal to the process, see <see cref="Signals"/>.</summary>
    public void Signal(int signal) => _process.Signal(signal);

    /// <summary>Asks the server to end (SIGTERM) and returns its exit code.</summary>
    /// <exception cref="TimeoutException">It still runs after <paramref name="limit"/> (default: 15 s).</exception>
    public Task<int> StopAsync(TimeSpan? limit = null)
    {
        _process.Signal(Signals.Terminate);
        return WaitForExitAsync(limit);
    }

    /// <summary>Waits until the server has ended by itself or a signal, and returns its exit code.</summary>
    /// <exception cref="TimeoutException">It still runs after <paramref name="limit"/> (default: 15 s).</exception>
    public Task<int> WaitForExitAsync(TimeSpan? limit = null) =>
        _process.WaitForExitAsync(limit ?? TimeSpan.FromSeconds(15));

    /// <summary>Ends the server as a power cut would (SIGKILL).</summary>
    public Task KillAsync()
    {
        _process.Signal(Signals.Kill);
        return WaitForExitAsync();
    }

    /// <summary>Starts it again on the same port and data, after it was stopped or killed.</summary>
    public async Task RestartAsync()
    {
        if (IsRunning) throw new InvalidOperationException("stop or kill the server first");
        _earlierOutput.Append(_process.Output);
        _process.Dispose();
        _process = KistProcess.StartBy(_starter, Directory, _arguments, _environment);
        if (!await BecomesReadyAsync(_process, Address))
            throw new InvalidOperationException("kist did not start again. Its output:\n" + Log);
    }

    /// <summary>Kills the server if it still runs and removes its folder.</summary>
    public ValueTask DisposeAsync()
    {
        _http.Dispose();
        _process.Dispose();
        if (System.IO.Directory.Exists(Directory)) System.IO.Directory.Delete(Directory, recursive: true);
        return ValueTask.CompletedTask;
    }

    private static async Task<KistServer> StartAsync(Func<string, int, ServerPlan> plan)
    {
        const int attempts = 5;
        for (var attempt = 1; ; attempt++)
        {
            var directory = System.IO.Directory.CreateTempSubdirectory("kist-server-").FullName;
            var planned = plan(directory, Loopback.FreePort());
            var process = KistProcess.StartBy(
                planned.Starter, directory, planned.Arguments, planned.Environment);
            if (await BecomesReadyAsync(process, planned.Address)) return new KistServer(planned, process);
            var output = process.Output;
            process.Dispose();
            System.IO.Directory.Delete(directory, recursive: true);
            // Somebody else took the port between our look and the server's start: the only reason to try once more.
            if (attempt == attempts || !output.Contains("in use", StringComparison.OrdinalIgnoreCase))
                throw new InvalidOperationException($"{KistBinary.Path} did not start. Its output:\n{output}");
        }
    }

    /// <summary>True when the server answers, in whatever state; false when it ended or never answered.</summary>
    private static async Task<bool> BecomesReadyAsync(KistProcess process, Uri address)
    {
        using var client = NewClient();
        using var timer = new CancellationTokenSource(s_startLimit);
        while (!process.HasExited && !timer.IsCancellationRequested)
        {
            try
            {
                using var answer = await client.GetAsync(new Uri(address, "v1/sys/health"), timer.Token);
                return !process.HasExited;
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20), CancellationToken.None);
            }
        }
        if (process.HasExited) await process.WaitForExitAsync(TimeSpan.FromSeconds(5)); // for the rest of its output
        return false;
    }

    private static HttpClient NewClient() => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true },
    });

    private Uri ExactUri(string path) =>
        new(Address.GetLeftPart(UriPartial.Authority) + path,
            new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });

    /// <summary>What starts one server.</summary>
    private sealed record ServerPlan
    {
        public required string Directory { get; init; }
        public required Uri Address { get; init; }
        public required IReadOnlyList<string> Arguments { get; init; }
        public IReadOnlyDictionary<string, string>? Environment { get; init; }
        public Action<Action> Starter { get; init; } = static begin => begin();
    }
}
