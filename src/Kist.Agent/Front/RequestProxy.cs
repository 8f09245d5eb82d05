using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using Kist.Agent.Answers;
using Kist.Agent.Configuration;
using Kist.Agent.Link;
using Kist.Secrets;

namespace Kist.Agent.Front;

/// <summary>
/// Passes requests on to the server with their path, headers and body as they are, and answers from memory what it may.
/// </summary>
internal sealed class RequestProxy(Access access, AgentConfig config)
{
    private const string TokenHeader = "X-Vault-Token";
    private const int MostKept = 1 << 20;

    /// <summary>Answers one request.</summary>
    public async Task AnswerAsync(AgentExchange http)
    {
        if (!http.Target.StartsWith('/'))
        {
            await http.SendErrorAsync(400, "the request names no path");
            return;
        }
        var (token, isAgents, refusal) = TokenOf(http);
        if (refusal is not null)
        {
            await http.SendErrorAsync(403, refusal);
            return;
        }
        if (config.Cache is not null && MayRemember(http) && (isAgents || token is not null))
        {
            var (answer, fault) = await access.ReadAsync(
                isAgents ? null : token, Space(http), http.Target, http.Aborted);
            using (answer)
            {
                if (answer is not null) await SendAsync(http, answer);
                else if (fault is not null) await FailAsync(http, fault);
                if (answer is not null || fault is not null) return;
            }
        }
        await PassOnAsync(http, token, isAgents);
    }

    /// <summary>Whose token goes along; the agent's is lent to no web page.</summary>
    private (string? Token, bool IsAgents, string? Refusal) TokenOf(AgentExchange http)
    {
        var own = http.Header(TokenHeader) is { Length: > 0 } header ? header : Bearer(http);
        var lends = config.TokenUse == TokenUse.AgentsAlways
            || (config.TokenUse == TokenUse.AgentsForNone && own is null);
        if (!lends || access.Keeper is null) return (own, false, null);
        if (http.Header("Origin") is not null || http.Header("Sec-Fetch-Site") is not null)
            return (null, true, "the agent lends its token to no web page: send a token of your own");
        return (access.Keeper.Current, true, null);
    }

    private static string? Bearer(AgentExchange http) =>
        http.Header("Authorization") is { } text && text.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase)
            && text.Length > 7 ? text[7..].Trim() : null;

    // Reads whose answer depends on nothing but path, namespace and token.
    private static bool MayRemember(AgentExchange http) =>
        http.Method == "GET" && http.Target.StartsWith("/v1/", StringComparison.Ordinal)
        && http.Target.Length <= 2048 && !http.HasBody && !http.Path.Contains('%')
        && !http.Path.Contains("//", StringComparison.Ordinal) && !http.Path.Contains("/.", StringComparison.Ordinal)
        && !http.Target.Contains("list=", StringComparison.Ordinal)
        && !http.Target.Contains("help=", StringComparison.Ordinal)
        && http.Header("X-Vault-Wrap-TTL") is null && http.Header("X-Vault-Index") is null
        && http.Header("X-Vault-MFA") is null && http.RequestHeaders.CacheControl.Count == 0;

    private string Space(AgentExchange http) =>
        http.Header("X-Vault-Namespace") ?? access.Link.Settings.Namespace ?? "";

    private static Task SendAsync(AgentExchange http, ReadAnswer answer)
    {
        var headers = http.AnswerHeaders;
        headers["X-Cache"] = answer.Source switch
        {
            AnswerSource.Memory => "HIT",
            AnswerSource.LastKnown => "STALE",
            _ => "MISS",
        };
        if (answer.Source != AnswerSource.Server)
            headers.Age = ((long)answer.Age.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        if (answer.Source == AnswerSource.LastKnown) headers.Warning = "110 kist \"the server is away\"";
        return http.SendAsync(answer.Status, answer.ContentType, answer.Body.WrittenMemory);
    }

    private Task FailAsync(AgentExchange http, LinkFault fault)
    {
        access.Metrics.Failed.Add();
        return http.SendErrorAsync(fault.IsTimeout ? 504 : 502, $"failed to get the response: {fault.Message}");
    }

    private async Task PassOnAsync(AgentExchange http, string? token, bool isAgents)
    {
        if (isAgents && token is null)
        {
            (token, var why) = await access.TokenAsync(http.Aborted);
            if (why is not null)
            {
                await FailAsync(http, why);
                return;
            }
        }
        var kept = await KeepBodyAsync(http);
        var lease = isAgents ? LeaseOf(http, kept) : null;
        if (lease is null)
        {
            await AskAsync(http, token, isAgents, kept, null);
            return;
        }
        if (await SendKeptAsync(http, lease)) return;
        // Who asks for the same at the same time gets the same lease.
        using var asking = await access.Leases.AskAsync(lease, http.Aborted);
        if (asking is null && await SendKeptAsync(http, lease)) return;
        await AskAsync(http, token, isAgents, kept, lease);
    }

    private LeaseRequest? LeaseOf(AgentExchange http, byte[]? body) =>
        config.Cache is null || (http.HasBody && body is null) || http.Header("X-Vault-Wrap-TTL") is not null
        || http.RequestHeaders.CacheControl.Count > 0
            ? null : LeaseRequest.Of(http.Method, Space(http), http.Target, body);

    private async Task<bool> SendKeptAsync(AgentExchange http, LeaseRequest lease)
    {
        using var known = access.Leases.Find(lease);
        if (known is null) return false;
        access.Metrics.Hits.Add();
        await SendAsync(http, known);
        return true;
    }

    private async Task AskAsync(
        AgentExchange http, string? token, bool isAgents, byte[]? kept, LeaseRequest? lease)
    {
        var (response, fault) = await SendAsync(http, token, isAgents, kept);
        if (response is { StatusCode: HttpStatusCode.Forbidden } && isAgents && (kept is not null || !http.HasBody)
            && await access.Keeper!.SuspectAsync(token!, http.Aborted) && access.Keeper.Current is { } other)
        {
            response.Dispose();
            (response, fault) = await SendAsync(http, other, isAgents, kept);
        }
        if (response is null)
        {
            await FailAsync(http, fault!);
            return;
        }
        using (response)
        {
            if (response.IsSuccessStatusCode && http.Method is "POST" or "PUT")
                Revoked(http.Path, kept, token, isAgents);
            if (response.StatusCode == HttpStatusCode.SwitchingProtocols)
                await UpgradedConnection.CarryAsync(http, response);
            else await SendBackAsync(http, response, lease);
        }
    }

    private void Revoked(string path, byte[]? body, string? token, bool isAgents)
    {
        if (!path.StartsWith("/v1/", StringComparison.Ordinal) || !Revocation.Follow(access.Leases, path[4..], body))
            return;
        // The agent's own may be among what has ended: so that it does not lend a dead one.
        if (access.Keeper is { Current: { } own } keeper && (isAgents || token is not null))
            _ = keeper.SuspectAsync(own, CancellationToken.None);
    }

    // A small body is kept, so that it can be sent again; a large one flows through.
    private static async Task<byte[]?> KeepBodyAsync(AgentExchange http)
    {
        if (!http.HasBody || http.RequestHeaders.ContentLength is not (>= 0 and <= MostKept and var length))
            return null;
        var body = new byte[(int)length];
        await http.RequestBody.ReadExactlyAsync(body, http.Aborted);
        return body;
    }

    private async Task<(HttpResponseMessage? Response, LinkFault? Fault)> SendAsync(
        AgentExchange http, string? token, bool isAgents, byte[]? kept)
    {
        using var message = new HttpRequestMessage(new HttpMethod(http.Method), access.Link.At(http.Target));
        if (http.HasBody)
            message.Content = kept is not null ? new ByteArrayContent(kept) : new StreamContent(http.RequestBody);
        if (http.HasBody && kept is null && http.RequestHeaders.ContentLength is { } length)
            message.Content!.Headers.ContentLength = length;
        foreach (var (name, values) in http.RequestHeaders)
        {
            if (!AgentExchange.PassesOn(name) || name.Equals(TokenHeader, StringComparison.OrdinalIgnoreCase)
                || (isAgents && name.Equals("Authorization", StringComparison.OrdinalIgnoreCase))) continue;
            foreach (var value in values)
                if (!message.Headers.TryAddWithoutValidation(name, value))
                    message.Content?.Headers.TryAddWithoutValidation(name, value);
        }
        if (isAgents || http.Header(TokenHeader) is { Length: > 0 })
            message.Headers.TryAddWithoutValidation(TokenHeader, token);
        if (http.AsksForWebSocket)
        {
            message.Headers.TryAddWithoutValidation("Connection", "Upgrade");
            message.Headers.TryAddWithoutValidation("Upgrade", "websocket");
        }
        if (http.Header("X-Vault-Namespace") is null && access.Link.Settings.Namespace is { } space)
            message.Headers.TryAddWithoutValidation("X-Vault-Namespace", space);
        return await access.Link.SendAsync(message, access.Link.Settings.Timeout, http.Aborted);
    }

    private async Task SendBackAsync(AgentExchange http, HttpResponseMessage response, LeaseRequest? lease)
    {
        var status = (int)response.StatusCode;
        (status >= 400 ? access.Metrics.Refused : access.Metrics.Proxied).Add();
        http.Begin(status);
        foreach (var (name, values) in response.Headers.Concat(response.Content.Headers))
            if (AgentExchange.PassesOn(name)) http.AnswerHeaders[name] = values.ToArray();
        if (config.Cache is not null && http.Method == "GET") http.AnswerHeaders["X-Cache"] = "MISS";
        if (response.Content.Headers.ContentLength is { } length && status is not (204 or 304))
            http.AnswerHeaders.ContentLength = length;
        if (http.Method == "HEAD" || status is 204 or 304) return;
        await using var body = await response.Content.ReadAsStreamAsync(http.Aborted);
        if (lease is not null && status == 200 && response.Content.Headers.ContentLength is > 0 and <= MostKept
            && response.Content.Headers.ContentType is { MediaType: "application/json" } type)
            await SendAndKeepAsync(http, body, lease, type.ToString());
        else await CopyAsync(http, body);
    }

    private async Task SendAndKeepAsync(AgentExchange http, Stream body, LeaseRequest lease, string type)
    {
        using var whole = new SecretWriter(4096);
        while (await body.ReadAsync(whole.GetMemory(4096), http.Aborted) is > 0 and var count) whole.Advance(count);
        access.Leases.Keep(lease, whole.WrittenMemory, type);
        await http.AnswerBody.WriteAsync(whole.WrittenMemory, http.Aborted);
    }

    // Piece by piece as they come: a stream of events has no end.
    private static async Task CopyAsync(AgentExchange http, Stream body)
    {
        var piece = new byte[32 << 10];
        try
        {
            while (await body.ReadAsync(piece, http.Aborted) is > 0 and var count)
            {
                await http.AnswerBody.WriteAsync(piece.AsMemory(0, count), http.Aborted);
                await http.AnswerBody.FlushAsync(http.Aborted);
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(piece);
        }
    }
}
