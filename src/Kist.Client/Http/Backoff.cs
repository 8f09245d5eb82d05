using System.Security.Cryptography;

namespace Kist.Client.Http;

/// <summary>Waiting times that grow, and differ from one process to the next.</summary>
internal static class Backoff
{
    private static readonly TimeSpan s_first = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(5);

    /// <summary>Before another attempt: 100 ms, doubled each time up to 5 s, of which half is chance.</summary>
    public static TimeSpan After(int attempts) =>
        Spread(TimeSpan.FromTicks(Math.Min(s_first.Ticks << Math.Min(attempts, 10), s_longest.Ticks)), 50);

    /// <summary>The time less up to <paramref name="percent"/> of it.</summary>
    public static TimeSpan Spread(TimeSpan time, int percent) =>
        time - time * (percent / 100.0) * (RandomNumberGenerator.GetInt32(1_000) / 1_000.0);
}
