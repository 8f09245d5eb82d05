namespace Kist.Server.Tests.Cluster;

/// <summary>A clock that a test moves; what runs by timers runs by real ones.</summary>
internal sealed class MovableClock : TimeProvider
{
    private long _moved;

    public override long GetTimestamp() => Volatile.Read(ref _moved);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public void Advance(TimeSpan by) => Interlocked.Add(ref _moved, by.Ticks);
}
