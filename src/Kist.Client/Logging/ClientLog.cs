using Microsoft.Extensions.Logging;

namespace Kist.Client.Logging;

/// <summary>What the client says of its own work. Paths and reasons, never values.</summary>
internal static partial class ClientLog
{
    [LoggerMessage(1, LogLevel.Warning, "The token of {Login} could be neither renewed nor replaced; trying again")]
    public static partial void NotRenewed(ILogger log, string login, Exception e);

    [LoggerMessage(2, LogLevel.Information, "The server pushes changes")]
    public static partial void Pushed(ILogger log);

    [LoggerMessage(3, LogLevel.Information, "The server does not push changes ({Reason}); secrets are read again after "
        + "{CacheFor}")]
    public static partial void NotPushed(ILogger log, string reason, TimeSpan cacheFor);

    [LoggerMessage(4, LogLevel.Warning, "{Path} could not be read again; the last known value stands in")]
    public static partial void Stale(ILogger log, string path, Exception e);

    [LoggerMessage(5, LogLevel.Warning, "The configuration keeps its values: {Reason}")]
    public static partial void NotReloaded(ILogger log, string reason);

    [LoggerMessage(6, LogLevel.Error, "Somebody who was told of a change of {Path} failed")]
    public static partial void WatcherFailed(ILogger log, string path, Exception e);
}
