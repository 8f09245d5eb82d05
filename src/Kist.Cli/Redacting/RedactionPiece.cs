using System.Security.Cryptography;
using Kist.Scan;

namespace Kist.Cli.Redacting;

/// <summary>A run of whole lines on its way through: with some of what stood before it, which tells the scanner what
/// the lines are about.</summary>
internal sealed class RedactionPiece : IDisposable
{
    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(Size, pinned: true);
    private readonly List<Range> _found = [];
    private readonly ManualResetEventSlim _done = new(initialState: true);

    /// <summary>How many bytes a piece has room for, the context and what waits for the rest of its line among them.
    /// </summary>
    public const int Size = 512 << 10;

    /// <summary>The most context that is handed on.</summary>
    public const int MaxContext = 4 << 10;

    /// <summary>The bytes at the beginning that have been given out.</summary>
    public int Context { get; private set; }

    /// <summary>Where the lines end that are given out with this piece.</summary>
    public int End { get; private set; }

    /// <summary>How many bytes there are.</summary>
    public int Length { get; private set; }

    /// <summary>Room for more.</summary>
    public Span<byte> Free => _buffer.AsSpan(Length);

    /// <summary>What has come and is not given out yet.</summary>
    public ReadOnlySpan<byte> Pending => _buffer.AsSpan(Context, Length - Context);

    /// <summary>What is given out with this piece.</summary>
    public ReadOnlySpan<byte> Lines => _buffer.AsSpan(Context, End - Context);

    /// <summary>What is secret in <see cref="Lines"/>: in order, without overlaps, counted from their beginning.
    /// </summary>
    public IReadOnlyList<Range> Found => _found;

    public void Add(int count) => Length += count;

    /// <summary>Ends this piece after so many bytes of <see cref="Pending"/>; <paramref name="next"/> gets the rest,
    /// and the last lines as its context.</summary>
    public void Cut(int pending, RedactionPiece next)
    {
        End = Context + pending;
        var from = Math.Max(0, End - MaxContext);
        if (from > 0 && _buffer.AsSpan(from, End - from).IndexOf((byte)'\n') is >= 0 and var newline)
            from += newline + 1;
        _buffer.AsSpan(from, Length - from).CopyTo(next._buffer);
        (next.Context, next.Length, next.End) = (End - from, Length - from, 0);
    }

    /// <summary>Says that <see cref="Scan"/> will come.</summary>
    public void Announce() => _done.Reset();

    /// <summary>Looks for secrets.</summary>
    public void Scan(Scanner scanner, PieceInfo info)
    {
        var found = new List<Range>();
        scanner.Locate(_buffer.AsSpan(0, End), info, found);
        _found.Clear();
        foreach (var range in found.OrderBy(static r => r.Start.Value))
        {
            var (begin, end) = (Math.Max(range.Start.Value - Context, 0), range.End.Value - Context);
            if (end <= begin) continue;
            if (_found is [.., var last] && begin <= last.End.Value)
                _found[^1] = last.Start..Math.Max(end, last.End.Value);
            else _found.Add(begin..end);
        }
        _done.Set();
    }

    /// <summary>Waits until it has been looked at.</summary>
    public void Wait() => _done.Wait();

    /// <summary>Zeroes the bytes.</summary>
    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_buffer);
        _done.Dispose();
    }
}
