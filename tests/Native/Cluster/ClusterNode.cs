using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Kist.Testing;

namespace Kist.Native.Tests.Cluster;

/// <summary>
/// One native server of a cluster, and its own way to the databases: a proxy to each, which a test can cut.
/// </summary>
public sealed class ClusterNode : IAsyncDisposable
{
    /// <summary>A node that has not answered by then counts as one that does not answer.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1.5);

    private readonly TcpProxy[] _ways;

    private ClusterNode(KistServer server, TcpProxy[] ways) => (Server, _ways) = (server, ways);

    /// <summary>The process.</summary>
    public KistServer Server { get; }

    /// <summary>
    /// Starts a node; <paramref name="databases"/> are the ports of the primary and its standbys, in the order in which
    /// they are tried, <paramref name="more"/> are further lines of its configuration.
    /// </summary>
    public static async Task<ClusterNode> StartAsync(string folder, IReadOnlyList<int> databases, string more = "")
    {
        var ways = databases.Select(port => new TcpProxy(port)).ToArray();
        var hosts = string.Join(',', ways.Select(way => $"127.0.0.1:{way.Port}"));
        var server = await KistServer.StartConfiguredAsync((own, port) => $$"""
            storage "postgresql" {
              max_parallel = 6
            }
            seal "keyfile" { path = "{{folder}}/seal.key" }
            listener "tcp" {
              address = "127.0.0.1:{{port}}"
              tls_disable = true
            }
            leadership_ttl = "2s"
            log_level = "debug"
            audit_file_dirs = ["{{folder}}/audit"]
            {{more}}
            """, environment: new Dictionary<string, string>
            {
                ["VAULT_PG_CONNECTION_URL"] = $"postgres://app@{hosts}/kist?sslmode=disable",
            });
        return new ClusterNode(server, ways);
    }

    /// <summary>Nothing passes between the node and its databases.</summary>
    public void Cut() => Array.ForEach(_ways, way => way.Pause());

    /// <summary>The node hears its databases and is not heard.</summary>
    public void CutToDatabase() => Array.ForEach(_ways, way => way.PauseToServer());

    /// <summary>The node is heard by its databases and does not hear them.</summary>
    public void CutFromDatabase() => Array.ForEach(_ways, way => way.PauseToClient());

    /// <summary>Everything passes, what was held back first.</summary>
    public void Heal() => Array.ForEach(_ways, way => way.Resume());

    /// <summary>Sends a request with the state that the client has seen.</summary>
    public async Task<Reply> SendAsync(string method, string path, string token, string? json, StateSeen seen)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(Server.Address, "v1/" + path));
        request.Headers.TryAddWithoutValidation("X-Vault-Token", token);
        if (seen.Header is { } header) request.Headers.TryAddWithoutValidation("X-Vault-Index", header);
        if (json is not null)
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(json))
            {
                Headers = { ContentType = new MediaTypeHeaderValue("application/json") },
            };
        using var timer = new CancellationTokenSource(s_patience);
        try
        {
            using var response = await Server.Http.SendAsync(request, timer.Token);
            var body = await response.Content.ReadAsStringAsync(timer.Token);
            var told = response.Headers.TryGetValues("X-Vault-Index", out var values)
                ? new StateSeen(values.Single())
                : StateSeen.None;
            return new Reply((int)response.StatusCode, body, told);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException)
        {
            return new Reply(0, e.Message, StateSeen.None);
        }
    }

    /// <summary>The status of <c>sys/health</c>; 0: no answer.</summary>
    public async Task<int> HealthAsync() => (await SendAsync("GET", "sys/health", "", null, StateSeen.None)).Status;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        foreach (var way in _ways) way.Dispose();
    }
}

/// <summary>An answer; status 0: there was none.</summary>
public sealed record Reply(int Status, string Body, StateSeen Told)
{
    /// <summary>Whether the request was answered with success.</summary>
    public bool IsDone => Status is 200 or 204;

    /// <summary>Whether it is certain that the request changed nothing.</summary>
    public bool IsRefused => Status is >= 400 and < 500;

    /// <summary>The body.</summary>
    public JsonNode Json => JsonNode.Parse(Body)!;
}

/// <summary>
/// How far a client has seen the store: an <c>X-Vault-Index</c>, taken apart as Vault's Go client does.
/// </summary>
public readonly record struct StateSeen(string? Header)
{
    /// <summary>Nothing was seen.</summary>
    public static StateSeen None => default;

    /// <summary>The store's revision; 0: nothing was seen.</summary>
    public long Revision => Header is null ? 0 : long.Parse(
        Encoding.ASCII.GetString(Convert.FromBase64String(Header)).Split(':')[2], CultureInfo.InvariantCulture);

    /// <summary>The newer of two.</summary>
    public StateSeen Or(StateSeen other) => other.Revision > Revision ? other : this;
}
