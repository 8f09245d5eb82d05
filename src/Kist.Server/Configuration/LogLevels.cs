using Kist.Kernel.Node;

namespace Kist.Server.Configuration;

/// <summary>The names of log levels.</summary>
public static class LogLevels
{
    /// <summary>Reads a level by its name, in any case.</summary>
    public static bool TryParse(string text, out LogLevel level)
    {
        (level, var known) = text.ToLowerInvariant() switch
        {
            "trace" => (LogLevel.Trace, true),
            "debug" => (LogLevel.Debug, true),
            "info" or "" => (LogLevel.Info, true),
            "warn" or "warning" => (LogLevel.Warn, true),
            "error" or "err" => (LogLevel.Error, true),
            _ => (LogLevel.Info, false),
        };
        return known;
    }
}
