using System.Buffers.Binary;
using System.Formats.Tar;
using System.IO.Compression;

namespace Kist.Scan.Sources;

/// <summary>Scans what lies in zip and tar files and in what gzip, zstd, xz and bzip2 packed, which may lie in each
/// other.</summary>
internal sealed class ArchiveReader(ContentScanner outer)
{
    /// <summary>What is said of what cannot be unpacked.</summary>
    public const string Unsupported =
        "packed in a way that kist cannot unpack (it reads zip, tar, gzip, zstd, xz and bzip2)";

    // With the ending, what is packed alone has no name of its own: rules see the name without it.
    private static readonly string[] s_endings = [".gz", ".zst", ".zstd", ".xz", ".bz2"];
    private readonly ContentScanner _inner = outer.Inner();

    /// <summary>Scans an archive's entries. Damage is counted as unread; it ends this archive, never the
    /// scan.</summary>
    public void Read(ContentKind kind, Stream archive, string path, Expansion expansion, int depth)
    {
        try
        {
            if (kind == ContentKind.Zip) ReadZip(archive, path, expansion, depth);
            else if (kind == ContentKind.Tar) ReadTar(archive, path, expansion, depth);
            else if (kind == ContentKind.Gzip) ReadGzip(archive, path, expansion, depth);
            else ReadPacked(Unpacking.Open(kind, archive), path, expansion, depth);
        }
        catch (ExpansionException e)
        {
            // Only the outermost archive says so: the bounds are its own.
            if (depth > 0) throw;
            outer.Tally.CannotRead(path, e.Message);
        }
        catch (Exception e) when (IsDamage(e))
        {
            outer.Tally.CannotRead(path, $"damaged archive: {e.Message.TrimEnd('.')}");
        }
    }

    private static bool IsDamage(Exception e) =>
        e is InvalidDataException or IOException or NotSupportedException or ArgumentException or FormatException
            or OverflowException;

    private void ReadGzip(Stream archive, string path, Expansion expansion, int depth)
    {
        var packed = new TailStream(archive);
        var counted = ReadPacked(
            new GZipStream(packed, CompressionMode.Decompress, leaveOpen: true), path, expansion, depth);
        // .NET takes a cut gzip for a whole one. Several of them in one file only name the last one's length.
        if (counted.Ended && packed.Tail != (uint)counted.Count && packed.Tail >= counted.Count)
            outer.Tally.CannotRead(path, "damaged archive: it has been cut");
    }

    private CountedStream ReadPacked(Stream unpacked, string path, Expansion expansion, int depth)
    {
        using (unpacked)
        {
            var counted = new CountedStream(unpacked, expansion);
            _inner.Scan(counted, WithoutEnding(path), expansion, depth + 1);
            return counted;
        }
    }

    private static string WithoutEnding(string path)
    {
        foreach (var ending in s_endings)
            if (path.EndsWith(ending, StringComparison.OrdinalIgnoreCase))
                return $"{path}!{path[(path.LastIndexOfAny(['/', '!']) + 1)..^ending.Length]}";
        return path;
    }

    private void ReadTar(Stream archive, string path, Expansion expansion, int depth)
    {
        var image = new ImageParts();
        using var reader = new TarReader(archive, leaveOpen: true);
        while (reader.GetNextEntry() is { } entry)
        {
            expansion.TakeEntry();
            var name = Clean(entry.Name);
            if (entry.DataStream is not { } data || entry.Length == 0) continue;
            if (entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile
                or TarEntryType.ContiguousFile)) continue;
            if (!outer.Limits.Everything && SkippedPaths.IsFile(name))
            {
                outer.Tally.PassOver();
                continue;
            }
            if (image.IsPart(name, entry.Length)) ReadPart(image, data, entry.Length, path, name, expansion, depth);
            else ReadEntry(data, $"{path}!{name}", expansion, depth);
        }
        if (image.Missing() is { } missing) outer.Tally.CannotRead($"{path}!{missing}", "the image lacks this layer");
    }

    // A container image keeps what it was built from in small JSON files between the layers.
    private void ReadPart(
        ImageParts image, Stream data, long length, string path, string name, Expansion expansion, int depth)
    {
        var json = new byte[length];
        data.ReadExactly(json);
        if (image.Add(name, json) is { } text) _inner.Scan(text, $"{path}!{name}", expansion, depth + 1);
        else ReadEntry(new MemoryReader(json), $"{path}!{name}", expansion, depth);
    }

    private void ReadZip(Stream archive, string path, Expansion expansion, int depth)
    {
        if (!archive.CanSeek)
        {
            var content = new MemoryStream();
            var buffer = new byte[64 * 1024];
            int read;
            while ((read = archive.Read(buffer)) > 0)
            {
                content.Write(buffer, 0, read);
                if (content.Length <= outer.Limits.NestedZipBytes) continue;
                outer.Tally.CannotRead(path, "a zip in a stream this long cannot be read: unpack it first");
                return;
            }
            archive = content;
        }
        if (EntryCount(archive) is > 200_000 and var many)
        {
            outer.Tally.CannotRead(path, $"a zip with {many} entries: unpack it first");
            return;
        }
        using var zip = new ZipArchive(archive, ZipArchiveMode.Read, leaveOpen: true);
        foreach (var entry in zip.Entries)
        {
            expansion.TakeEntry();
            var name = Clean(entry.FullName);
            if (name.EndsWith('/') || entry.Length == 0) continue;
            if (!outer.Limits.Everything && SkippedPaths.IsFile(name)) outer.Tally.PassOver();
            else if (entry.IsEncrypted) outer.Tally.CannotRead($"{path}!{name}", "encrypted");
            else ReadZipEntry(entry, $"{path}!{name}", expansion, depth);
        }
    }

    private void ReadZipEntry(ZipArchiveEntry entry, string path, Expansion expansion, int depth)
    {
        try
        {
            using var data = entry.Open();
            _inner.Scan(new CountedStream(data, expansion), path, expansion, depth + 1);
        }
        catch (Exception e) when (IsDamage(e) && e is not ExpansionException)
        {
            outer.Tally.CannotRead(path, $"damaged archive: {e.Message.TrimEnd('.')}");
        }
    }

    private void ReadEntry(Stream data, string path, Expansion expansion, int depth)
    {
        _inner.Scan(new CountedStream(data, expansion), path, expansion, depth + 1);
    }

    // What the end of a zip says about its size, before a list of that length is made.
    private static long EntryCount(Stream archive)
    {
        var length = (int)Math.Min(archive.Length, 64 * 1024 + 22);
        var end = new byte[length];
        archive.Position = archive.Length - length;
        archive.ReadExactly(end);
        archive.Position = 0;
        var at = end.AsSpan().LastIndexOf("PK\x05\x06"u8);
        if (at < 0 || at + 16 > length) return 0;
        // The count itself may be wrong or "see elsewhere"; the size of the list is what matters: 46 bytes an entry.
        return BinaryPrimitives.ReadUInt32LittleEndian(end.AsSpan(at + 12)) / 46;
    }

    private static string Clean(string name) => name.StartsWith("./", StringComparison.Ordinal) ? name[2..] : name;
}
