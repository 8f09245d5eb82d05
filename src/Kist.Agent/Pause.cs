using System.Security.Cryptography;

namespace Kist.Agent;

/// <summary>
/// Growing pauses between tries: each twice as long as the one before, up to a limit, with a quarter left to chance so
/// that many agents do not come at once.
/// </summary>
internal sealed class Pause
{
    private readonly TimeSpan _least;
    private readonly TimeSpan _most;
    private TimeSpan _next;

    public Pause(TimeSpan least, TimeSpan most) => (_least, _most, _next) = (least, most, least);

    /// <summary>How long to wait now.</summary>
    public TimeSpan Next()
    {
        var now = _next;
        _next = _next * 2 < _most ? _next * 2 : _most;
        return Jittered(now);
    }

    /// <summary>Begins again with the shortest one.</summary>
    public void Reset() => _next = _least;

    /// <summary>A time less up to a quarter of it.</summary>
    public static TimeSpan Jittered(TimeSpan time) => time * (1 - RandomNumberGenerator.GetInt32(0, 250) / 1000.0);
}
