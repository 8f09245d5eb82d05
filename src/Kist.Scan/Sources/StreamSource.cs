namespace Kist.Scan.Sources;

/// <summary>Standard input: a text of any length, or a log that is still being written.</summary>
public sealed class StreamSource(ScanContext context)
{
    private readonly byte[] _buffer = new byte[512 * 1024];
    private readonly List<Finding> _findings = [];
    private readonly HashSet<(int Line, int Column, string Rule)> _seen = [];
    private int _length, _line = 1, _column = 1;

    /// <summary>
    /// Scans what comes, as it comes: each finding is handed on when its line is complete. Archives are recognised.
    /// </summary>
    public void Scan(Stream stream, string path)
    {
        var first = stream.Read(_buffer);
        if (first == 0) return;
        while (first < 512)
        {
            // Enough to tell an archive from text; text ends its first line sooner.
            var more = _buffer.AsSpan(0, first).Contains((byte)'\n') ? 0 : stream.Read(_buffer, first, 512 - first);
            if (more == 0) break;
            first += more;
        }
        if (TextKind.Of(_buffer.AsSpan(0, first)) != ContentKind.Text)
        {
            context.Worker().Scan(new PrefixedStream(_buffer.AsMemory(0, first), stream), path);
            return;
        }
        context.Tally.AddFile();
        Follow(stream, first, path);
    }

    private void Follow(Stream stream, int read, string path)
    {
        var scanned = 0;
        while (read > 0)
        {
            context.Tally.AddBytes(read);
            _length += read;
            // A line is scanned when it is complete, or when there is no room for the rest of it.
            var newline = _buffer.AsSpan(scanned, _length - scanned).LastIndexOf((byte)'\n');
            var full = _length == _buffer.Length;
            if (newline >= 0 || full)
            {
                scanned = full && newline < 0 ? _length : scanned + newline + 1;
                Scan(scanned, path);
                scanned -= Forget(scanned);
            }
            read = stream.Read(_buffer, _length, _buffer.Length - _length);
        }
        if (scanned < _length) Scan(_length, path);
    }

    private void Scan(int length, string path)
    {
        var info = new PieceInfo { Path = path, FirstLine = _line, FirstColumn = _column };
        try
        {
            context.Scanner.Scan(_buffer.AsSpan(0, length), info, _findings);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // The rest of the log is still worth looking at.
            context.Tally.CannotRead(path, $"a defect of kist, please report it ({e.GetType().Name})");
        }
        foreach (var finding in _findings)
            if (_seen.Add((finding.StartLine, finding.StartColumn, finding.Rule.Id)))
                context.Hits.Add(new Hit(finding, path));
        _findings.Clear();
    }

    // What was scanned stays as context for what follows, for keys of several lines: about the overlap of it.
    private int Forget(int scanned)
    {
        if (scanned <= 2 * Scanner.Overlap) return 0;
        var forgotten = scanned - Scanner.Overlap;
        var newline = _buffer.AsSpan(0, forgotten).LastIndexOf((byte)'\n');
        if (newline >= 0) forgotten = newline + 1;
        var gone = _buffer.AsSpan(0, forgotten);
        var lines = gone.Count((byte)'\n');
        _column = lines > 0 ? forgotten - gone.LastIndexOf((byte)'\n') : _column + forgotten;
        _line += lines;
        _seen.RemoveWhere(seen => seen.Line < _line);
        _buffer.AsSpan(forgotten, _length - forgotten).CopyTo(_buffer);
        _length -= forgotten;
        return forgotten;
    }
}
