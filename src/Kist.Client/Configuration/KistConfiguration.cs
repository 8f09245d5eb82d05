using Microsoft.Extensions.Configuration;

namespace Kist.Client.Configuration;

/// <summary>Secrets in a configuration.</summary>
public static class KistConfiguration
{
    /// <summary>
    /// Resolves references (<c>kist://…</c>) in the settings of all sources that were added before: a setting that is
    /// or holds one has the value instead. When a secret changes, the configuration reloads, and with it
    /// <c>IOptionsMonitor</c>. Add it last.
    /// </summary>
    public static IConfigurationBuilder AddKist(this IConfigurationBuilder builder, KistClient client,
        Action<KistConfigurationOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(client);
        var options = new KistConfigurationOptions();
        configure?.Invoke(options);
        return builder.Add(new KistConfigurationSource(client, options));
    }
}
