using System.Security.Cryptography;

namespace Kist.Cli.Output;

/// <summary>
/// A file that takes its new content whole or not at all: it is written beside, flushed to the disk, and put into the
/// old one's place by one rename. Nothing is made before the first write. A link is followed; what is no regular file
/// (a device, a pipe) is written as it is.
/// </summary>
internal sealed class ReplacedFile(string path) : Stream
{
    private FileStream? _file;
    private string? _target;
    private string? _beside;
    private bool _replaces;
    private long _written;

    public override bool CanRead => false;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => throw new NotSupportedException();

    /// <summary>Only its owner may read it, and it is on the disk when <see cref="Commit"/> returns.</summary>
    public bool IsPrecious { get; init; }

    /// <summary>How many bytes have been written.</summary>
    public override long Position { get => _written; set => throw new NotSupportedException(); }

    public override void Write(ReadOnlySpan<byte> bytes)
    {
        _file ??= Open();
        try
        {
            _file.Write(bytes);
        }
        catch (ArgumentOutOfRangeException e)
        {
            // .NET's word for EFBIG: the file system, or a limit of this process, takes no larger files.
            throw new IOException("the file would be larger than it may be", e);
        }
        _written += bytes.Length;
    }

    /// <summary>Puts the content into the file's place.</summary>
    public void Commit()
    {
        if (_file is null) return;
        // Where there was nothing, nothing can be lost: the disk need not be waited for.
        if (_replaces || IsPrecious) _file.Flush(flushToDisk: true);
        _file.Dispose();
        if (_beside is not null) File.Move(_beside, _target!, overwrite: true);
        (_file, _beside) = (null, null);
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));
    public override void Flush() => _file?.Flush();
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        _file?.Dispose();
        if (_beside is not null) File.Delete(_beside);
        (_file, _beside) = (null, null);
        base.Dispose(disposing);
    }

    private FileStream Open()
    {
        if (IsDevice(path)) return Existing(path);
        // Of a relative path the link's target would be looked for in the root folder.
        var target = Path.GetFullPath(path);
        if (new FileInfo(target).LinkTarget is not null)
            target = File.ResolveLinkTarget(target, returnFinalTarget: true)!.FullName;
        var exists = File.Exists(target);
        if (exists)
        {
            // Whoever may not write to the file may not replace it either, though the folder would let them.
            var old = Existing(target);
            if (!old.CanSeek || IsDevice(target)) return old;
            old.Dispose();
        }
        (_target, _replaces) = (target, exists);
        var beside = Path.Combine(Path.GetDirectoryName(target)!,
            $".{Path.GetFileName(target)}.{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6))}");
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None, BufferSize = 0,
        };
        if (IsPrecious && !OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        else if (exists && !OperatingSystem.IsWindows()) options.UnixCreateMode = File.GetUnixFileMode(target);
        var file = new FileStream(beside, options);
        _beside = beside;
        return file;
    }

    private static FileStream Existing(string path) =>
        new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);

    // /dev/stdout is a link to what no path leads to.
    private static bool IsDevice(string path) => !OperatingSystem.IsWindows()
        && Path.GetFullPath(path) is var full
        && (full.StartsWith("/dev/", StringComparison.Ordinal) || full.StartsWith("/proc/", StringComparison.Ordinal));
}
