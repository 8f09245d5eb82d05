using Kist.Cli.Running;
using Kist.Scan;
using Kist.Secrets;

namespace Kist.Cli.Redacting;

/// <summary>
/// Standard input to standard output without secrets: known values in any form, and what the scanner recognises. A
/// line is given out when it is complete; of a private key nothing before its end. Pieces are scanned side by side and
/// given out in order.
/// </summary>
internal sealed class RedactionRun : IDisposable
{
    private const int LongestKey = 16 << 10, RoomForMore = 64 << 10;
    private const int SetPipeSize = 1031; // F_SETPIPE_SZ of Linux
    private readonly SecretPatterns _patterns;
    private readonly Redactor _redactor;
    private readonly ScanCrew? _crew;
    private readonly Queue<RedactionPiece> _onTheWay = new();
    private readonly Stack<RedactionPiece> _spare = new();
    private readonly SecretWriter _output = new(RedactionPiece.Size);
    private RedactionPiece _piece = new();
    private bool _isHeard = true;

    private RedactionRun(SecretPatterns patterns, Scanner? scanner)
    {
        _patterns = patterns;
        _redactor = new Redactor(patterns);
        _crew = scanner is null ? null : new ScanCrew(scanner);
    }

    /// <summary>Runs to the end of the input, or until nobody reads the output.</summary>
    /// <param name="scanner">What recognises secrets; null: only known values are masked.</param>
    public static void Run(SecretPatterns patterns, Scanner? scanner)
    {
        using var run = new RedactionRun(patterns, scanner);
        run.Follow();
    }

    public void Dispose()
    {
        _crew?.Dispose();
        _redactor.Dispose();
        _output.Dispose();
        _piece.Dispose();
        foreach (var piece in _onTheWay) piece.Dispose();
        foreach (var piece in _spare) piece.Dispose();
    }

    private void Follow()
    {
        // Where the system can: a writer that is ahead is read in larger pieces. It matters to nothing else.
        Native.Control(0, SetPipeSize, 1 << 20);
        while (_isHeard)
        {
            var read = Pump.Read(0, _piece.Free);
            if (read == 0) break;
            _piece.Add(read);
            // While there is more, and room for it, longer pieces cost less.
            while (_piece.Free.Length > RoomForMore && IsMoreThere() && (read = Pump.Read(0, _piece.Free)) > 0)
                _piece.Add(read);
            if (Complete(_piece.Pending) is > 0 and var complete) HandOver(complete);
            else if (_piece.Free.Length == 0) HandOver(Torn(_piece.Pending));
            if (!IsMoreThere()) GiveOut(downTo: 0);
        }
        if (_piece.Pending.Length > 0 && _isHeard) HandOver(_piece.Pending.Length);
        GiveOut(downTo: 0);
        _redactor.Flush(_output);
        Write();
    }

    // The end of the last line that can go: not within a private key, unless that is longer than any is.
    private static int Complete(ReadOnlySpan<byte> pending)
    {
        var end = pending.LastIndexOf((byte)'\n') + 1;
        var tail = Math.Max(0, end - LongestKey);
        var key = pending[tail..end].LastIndexOf("-----BEGIN "u8);
        if (key < 0) return end;
        var rest = pending[(tail + key)..end];
        var line = rest[..(rest.IndexOf((byte)'\n') + 1)];
        if (line.IndexOf("PRIVATE KEY"u8) < 0 || rest.IndexOf("-----END "u8) >= 0) return end;
        return pending[..(tail + key)].LastIndexOf((byte)'\n') + 1;
    }

    // Of a line that is too long: to the last character that stands in no token.
    private static int Torn(ReadOnlySpan<byte> pending)
    {
        var from = pending.Length / 2;
        var at = pending[from..].LastIndexOfAny(" \t,;\""u8);
        return at < 0 ? pending.Length : from + at + 1;
    }

    private void HandOver(int complete)
    {
        if (_crew is not null && _onTheWay.Count >= _crew.Depth) GiveOut(downTo: _crew.Depth - 1);
        if (!_spare.TryPop(out var next)) next = new RedactionPiece();
        var full = _piece;
        full.Cut(complete, next);
        _piece = next;
        _crew?.Take(full, isAlone: _onTheWay.Count == 0);
        _onTheWay.Enqueue(full);
        if (_crew is null) GiveOut(downTo: 0);
    }

    private void GiveOut(int downTo)
    {
        while (_onTheWay.Count > downTo)
        {
            var piece = _onTheWay.Dequeue();
            piece.Wait();
            if (_isHeard) Mask(piece);
            _spare.Push(piece);
        }
    }

    private void Mask(RedactionPiece piece)
    {
        var lines = piece.Lines;
        var at = 0;
        foreach (var range in piece.Found)
        {
            _redactor.Write(lines[at..range.Start.Value], _output);
            _redactor.WriteMasked(lines[range], _output);
            at = range.End.Value;
        }
        if (at == 0 && _patterns.IsEmpty) _isHeard = Pump.Write(1, lines);
        else
        {
            _redactor.Write(lines[at..], _output);
            Write();
        }
    }

    private void Write()
    {
        if (_isHeard) _isHeard = Pump.Write(1, _output.WrittenSpan);
        _output.Clear();
    }

    private static unsafe bool IsMoreThere()
    {
        const short input = 1; // POLLIN
        var entry = new Native.PollEntry { Descriptor = 0, Wanted = input };
        return Native.Poll(&entry, 1, 0) > 0;
    }
}
