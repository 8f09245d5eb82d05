namespace Kist.Secrets;

/// <summary>
/// The last run of places that were found, so that values which overlap themselves ("aaaa…") are not marked again and
/// again: finds come in the order of their ends, and only what lies behind the run is new, unless a find begins before
/// it.
/// </summary>
internal struct FoundRange
{
    private long _from;
    private long _to;
    private bool _any;

    /// <summary>From where a find that begins at <paramref name="begin"/> has to be marked.</summary>
    public readonly long FirstNew(long begin) => _any && begin >= _from && begin <= _to ? _to + 1 : begin;

    public void Add(long begin, long end)
    {
        _from = _any && begin <= _to ? Math.Min(_from, begin) : begin;
        (_to, _any) = (end, true);
    }
}
