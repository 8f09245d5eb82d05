using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace Kist.Client.Logging;

/// <summary>Logs without the values that this process was given by Kist.</summary>
public static class KistRedaction
{
    /// <summary>
    /// Masks values in what goes to every provider, whatever is added before or after: in messages, their parts,
    /// exceptions and scopes; as they are, in base64, in hexadecimal, escaped for JSON and URLs. Values of fewer than
    /// four bytes are not masked.
    /// </summary>
    public static ILoggingBuilder AddKistRedaction(this ILoggingBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddKistRedaction();
        return builder;
    }

    /// <summary>The text with every value masked that this process was given: for what is no log.</summary>
    public static string Mask(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return HandedOut.Shared.Mask(text);
    }

    /// <summary>The exception, or if a value stands in its text, one that has the text with it masked instead.
    /// </summary>
    public static Exception? Mask(Exception? exception) => MaskedException.Of(exception);

    internal static void AddKistRedaction(this IServiceCollection services)
    {
        if (services.Any(s => s.ServiceType == typeof(RedactionIsOn))) return;
        services.AddSingleton<RedactionIsOn>();
        services.AddLogging();
        var inner = services.Last(s => s.ServiceType == typeof(ILoggerFactory));
        services.Replace(ServiceDescriptor.Singleton<ILoggerFactory>(
            provider => new RedactingLoggerFactory(Made(inner, provider))));
    }

    private static ILoggerFactory Made(ServiceDescriptor inner, IServiceProvider provider) =>
        inner.ImplementationInstance as ILoggerFactory
        ?? inner.ImplementationFactory?.Invoke(provider) as ILoggerFactory
        ?? (ILoggerFactory)ActivatorUtilities.CreateInstance(provider, inner.ImplementationType!);

    private sealed class RedactionIsOn;
}
