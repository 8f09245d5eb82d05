using Kist.Client.Http;

namespace Kist.Client.Api;

/// <summary>How many requests a path takes.</summary>
/// <param name="Path">The path; empty: all.</param>
/// <param name="Rate">How many.</param>
/// <param name="Interval">In which time.</param>
public sealed record RateLimit(string Path, double Rate, TimeSpan Interval);

/// <summary>How many requests are taken: <c>sys/quotas/rate-limit</c>.</summary>
public sealed class QuotaApi
{
    private readonly KistClient _client;

    internal QuotaApi(KistClient client) => _client = client;

    /// <summary>The names of the limits.</summary>
    public Task<IReadOnlyList<string>> ListAsync(CancellationToken ct = default) =>
        _client.ListAsync("sys/quotas/rate-limit", ct);

    /// <summary>A limit; null when there is none of this name.</summary>
    public async Task<RateLimit?> ReadAsync(string name, CancellationToken ct = default)
    {
        using var answer = await _client.ReadAsync(At(name), ct);
        if (answer is null) return null;
        var rate = answer.Data.Member("rate");
        return new RateLimit(answer.Data.Member("path").Text() ?? "",
            rate.ValueKind == System.Text.Json.JsonValueKind.Number ? rate.GetDouble() : 0,
            answer.Data.Member("interval").Seconds());
    }

    /// <summary>Sets a limit.</summary>
    public async Task WriteAsync(string name, RateLimit limit, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(limit);
        using var answer = await _client.WriteAsync(At(name), json =>
        {
            json.WriteString("path", limit.Path);
            json.WriteNumber("rate", limit.Rate);
            json.WriteString("interval", $"{(long)limit.Interval.TotalSeconds}s");
        }, null, ct);
    }

    /// <summary>Removes a limit.</summary>
    public Task DeleteAsync(string name, CancellationToken ct = default) => _client.DeleteAsync(At(name), ct);

    private static string At(string name) => ApiPath.Join("sys/quotas/rate-limit", name);
}
