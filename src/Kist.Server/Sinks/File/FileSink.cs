using Kist.Kernel.Audit;

namespace Kist.Server.Sinks.File;

/// <summary>Appends audit lines to a regular file. Made by <see cref="FileSinks"/>, which decides what it may
/// open.</summary>
internal sealed class FileSink : IAuditSink
{
    private const int TailStep = 65_536;

    private readonly string _path;
    private readonly UnixFileMode _mode;
    private AppendOnlyFile _file;

    /// <summary>Opens the file. Throws <see cref="IOException"/>.</summary>
    public FileSink(string path, UnixFileMode mode)
    {
        _path = path;
        _mode = mode;
        _file = Open(null);
    }

    /// <inheritdoc/>
    public ValueTask WriteAsync(ReadOnlyMemory<byte> lines, CancellationToken ct)
    {
        _file.AppendAll(lines.Span);
        return default;
    }

    /// <inheritdoc/>
    public ValueTask ReopenAsync(CancellationToken ct)
    {
        var opened = Open(_file); // first, so that a failure leaves the old file in use
        if (ReferenceEquals(opened, _file)) return default; // nobody has moved it away
        _file.Dispose();
        _file = opened;
        return default;
    }

    /// <inheritdoc/>
    public ValueTask<ReadOnlyMemory<byte>> ReadLastLineAsync(CancellationToken ct)
    {
        var end = _file.Length;
        if (end == 0) return default;
        var size = (int)Math.Min(end, TailStep);
        while (true)
        {
            var tail = new byte[size];
            _file.Read(tail, end - size);
            var start = tail.AsSpan(0, size - 1).LastIndexOf((byte)'\n') + 1;
            if (start > 0 || size == end)
                return new ValueTask<ReadOnlyMemory<byte>>(tail.AsMemory(start, size - 1 - start));
            size = (int)Math.Min(Math.Min(end, (long)size * 4), Array.MaxLength);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _file.Dispose();
        return default;
    }

    /// <summary>Opens the file and cuts off a line that a crash left half written; no answer left before it was
    /// whole.</summary>
    private AppendOnlyFile Open(AppendOnlyFile? held)
    {
        var file = AppendOnlyFile.Open(_path, _mode, held);
        if (ReferenceEquals(file, held)) return file;
        var end = file.Length;
        Span<byte> block = stackalloc byte[4096];
        while (end > 0)
        {
            var size = (int)Math.Min(end, block.Length);
            file.Read(block[..size], end - size);
            var newline = block[..size].LastIndexOf((byte)'\n');
            if (newline == size - 1) break;
            if (newline >= 0)
            {
                end -= size - 1 - newline;
                break;
            }
            end -= size;
        }
        if (end != file.Length) file.Truncate(end);
        return file;
    }
}
