using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using CsCheck;
using Kist.Kernel.Backups;
using Kist.Kernel.Seals;
using Kist.Kernel.Stores;
using Kist.Secrets;
using Xunit;

namespace Kist.Kernel.Tests.Backups;

public sealed class BackupFormatTests
{
    private static readonly byte[] Root = SHA256.HashData("a root key"u8);
    private static readonly StoredRootKey Stored = new(new SealConfig("keyfile", 0, 0, "n0"), new byte[61]);

    [Fact]
    public Task WhatWasWrittenIsReadBack() => Gen.Select(
        Gen.String[1, 20].Where(text => KeyOrder.IsWellFormed(text)), Gen.Byte.Array[0, 200]).Array[0, 30]
        .SampleAsync(async pairs =>
        {
            var entries = pairs.DistinctBy(p => p.Item1).OrderBy(p => p.Item1, KeyOrder.Instance)
                .Select(p => new StoredEntry(p.Item1, p.Item2)).ToList();
            var read = await ReadAsync(await WriteAsync(entries), Root);
            Assert.Equal(entries.Select(Text), read.Select(Text));
        }, iter: 200);

    [Theory]
    [InlineData(4 << 20, 0)]                       // the end mark begins a part of its own
    [InlineData((4 << 20) - 10, 1)]                // the end mark fills the part
    [InlineData((4 << 20) - 9, 2)]
    [InlineData(13_000_000, 4)]
    public async Task EntriesMayLieAcrossParts(int bytes, int parts)
    {
        var entries = new List<StoredEntry>();
        for (var left = bytes; left > 0;)
        {
            var (key, most) = ($"k{entries.Count:d6}", Math.Min(left, Batch.MaxValueBytes));
            var value = new byte[Math.Max(0, Math.Min(most, left - key.Length - 6))];
            Random.Shared.NextBytes(value);
            entries.Add(new StoredEntry(key, value));
            left -= value.Length + key.Length + 6;
        }
        var file = await WriteAsync(entries);
        using var reader = await BackupReader.OpenAsync(new MemoryStream(file), default);
        await reader.CheckAsync(default);
        if (parts > 0) Assert.Equal(parts, reader.Parts);
        Assert.Equal(entries.Select(Text), (await ReadAsync(file, Root)).Select(Text));
    }

    [Fact]
    public async Task OthersReadTheOutside()
    {
        var file = await WriteAsync(Some(300, 50_000));
        using var plain = new MemoryStream();
        await using (var gzip = new GZipStream(new MemoryStream(file), CompressionMode.Decompress))
            await gzip.CopyToAsync(plain);
        plain.Position = 0;
        await using var tar = new TarReader(plain);
        var (names, sums, lines) = (new List<string>(), new StringBuilder(), "");
        while (await tar.GetNextEntryAsync(copyData: true) is { } entry)
        {
            names.Add(entry.Name);
            var content = new MemoryStream();
            await entry.DataStream!.CopyToAsync(content);
            if (entry.Name == "SHA256SUMS") lines = Encoding.ASCII.GetString(content.ToArray());
            else if (entry.Name != "SHA256SUMS.sealed") sums.Append(
                $"{Convert.ToHexStringLower(SHA256.HashData(content.ToArray()))}  {entry.Name}\n");
            else Assert.Equal(32, content.Length);
        }
        Assert.Equal(["meta.json", "state/00000000", "state/00000001", "state/00000002", "state/00000003",
            "SHA256SUMS", "SHA256SUMS.sealed"], names);
        Assert.Equal(sums.ToString(), lines);
    }

    [Fact]
    public async Task NothingOfTheInsideIsReadable()
    {
        var file = await WriteAsync([new StoredEntry("mount/secret/CANARY-name", "CANARY-value"u8.ToArray())]);
        Assert.DoesNotContain("CANARY", Encoding.Latin1.GetString(file));
        var second = await WriteAsync([new StoredEntry("mount/secret/CANARY-name", "CANARY-value"u8.ToArray())]);
        Assert.NotEqual(file, second);
    }

    [Fact]
    public async Task AnotherKeyIsToldFromDamage()
    {
        var file = await WriteAsync(Some(10, 10));
        var fault = await Assert.ThrowsAsync<BackupException>(() => ReadAsync(file, SHA256.HashData("other"u8)));
        Assert.Equal(BackupFailure.WrongKey, fault.Kind);
        Assert.Equal(10, (await ReadAsync(file, SHA256.HashData("other"u8), Root)).Count);
    }

    [Fact]
    public async Task EveryFlippedBitIsFound()
    {
        var file = await WriteAsync(Some(5, 40));
        Assert.True(file.Length < 9_000);
        for (var at = 0; at < file.Length; at++)
        {
            var flipped = (byte[])file.Clone();
            flipped[at] ^= (byte)(1 << at % 8);
            var unlocked = await Record.ExceptionAsync(() => ReadAsync(flipped, Root));
            Assert.True(unlocked is BackupException, $"byte {at} with the key: {unlocked}");
            var locked = await Record.ExceptionAsync(() => CheckAsync(flipped));
            Assert.True(locked is BackupException { Kind: not BackupFailure.WrongKey }, $"byte {at}: {locked}");
        }
    }

    [Fact]
    public async Task EveryTruncationAndEveryAdditionIsFound()
    {
        var file = await WriteAsync(Some(5, 40));
        for (var length = 0; length < file.Length; length++)
        {
            await Assert.ThrowsAsync<BackupException>(() => ReadAsync(file[..length], Root));
            await Assert.ThrowsAsync<BackupException>(() => CheckAsync(file[..length]));
        }
        await Assert.ThrowsAsync<BackupException>(() => ReadAsync([.. file, 0], Root));
        await Assert.ThrowsAsync<BackupException>(() => CheckAsync([.. file, .. file]));
    }

    [Fact]
    public async Task PartsThatAreMovedLeftOutRepeatedOrOfAnotherBackupAreFound()
    {
        var (file, other) = (await WriteAsync(Some(300, 50_000)), await WriteAsync(Some(300, 50_000)));
        var (parts, others) = (FilesOf(file), FilesOf(other));
        var (one, two) = (parts["state/00000001"], parts["state/00000002"]);
        var last = parts["state/00000003"];
        Assert.Equal(300, (await ReadAsync(Forge(parts), Root)).Count);
        await BreaksAsync(p => (p["state/00000001"], p["state/00000002"]) = (two, one));
        await BreaksAsync(p => p["state/00000002"] = one);
        await BreaksAsync(p => p["state/00000001"] = others["state/00000001"]);
        await BreaksAsync(p => p["meta.json"] = others["meta.json"]);
        await BreaksAsync(p => p.Remove("state/00000003"));
        await BreaksAsync(p => (p["state/00000004"], p["state/00000003"]) = (last, two));
        await BreaksAsync(p =>
        {
            p.Remove("state/00000003");
            p["state/00000002"] = last;
        });

        // The checksums are made anew, as somebody would who does it on purpose: only the key can tell.
        async Task BreaksAsync(Action<SortedDictionary<string, byte[]>> change)
        {
            var changed = new SortedDictionary<string, byte[]>(parts, StringComparer.Ordinal);
            change(changed);
            var forged = Forge(changed);
            await CheckAsync(forged);
            await Assert.ThrowsAsync<BackupException>(() => ReadAsync(forged, Root));
        }
    }

    [Fact]
    public async Task ALaterFormatIsNamed()
    {
        var parts = FilesOf(await WriteAsync(Some(1, 1)));
        parts["meta.json"] = Encoding.UTF8.GetBytes(
            Encoding.UTF8.GetString(parts["meta.json"]).Replace("\"version\":1", "\"version\":2"));
        var fault = await Assert.ThrowsAsync<BackupException>(() => CheckAsync(Forge(parts)));
        Assert.Equal(BackupFailure.NotABackup, fault.Kind);
        Assert.Contains("format 2", fault.Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("PK")]
    [InlineData("not a backup at all, but a text of some length that goes on for a while")]
    public async Task WhatIsNoBackupIsCalledSo(string text)
    {
        var fault = await Assert.ThrowsAsync<BackupException>(() => CheckAsync(Encoding.UTF8.GetBytes(text)));
        Assert.Equal(BackupFailure.NotABackup, fault.Kind);
    }

    internal static async Task<byte[]> WriteAsync(IEnumerable<StoredEntry> entries)
    {
        var target = new MemoryStream();
        using var root = SecretBuffer.Copy(Root);
        await BackupWriter.WriteAsync(target, BackupHeader.New(Stored, DateTimeOffset.UnixEpoch), root,
            entries.ToAsyncEnumerable(), default);
        return target.ToArray();
    }

    private static async Task<List<StoredEntry>> ReadAsync(byte[] file, params byte[][] keys)
    {
        using var reader = await BackupReader.OpenAsync(new MemoryStream(file), default);
        var isOpen = false;
        foreach (var key in keys)
        {
            using var root = SecretBuffer.Copy(key);
            isOpen = isOpen || await reader.TryUnlockAsync(root, default);
        }
        if (!isOpen) throw new BackupException(BackupFailure.WrongKey, "locked");
        return await reader.EntriesAsync().ToListAsync();
    }

    private static async Task CheckAsync(byte[] file)
    {
        using var reader = await BackupReader.OpenAsync(new MemoryStream(file), default);
        await reader.CheckAsync(default);
    }

    private static List<StoredEntry> Some(int count, int bytes) =>
        [.. Enumerable.Range(0, count).Select(n => new StoredEntry($"key/{n:d6}", new byte[bytes]))];

    private static string Text(StoredEntry entry) =>
        $"{entry.Key}={Convert.ToHexString(SHA256.HashData(entry.Value.Span))}";

    private static SortedDictionary<string, byte[]> FilesOf(byte[] file)
    {
        var plain = new MemoryStream();
        using (var gzip = new GZipStream(new MemoryStream(file), CompressionMode.Decompress)) gzip.CopyTo(plain);
        plain.Position = 0;
        var files = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        using var tar = new TarReader(plain);
        while (tar.GetNextEntry(copyData: true) is { } entry)
        {
            var content = new MemoryStream();
            entry.DataStream!.CopyTo(content);
            files[entry.Name] = content.ToArray();
        }
        return files;
    }

    /// <summary>The files in one backup, with new checksums and the old seal, framed by other code.</summary>
    private static byte[] Forge(SortedDictionary<string, byte[]> files)
    {
        string[] names = ["meta.json", .. files.Keys.Where(name => name.StartsWith("state/"))];
        var sums = Encoding.ASCII.GetBytes(string.Concat(names.Select(name =>
            $"{Convert.ToHexStringLower(SHA256.HashData(files[name]))}  {name}\n")));
        var tar = new MemoryStream();
        foreach (var name in (string[])[.. names, "SHA256SUMS", "SHA256SUMS.sealed"])
        {
            var content = name == "SHA256SUMS" ? sums : files[name];
            tar.Write(HeadOf(name, content.Length));
            tar.Write(content);
            tar.Write(new byte[(512 - content.Length % 512) % 512]);
        }
        tar.Write(new byte[1024]);
        return Gzip(tar.ToArray());
    }

    private static byte[] HeadOf(string name, int size)
    {
        var head = new byte[512];
        void Put(int at, string text) => Encoding.ASCII.GetBytes(text).CopyTo(head, at);
        Put(0, name);
        Put(100, "0000600\00000000\00000000\0" + Convert.ToString(size, 8).PadLeft(11, '0') + "\000000000000\0");
        Put(148, "        0");
        Put(257, "ustar\000");
        Put(148, Convert.ToString(head.Sum(b => b), 8).PadLeft(6, '0') + "\0 ");
        return head;
    }

    private static byte[] Gzip(byte[] content)
    {
        var file = new MemoryStream();
        file.Write([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF]);
        for (var at = 0; at < content.Length; at += 65_535)
        {
            var length = Math.Min(65_535, content.Length - at);
            file.WriteByte(at + length == content.Length ? (byte)1 : (byte)0);
            file.Write([.. BitConverter.GetBytes((ushort)length), .. BitConverter.GetBytes((ushort)~length)]);
            file.Write(content, at, length);
        }
        var theirs = new MemoryStream();
        using (var gzip = new GZipStream(theirs, CompressionLevel.NoCompression)) gzip.Write(content);
        file.Write(theirs.ToArray().AsSpan(^8..));
        return file.ToArray();
    }
}
