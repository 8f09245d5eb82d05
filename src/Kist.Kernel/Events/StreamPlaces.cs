namespace Kist.Kernel.Events;

/// <summary>The streams that a node keeps open, of which there are only so many.</summary>
public sealed class StreamPlaces
{
    private int _taken;

    /// <summary>Takes the place of one stream, until it is disposed; null: all <paramref name="most"/> are taken.
    /// </summary>
    public IDisposable? Take(int most)
    {
        if (Interlocked.Increment(ref _taken) <= most) return new Place(this);
        Interlocked.Decrement(ref _taken);
        return null;
    }

    private sealed class Place(StreamPlaces places) : IDisposable
    {
        private int _isFree;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isFree, 1) == 0) Interlocked.Decrement(ref places._taken);
        }
    }
}
