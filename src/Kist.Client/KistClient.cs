using System.Text.Json;
using Kist.Client.Api;
using Kist.Client.Caching;
using Kist.Client.Http;
using Kist.Client.Logging;
using Kist.Client.Logins;
using Kist.Secrets;
using Microsoft.Extensions.Logging;

namespace Kist.Client;

/// <summary>
/// Kist's or Vault's API for a process that runs for long: it logs in by itself and stays so, waits out what passes,
/// and reads secrets once (<see cref="Secrets"/>). One for the whole process; safe for any number of threads.
/// </summary>
public sealed class KistClient : IAsyncDisposable, IDisposable
{
    private readonly Transport _transport;
    private readonly LoginSession? _session;
    private readonly ILogger _log;

    /// <summary>A client; nothing is sent before the first call. Throws <see cref="KistException"/> when the options
    /// are wrong.</summary>
    public KistClient(KistClientOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _transport = new Transport(options);
        _session = options.Login is { } login ? new LoginSession(_transport, login, options) : null;
        Clock = options.Clock;
        _log = options.Logging.CreateLogger("Kist.Client");
        Secrets = new SecretCache(this, options);
    }

    /// <summary>A client by the environment, see <see cref="KistClientOptions.FromEnvironment"/>.</summary>
    public KistClient() : this(KistClientOptions.FromEnvironment())
    {
    }

    /// <summary>The secrets that this process uses, cached and kept fresh.</summary>
    public SecretCache Secrets { get; }

    /// <summary>Tokens.</summary>
    public TokenApi Tokens => new(this);

    /// <summary>Leases.</summary>
    public LeaseApi Leases => new(this);

    /// <summary>Answers in single-use tokens.</summary>
    public WrappingApi Wrapping => new(this);

    /// <summary>The server itself: health, mounts, policies.</summary>
    public SysApi Sys => new(this);

    /// <summary>The server's seal.</summary>
    public SealApi Seal => new(this);

    /// <summary>Where the audit is written to.</summary>
    public AuditApi Audit => new(this);

    /// <summary>How many requests are taken.</summary>
    public QuotaApi Quotas => new(this);

    /// <summary>People, programs and groups.</summary>
    public IdentityApi Identity => new(this);

    /// <summary>The users of a mount of user names and passwords.</summary>
    public UserPassApi Users(string mount = "userpass") => new(this, mount);

    /// <summary>A mount of kv version 1.</summary>
    public UnversionedKv Kv1(string mount) => new(this, mount);

    /// <summary>A mount of kv version 2.</summary>
    public VersionedKv Kv2(string mount) => new(this, mount);

    /// <summary>Reads a path of any engine, past the cache; null when there is nothing (404). Dispose the answer.
    /// </summary>
    public async Task<KistResponse?> ReadAsync(string path, CancellationToken ct = default)
    {
        var answer = await SendAsync(new ApiRequest(HttpMethod.Get, ApiPath.Join(path)) { Accepts = OkOrAbsent }, ct);
        return NullIfAbsent(answer);
    }

    /// <summary>The names below a path, folders with a slash at the end; empty when there is nothing.</summary>
    public async Task<IReadOnlyList<string>> ListAsync(string path, CancellationToken ct = default)
    {
        using var answer = await SendAsync(
            new ApiRequest(ApiRequest.List, ApiPath.Join(path)) { Accepts = OkOrAbsent }, ct);
        return answer.Data.Member("keys").Texts();
    }

    /// <summary>
    /// Writes to a path of any engine: <paramref name="body"/> writes the members of the object that is sent. Dispose
    /// the answer.
    /// </summary>
    /// <param name="wrapFor">Asks for the answer in a single-use token that lives so long.</param>
    public async Task<KistResponse> WriteAsync(
        string path, Action<Utf8JsonWriter>? body = null, TimeSpan? wrapFor = null, CancellationToken ct = default)
    {
        using var bytes = Json(body ?? (static _ => { }));
        return await SendAsync(
            new ApiRequest(HttpMethod.Post, ApiPath.Join(path), bytes.WrittenMemory) { WrapFor = wrapFor }, ct);
    }

    /// <summary>Changes some members of what is at a path (a merge patch). Dispose the answer.</summary>
    public async Task<KistResponse> PatchAsync(
        string path, Action<Utf8JsonWriter> body, CancellationToken ct = default)
    {
        using var bytes = Json(body);
        return await SendAsync(new ApiRequest(HttpMethod.Patch, ApiPath.Join(path), bytes.WrittenMemory), ct);
    }

    /// <summary>Deletes what is at a path; no failure when there is nothing.</summary>
    public async Task DeleteAsync(string path, CancellationToken ct = default)
    {
        using var answer = await SendAsync(
            new ApiRequest(HttpMethod.Delete, ApiPath.Join(path)) { Accepts = OkOrAbsent }, ct);
    }

    /// <summary>Ends the work in the background and zeroes the token.</summary>
    public async ValueTask DisposeAsync()
    {
        await Secrets.DisposeAsync();
        if (_session is not null) await _session.DisposeAsync();
        _transport.Dispose();
    }

    /// <summary>As <see cref="DisposeAsync"/>, but waits for nothing.</summary>
    public void Dispose() => _ = DisposeAsync().AsTask();

    internal TimeProvider Clock { get; }

    /// <summary>Says that a configuration could not be made anew.</summary>
    internal void ToldNotReloaded(string reason) => ClientLog.NotReloaded(_log, reason);

    /// <summary>Throws <see cref="KistException"/> when no token is to be had, or it is not valid any more.</summary>
    internal async Task CheckLoginAsync(CancellationToken ct)
    {
        if (_session is not null) (await SendAsync(LoginSession.LookUp, ct)).Dispose();
    }

    /// <summary>How often this client has logged in.</summary>
    internal int LoginCount => _session?.LoginCount ?? 0;

    internal static bool OkOrAbsent(int status) => status is (>= 200 and < 300) or 404;

    internal static KistResponse? NullIfAbsent(KistResponse answer)
    {
        // A 404 with data is kv version 2's word on a deleted version.
        if (answer.Status != System.Net.HttpStatusCode.NotFound || answer.Data.ValueKind == JsonValueKind.Object)
            return answer;
        answer.Dispose();
        return null;
    }

    /// <summary>An object whose members <paramref name="body"/> writes.</summary>
    internal static SecretWriter Json(Action<Utf8JsonWriter> body)
    {
        var bytes = new SecretWriter();
        using var json = new Utf8JsonWriter(bytes);
        json.WriteStartObject();
        body(json);
        json.WriteEndObject();
        json.Flush();
        return bytes;
    }

    /// <summary>Sends with the token, and once more with another one if that was not valid any more.</summary>
    internal async Task<KistResponse> SendAsync(ApiRequest request, CancellationToken ct)
    {
        if (_session is null || request.IsAnonymous) return await _transport.SendAsync(request, null, ct);
        var token = await _session.TokenAsync(ct);
        try
        {
            return await _transport.SendAsync(request, token.Token, ct);
        }
        catch (KistException e) when (e.Failure == KistFailure.Denied)
        {
            if (await _session.AfterRefusalAsync(token, ct) is not { } another) throw;
            return await _transport.SendAsync(request, another.Token, ct);
        }
    }

    /// <summary>Opens a stream of events; a refusal is an exception.</summary>
    internal async Task<HttpResponseMessage> OpenAsync(ApiRequest request, string? lastEventId, CancellationToken ct)
    {
        var token = _session is null ? null : await _session.TokenAsync(ct);
        var answer = await _transport.OpenAsync(request, token?.Token, lastEventId, ct);
        if (answer.StatusCode == System.Net.HttpStatusCode.Forbidden && token is not null
            && await _session!.AfterRefusalAsync(token, ct) is { } another)
        {
            answer.Dispose();
            answer = await _transport.OpenAsync(request, another.Token, lastEventId, ct);
        }
        if (answer.IsSuccessStatusCode) return answer;
        using (answer) throw await ServerAnswer.FailureAsync(answer, request, 1 << 20, ct);
    }
}
