using System.Security.Cryptography;
using CsCheck;
using Kist.Fuzz;
using Kist.Kernel.Backups;
using Kist.Kernel.Seals;
using Kist.Kernel.Stores;
using Kist.Secrets;
using Xunit;

namespace Kist.Kernel.Tests.Backups;

/// <summary>Whatever the reader is given, it answers with entries or a <see cref="BackupException"/>.</summary>
public sealed class BackupMutationTests
{
    private static readonly Gen<(int Kind, int At, int Length, byte Value)[]> Changes =
        Gen.Select(Gen.Int[0, 2], Gen.Int[0, 9_999], Gen.Int[0, 600], Gen.Byte).Array[1, 4];

    [Fact]
    public async Task ChangedFilesAreReadOrRefused()
    {
        var file = await WriteAsync([new("core/keyring", new byte[90]), new("kernel/mounts/x", new byte[70])]);
        Targets.All["backup"](file);
        Changes.Sample(changes => Targets.All["backup"](Change(file, changes)), iter: 3_000, threads: 1);
    }

    /// <summary>What is inside, behind good checksums and with the right key.</summary>
    [Fact]
    public async Task ChangedEntriesAreReadOrRefused()
    {
        byte[] plain = [0, 1, (byte)'a', 0, 0, 0, 2, 7, 7, 0, 2, (byte)'b', (byte)'c', 0, 0, 0, 0,
            0, 0, 0, 0, 0, 0, 0, 0, 0, 2];
        Assert.Equal(2, await CountAsync(plain));
        await Changes.SampleAsync(async changes =>
        {
            var changed = Change(plain, changes);
            if (changed.Length == 0) return;
            try
            {
                await CountAsync(changed);
            }
            catch (BackupException)
            {
                // What it is there for.
            }
        }, iter: 2_000, threads: 1);
    }

    private static async Task<int> CountAsync(byte[] plain)
    {
        using var root = SecretBuffer.Copy(BackupTargets.RootKey);
        var header = HeaderOf();
        var json = header.Serialize();
        using var keys = header.KeysFrom(root, json);
        var part = new byte[plain.Length + BackupKeys.TagBytes];
        keys.Encrypt(0, isLast: true, plain, part);
        var sums = new MemoryStream();
        var target = new MemoryStream();
        var gzip = new GzipWriter(target);
        async Task FileAsync(string name, byte[] content)
        {
            sums.Write(BackupFiles.Sum(name, SHA256.HashData(content)));
            await gzip.WriteAsync(TarHeader.Of(name, content.Length), default);
            await gzip.WriteAsync(content, default);
            await gzip.WriteAsync(new byte[TarHeader.Padding(content.Length)], default);
        }
        await FileAsync(BackupFiles.Header, json);
        await FileAsync(BackupFiles.Part(0), part);
        var list = sums.ToArray();
        await FileAsync(BackupFiles.Sums, list);
        await FileAsync(BackupFiles.Seal, keys.SealOf(SHA256.HashData(list)));
        await gzip.WriteAsync(new byte[1_024], default);
        await gzip.FinishAsync(default);
        target.Position = 0;
        using var reader = await BackupReader.OpenAsync(target, default);
        Assert.True(await reader.TryUnlockAsync(root, default));
        return await reader.EntriesAsync().CountAsync();
    }

    private static async Task<byte[]> WriteAsync(StoredEntry[] entries)
    {
        using var root = SecretBuffer.Copy(BackupTargets.RootKey);
        var target = new MemoryStream();
        await BackupWriter.WriteAsync(target, HeaderOf(), root, entries.ToAsyncEnumerable(), default);
        return target.ToArray();
    }

    private static BackupHeader HeaderOf() => BackupHeader.New(
        new StoredRootKey(new SealConfig("shamir", 5, 3, "n"), new byte[61]), DateTimeOffset.UnixEpoch);

    private static byte[] Change(byte[] file, (int Kind, int At, int Length, byte Value)[] changes)
    {
        var bytes = file.ToList();
        foreach (var (kind, place, length, value) in changes)
        {
            if (bytes.Count == 0) break;
            var at = place % bytes.Count;
            var piece = bytes.GetRange(at, Math.Min(length, bytes.Count - at));
            if (kind == 0) bytes[at] = value;
            if (kind == 1) bytes.RemoveRange(at, piece.Count);
            if (kind == 2) bytes.InsertRange(at, piece);
        }
        return [.. bytes];
    }
}
