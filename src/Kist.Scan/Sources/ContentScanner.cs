namespace Kist.Scan.Sources;

/// <summary>
/// Scans contents of any length in pieces, and what is packed in them. One for each thread: it owns the buffer.
/// </summary>
/// <param name="parts">Where places do not matter: scans only what is new in a version of a file.</param>
internal sealed class ContentScanner(
    Scanner scanner, ScanLimits limits, Tally tally, Action<Finding> found, ChangedParts? parts = null)
{
    /// <summary>The longest piece that is scanned at once.</summary>
    public const int PieceBytes = 1 << 20;

    private readonly List<Finding> _findings = [];
    private readonly HashSet<(int Line, int Column, string Rule)> _seen = [];
    private byte[]? _buffer;
    private ArchiveReader? _archives;

    public ScanLimits Limits => limits;
    public Tally Tally => tally;

    /// <summary>A scanner for what lies in an archive that this one reads.</summary>
    public ContentScanner Inner() => new(scanner, limits, tally, found);

    /// <summary>The buffer, for whoever reads a content whole: <see cref="PieceBytes"/> and a byte.</summary>
    public byte[] Buffer => _buffer ??= new byte[PieceBytes + 1];

    /// <summary>Scans a whole content.</summary>
    public void Scan(ReadOnlyMemory<byte> content, string path, Expansion? expansion = null, int depth = 0)
    {
        var kind = TextKind.Of(content.Span);
        if (TextKind.IsArchive(kind))
        {
            if (depth < limits.ArchiveDepth)
                Archives.Read(kind, new MemoryReader(content), path, expansion ?? new(limits, content.Length), depth);
            else if (limits.ArchiveDepth > 0) tally.CannotRead(path, "archives lie too deep in each other");
            else tally.PassOver();
            return;
        }
        if (!Passes(kind, path, depth)) return;
        tally.AddFile();
        tally.AddBytes(content.Length);
        var info = new PieceInfo { Path = path };
        var text = ImageParts.IsConfigOfLayout(path, content.Span) ? new ImageParts().Add(path, content) : null;
        Look(text ?? content.Span, info, asParts: text is null && parts is not null && !content.Span.Contains((byte)0));
        Report();
    }

    /// <summary>Scans a content that is read as it is scanned.</summary>
    public void Scan(Stream content, string path, Expansion? expansion = null, int depth = 0)
    {
        var buffer = Buffer;
        var length = content.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        if (length <= PieceBytes)
        {
            Scan(buffer.AsMemory(0, length), path, expansion, depth);
            return;
        }
        ScanLong(buffer.AsMemory(0, length), content, path, expansion, depth);
    }

    /// <summary>Scans a content whose first bytes were read into <see cref="Buffer"/>, which they fill.</summary>
    public void ScanLong(Memory<byte> head, Stream rest, string path, Expansion? expansion, int depth)
    {
        var kind = TextKind.Of(head.Span);
        if (TextKind.IsArchive(kind))
        {
            if (depth < limits.ArchiveDepth)
            {
                var whole = Rewound(rest) ?? new PrefixedStream(head, rest);
                Archives.Read(kind, whole, path, expansion ?? new(limits, Packed(rest)), depth);
            }
            else if (limits.ArchiveDepth > 0) tally.CannotRead(path, "archives lie too deep in each other");
            else tally.PassOver();
            return;
        }
        if (!Passes(kind, path, depth)) return;
        tally.AddFile();
        ScanPieces(head.Length, rest, path);
    }

    private ArchiveReader Archives => _archives ??= new ArchiveReader(this);

    private static Stream? Rewound(Stream stream)
    {
        if (!stream.CanSeek) return null;
        stream.Position = 0;
        return stream;
    }

    // What comes through a pipe may be of any length: the bound is then the free part and what this much may become.
    private static long Packed(Stream stream) => stream.CanSeek ? stream.Length : 1L << 30;

    private bool Passes(ContentKind kind, string path, int depth)
    {
        if (kind == ContentKind.Text || (kind == ContentKind.Binary && limits.Everything)) return true;
        if (kind == ContentKind.Unsupported && (depth > 0 && IsLayer(path)))
            tally.CannotRead(path, ArchiveReader.Unsupported);
        else tally.PassOver();
        return false;
    }

    private static bool IsLayer(string path) => path.Contains("!blobs/sha256/", StringComparison.Ordinal);

    // Pieces begin at a line where there is one and overlap, so that nothing is cut in two unseen.
    private void ScanPieces(int length, Stream rest, string path)
    {
        var buffer = Buffer;
        int line = 1, column = 1;
        tally.AddBytes(length);
        _seen.Clear();
        while (true)
        {
            var info = new PieceInfo { Path = path, FirstLine = line, FirstColumn = column };
            Look(buffer.AsSpan(0, length), info, asParts: false);
            Report(_seen);
            if (length < buffer.Length) return;
            var next = NextPiece(buffer.AsSpan(0, length));
            var lines = buffer.AsSpan(0, next).Count((byte)'\n');
            column = lines > 0 ? next - buffer.AsSpan(0, next).LastIndexOf((byte)'\n') : column + next;
            line += lines;
            buffer.AsSpan(next, length - next).CopyTo(buffer);
            var kept = length - next;
            var read = rest.ReadAtLeast(buffer.AsSpan(kept), buffer.Length - kept, throwOnEndOfStream: false);
            if (read == 0) return;
            tally.AddBytes(read);
            length = kept + read;
        }
    }

    // One content on which a rule fails must not end a scan of thousands. It is a defect, and counts as unread.
    private void Look(ReadOnlySpan<byte> content, PieceInfo info, bool asParts)
    {
        try
        {
            if (asParts) parts!.Scan(content, info, _findings);
            else scanner.Scan(content, info, _findings);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            tally.CannotRead(info.Path, $"a defect of kist, please report it ({e.GetType().Name})");
        }
    }

    /// <summary>Where the piece after this one begins: even, so that UTF-16 stays in step.</summary>
    private static int NextPiece(ReadOnlySpan<byte> piece)
    {
        var latest = piece.Length - Scanner.Overlap & ~1;
        var newline = piece.Slice(latest - Scanner.Overlap, Scanner.Overlap).LastIndexOf((byte)'\n');
        if (newline < 0) return latest;
        var next = latest - Scanner.Overlap + newline + 1;
        var wide = piece[..TextKind.Head].Contains((byte)0);
        return wide ? next + 1 & ~1 : next;
    }

    private void Report(HashSet<(int, int, string)>? seen = null)
    {
        foreach (var finding in _findings)
            if (seen is null || seen.Add((finding.StartLine, finding.StartColumn, finding.Rule.Id))) found(finding);
        _findings.Clear();
    }
}
