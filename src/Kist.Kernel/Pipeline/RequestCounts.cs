using System.Diagnostics;

namespace Kist.Kernel.Pipeline;

/// <summary>What the metrics say about requests: counts and times, never names. One set per process.</summary>
public sealed class RequestCounts
{
    private static readonly int Kinds = Enum.GetValues<FaultKind>().Length;

    private readonly long[] _faults = new long[Kinds];
    private long _requests;
    private long _ticks;
    private long _logins;

    /// <summary>How many requests were answered.</summary>
    public long Requests => Volatile.Read(ref _requests);

    /// <summary>The time spent on them.</summary>
    public TimeSpan Spent => Stopwatch.GetElapsedTime(0, Volatile.Read(ref _ticks));

    /// <summary>How many of them made a token.</summary>
    public long Logins => Volatile.Read(ref _logins);

    /// <summary>How many were refused for this reason.</summary>
    public long Faults(FaultKind kind) => Volatile.Read(ref _faults[(int)kind]);

    internal Response Count(Response response, long started)
    {
        Interlocked.Increment(ref _requests);
        Interlocked.Add(ref _ticks, Stopwatch.GetTimestamp() - started);
        if (response.Fault is { } fault) Interlocked.Increment(ref _faults[(int)fault.Kind]);
        else if (response.Login is not null) Interlocked.Increment(ref _logins);
        return response;
    }
}
