using Kist.Client.Http;

namespace Kist.Client.Leases;

/// <summary>
/// How long a lease or a token still lives, and when to have it renewed: after two thirds of its life, by a clock that
/// nobody can set.
/// </summary>
/// <param name="life">How long it lives from now on.</param>
/// <param name="isRenewable">Whether it can be renewed at all.</param>
internal sealed class LeaseLife(TimeSpan life, bool isRenewable)
{
    private readonly TimeSpan _first = life;
    private TimeSpan _life = life;
    private long _granted = TimeProvider.System.GetTimestamp();
    private TimeSpan _due = isRenewable ? Renewal(life) : End(life);

    /// <summary>Whether asking for more time is of any use.</summary>
    public bool IsRenewable { get; private set; } = isRenewable;

    /// <summary>What is left of it.</summary>
    public TimeSpan Left => _life - TimeProvider.System.GetElapsedTime(_granted);

    /// <summary>When something is to be done: it is to be renewed, or nearly over.</summary>
    public TimeSpan Due => _due - TimeProvider.System.GetElapsedTime(_granted);

    /// <summary>Whether it is over, or so near to it that nobody should begin to use it.</summary>
    public bool IsEnding => Left <= TimeSpan.Zero || (!IsRenewable && Due <= TimeSpan.Zero);

    /// <summary>It lives for so long from now on. At the end of the longest life each renewal gives less.</summary>
    public void Renewed(TimeSpan life, bool isRenewable)
    {
        (_granted, _life) = (TimeProvider.System.GetTimestamp(), life);
        IsRenewable = isRenewable && life > TimeSpan.Zero && life >= _first / 4;
        _due = IsRenewable ? Renewal(life) : End(life);
    }

    /// <summary>It could not be renewed now: to be tried again after <paramref name="wait"/>.</summary>
    public void Later(TimeSpan wait) => _due = TimeProvider.System.GetElapsedTime(_granted) + wait;

    /// <summary>It cannot be renewed any more.</summary>
    public void Refused()
    {
        IsRenewable = false;
        _due = TimeSpan.Zero;
    }

    private static TimeSpan Renewal(TimeSpan life) => Backoff.Spread(life * (2 / 3.0), 20);

    private static TimeSpan End(TimeSpan life) => life * 0.9;
}
