using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Kist.Client.Hosting;

/// <summary>
/// Whether secrets can be read: unhealthy when the server cannot be asked and nothing stands in, or this process's
/// login is refused; degraded when last known values stand in. It asks the server once and reads no secret.
/// </summary>
internal sealed class KistHealthCheck(KistClient client) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var standing = client.Secrets.StandInCount;
        try
        {
            var server = await client.Sys.HealthAsync(cancellationToken);
            if (server is { IsSealed: true } or { IsInitialized: false })
                return Failed("the server is sealed or not set up", null, standing);
            await client.CheckLoginAsync(cancellationToken);
            return standing == 0 ? HealthCheckResult.Healthy(client.Secrets.IsPushed ? "pushed" : "cached")
                : HealthCheckResult.Degraded($"{standing} secrets are the last known ones");
        }
        catch (KistException e)
        {
            return Failed(e.Message, e, standing);
        }
    }

    private HealthCheckResult Failed(string why, KistException? e, int standing) => client.Secrets.HasAny
        && e is null or { IsTransient: true }
        ? HealthCheckResult.Degraded($"{why}; {standing} secrets are the last known ones", e)
        : HealthCheckResult.Unhealthy(why, e);
}
