using Kist.Scan;

namespace Kist.Cli.Redacting;

/// <summary>Threads that look for secrets in pieces; started when there is the first one that is worth it.</summary>
internal sealed class ScanCrew(Scanner scanner) : IDisposable
{
    private const int StackSize = 512 << 10, WorthHandingOver = 32 << 10;
    private static readonly PieceInfo s_info = new() { Path = "-" };
    private readonly Queue<RedactionPiece> _waiting = new();
    private readonly Thread[] _threads = new Thread[Math.Clamp(Environment.ProcessorCount, 1, 6)];
    private bool _started;
    private bool _ended;

    /// <summary>How many pieces may be on their way, so that no thread waits for another.</summary>
    public int Depth => _threads.Length + 2;

    /// <summary>Has the piece looked at, soon or now; <see cref="RedactionPiece.Wait"/> waits for it.</summary>
    /// <param name="isAlone">Nothing else is on its way.</param>
    public void Take(RedactionPiece piece, bool isAlone)
    {
        piece.Announce();
        if (isAlone && piece.Lines.Length < WorthHandingOver)
        {
            piece.Scan(scanner, s_info);
            return;
        }
        if (!_started) Start();
        lock (_waiting)
        {
            _waiting.Enqueue(piece);
            Monitor.Pulse(_waiting);
        }
    }

    /// <summary>Ends the threads.</summary>
    public void Dispose()
    {
        lock (_waiting)
        {
            _ended = true;
            Monitor.PulseAll(_waiting);
        }
        if (!_started) return;
        foreach (var thread in _threads) thread.Join();
    }

    private void Start()
    {
        _started = true;
        for (var i = 0; i < _threads.Length; i++)
        {
            _threads[i] = new Thread(Work, StackSize) { IsBackground = true };
            _threads[i].Start();
        }
    }

    private void Work()
    {
        while (true)
        {
            RedactionPiece? piece;
            lock (_waiting)
            {
                while (!_waiting.TryDequeue(out piece))
                {
                    if (_ended) return;
                    Monitor.Wait(_waiting);
                }
            }
            piece.Scan(scanner, s_info);
        }
    }
}
