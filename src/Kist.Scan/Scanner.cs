namespace Kist.Scan;

/// <summary>Finds secrets in bytes. Made once, used from any number of threads.</summary>
public sealed class Scanner
{
    /// <summary>How much two neighbouring pieces of one long content must overlap, in bytes.</summary>
    public const int Overlap = 16 * 1024;

    private readonly ScanSettings _settings;

    /// <summary>A scanner with the built-in rules.</summary>
    public Scanner(ScanSettings settings) => _settings = settings;

    /// <summary>What the scanner looks for.</summary>
    public ScanSettings Settings => _settings;

    /// <summary>
    /// Adds what <paramref name="content"/> holds to <paramref name="findings"/>, in the order of the content.
    /// Content is text in UTF-8 or UTF-16 (with a byte order mark, or plainly so); binary content yields nothing.
    /// Content longer than a few MiB comes in pieces that overlap by <see cref="Overlap"/> bytes, each beginning
    /// at a line where there is one; what two pieces both hold is found twice, at the same line and column.
    /// </summary>
    public void Scan(ReadOnlySpan<byte> content, PieceInfo info, List<Finding> findings)
    {
        ArgumentNullException.ThrowIfNull(info);
        ArgumentNullException.ThrowIfNull(findings);
    }
}
