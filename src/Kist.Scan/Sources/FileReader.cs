namespace Kist.Scan.Sources;

/// <summary>Reads files and scans them; one for each thread.</summary>
internal sealed class FileReader(ScanContext context, ContentScanner scanner)
{
    /// <summary>Scans one file.</summary>
    /// <param name="named">Whether the user named this very file: then nothing about it is passed over in
    /// silence.</param>
    public void Scan(ReadOnlySpan<byte> path, string shown, bool named)
    {
        using var file = Posix.Open(path, folder: false, follow: named, out var error);
        if (file is null)
        {
            // A link's target is scanned where it lies; a listed file that is gone is deleted, not unreadable.
            if (!Posix.IsLink(error) && (named || Posix.Message(error) != Posix.Message(2)))
                context.Tally.CannotRead(shown, Posix.Message(error));
            return;
        }
        var kind = Posix.Kind(file, out var length);
        if (kind == FileKind.Folder) return;
        if (kind != FileKind.Regular && !named)
        {
            context.Tally.PassOver();
            return;
        }
        var buffer = scanner.Buffer;
        // One more than the length shows whether the file has grown; a file in /proc has no length and content.
        var wanted = kind == FileKind.Regular && length > 0 && length < buffer.Length ? (int)length + 1 : buffer.Length;
        var read = kind == FileKind.Regular ? Posix.ReadFully(file, buffer.AsSpan(0, wanted)) : 0;
        if (read < 0) context.Tally.CannotRead(shown, "reading failed");
        else if (kind != FileKind.Regular)
            scanner.Scan(new FileStream(file, FileAccess.Read, 0), shown);
        else if (read < buffer.Length) ScanWhole(buffer.AsMemory(0, read), shown, named);
        else scanner.ScanLong(buffer.AsMemory(0, read), new FileStream(file, FileAccess.Read, 0), shown, null, 0);
    }

    private void ScanWhole(ReadOnlyMemory<byte> content, string shown, bool named)
    {
        if (named && TextKind.Of(content.Span) == ContentKind.Unsupported)
            context.Tally.CannotRead(shown, ArchiveReader.Unsupported);
        else scanner.Scan(content, shown);
    }
}
