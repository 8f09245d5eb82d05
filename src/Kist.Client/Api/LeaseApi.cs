using Kist.Client.Http;

namespace Kist.Client.Api;

/// <summary>Leases: <c>sys/leases</c>.</summary>
public sealed class LeaseApi
{
    private readonly KistClient _client;

    internal LeaseApi(KistClient client) => _client = client;

    /// <summary>Lengthens a lease and returns how long it lasts from now.</summary>
    public async Task<TimeSpan> RenewAsync(string leaseId, TimeSpan? duration = null, CancellationToken ct = default)
    {
        using var answer = await _client.WriteAsync("sys/leases/renew", json =>
        {
            json.WriteString("lease_id", leaseId);
            if (duration is { } time) json.WriteNumber("increment", (long)time.TotalSeconds);
        }, null, ct);
        return answer.LeaseDuration;
    }

    /// <summary>How long a lease still lasts; null when there is none of this id.</summary>
    public async Task<TimeSpan?> LookUpAsync(string leaseId, CancellationToken ct = default)
    {
        using var bytes = KistClient.Json(json => json.WriteString("lease_id", leaseId));
        using var answer = await _client.SendAsync(
            new ApiRequest(HttpMethod.Post, "sys/leases/lookup", bytes.WrittenMemory)
            {
                Accepts = static status => status is 200 or 400 or 404,
            }, ct);
        return answer.Status == System.Net.HttpStatusCode.OK ? answer.Data.Member("ttl").Seconds() : null;
    }

    /// <summary>Ends a lease and what was leased by it.</summary>
    public async Task RevokeAsync(string leaseId, CancellationToken ct = default) => (await _client.WriteAsync(
        "sys/leases/revoke", json => json.WriteString("lease_id", leaseId), null, ct)).Dispose();

    /// <summary>Ends all leases whose ids begin so.</summary>
    public async Task RevokePrefixAsync(string prefix, CancellationToken ct = default) =>
        (await _client.WriteAsync($"sys/leases/revoke-prefix/{prefix}", null, null, ct)).Dispose();
}
