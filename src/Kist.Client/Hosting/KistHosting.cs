using Kist.Client.Configuration;
using Kist.Client.Logging;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace Kist.Client.Hosting;

/// <summary>Kist in an application's host.</summary>
public static class KistHosting
{
    /// <summary>
    /// All at once: the references in the configuration are resolved (sources added later are not looked into), logs
    /// are cleared of the values, and <see cref="KistClient"/> is a service. The client is set up by the environment
    /// (<c>KIST_ADDR</c>, <c>KIST_TOKEN</c> …) unless <paramref name="configure"/> says otherwise. With neither an
    /// address nor a reference nothing is sent anywhere.
    /// </summary>
    public static TBuilder AddKist<TBuilder>(this TBuilder builder, Action<KistClientOptions>? configure = null,
        Action<KistConfigurationOptions>? settings = null) where TBuilder : IHostApplicationBuilder
    {
        var options = KistClientOptions.FromEnvironment();
        configure?.Invoke(options);
        var client = new KistClient(options);
        builder.Configuration.AddKist(client, settings);
        builder.Services.AddKist(client);
        builder.Services.AddKistRedaction();
        return builder;
    }

    /// <summary>Makes a client a service, which the host disposes.</summary>
    public static IServiceCollection AddKist(this IServiceCollection services, KistClient client)
    {
        // By a factory: what is given as an instance is not disposed.
        return services.AddSingleton(_ => client).AddSingleton(static p => p.GetRequiredService<KistClient>().Secrets);
    }

    /// <summary>Makes a client a service, set up by the environment unless <paramref name="configure"/> says otherwise.
    /// </summary>
    public static IServiceCollection AddKist(
        this IServiceCollection services, Action<KistClientOptions>? configure = null)
    {
        services.AddSingleton(_ =>
        {
            var options = KistClientOptions.FromEnvironment();
            configure?.Invoke(options);
            return new KistClient(options);
        });
        return services.AddSingleton(static p => p.GetRequiredService<KistClient>().Secrets);
    }

    /// <summary>
    /// Says whether secrets can be read: degraded while last known values stand in, unhealthy when there is nothing.
    /// </summary>
    public static IHealthChecksBuilder AddKist(this IHealthChecksBuilder builder, string name = "kist",
        HealthStatus? failureStatus = null, IEnumerable<string>? tags = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Add(new HealthCheckRegistration(name,
            static p => new KistHealthCheck(p.GetRequiredService<KistClient>()), failureStatus, tags));
    }
}
