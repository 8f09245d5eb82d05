namespace Kist.Kernel.Node;

/// <summary>
/// From which level on the log is written: what the configuration says or, until it is read again, what an operator
/// asked for (<c>sys/loggers</c>).
/// </summary>
public sealed class LogThreshold
{
    private volatile int _configured = (int)LogLevel.Info;
    private volatile int _asked = -1;

    /// <summary>The level in force.</summary>
    public LogLevel Level => (LogLevel)(_asked is >= 0 and var asked ? asked : _configured);

    /// <summary>Takes what the configuration says; what was asked for before is over.</summary>
    public void Configure(LogLevel level)
    {
        _configured = (int)level;
        Revert();
    }

    /// <summary>Writes from <paramref name="level"/> on until the next reload or restart.</summary>
    public void Ask(LogLevel level) => _asked = (int)level;

    /// <summary>Goes back to what the configuration says.</summary>
    public void Revert() => _asked = -1;
}
