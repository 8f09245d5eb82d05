using System.Runtime.Versioning;
using Kist.Kernel.Seals;
using Kist.Kernel.Stores;
using Kist.Server.Seals.KeyFile;
using Xunit;

namespace Kist.Server.Tests.Seals;

[UnsupportedOSPlatform("windows")]
public sealed class KeyFileSealTests : IDisposable
{
    private readonly string _home = Directory.CreateTempSubdirectory("kist-keyfile-").FullName;
    private readonly MemoryStore _store = new();
    private readonly byte[] _rootKey = [.. Enumerable.Range(1, 32).Select(i => (byte)i)];

    private string KeyFile => Path.Combine(_home, "keys", "kist.key");

    [Fact]
    public async Task TheFileIsMadeAtTheFirstWrappingAndOpensAgainLater()
    {
        var wrapped = await Seal().WrapAsync(_rootKey, default);
        using var unwrapped = await Seal().UnwrapAsync(wrapped, default);
        Assert.Equal(_rootKey, unwrapped.Span.ToArray());
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(KeyFile));
        Assert.Equal([KeyFile], Directory.GetFileSystemEntries(Path.Combine(_home, "keys")));
    }

    [Fact]
    public async Task ASecondWrappingUsesTheSameFile()
    {
        var first = await Seal().WrapAsync(_rootKey, default);
        var before = File.ReadAllText(KeyFile);
        var second = await Seal().WrapAsync(_rootKey, default);
        Assert.Equal(before, File.ReadAllText(KeyFile));
        Assert.NotEqual(first, second);
        using var unwrapped = await Seal().UnwrapAsync(first, default);
        Assert.Equal(_rootKey, unwrapped.Span.ToArray());
    }

    [Fact]
    public async Task AMissingFileOverExistingDataIsAnErrorAndNothingIsMade()
    {
        var wrapped = await InitialiseAsync();
        File.Delete(KeyFile);
        var unwrap = await Assert.ThrowsAsync<SealException>(async () => await Seal().UnwrapAsync(wrapped, default));
        Assert.Contains("missing", unwrap.Message);
        await Assert.ThrowsAsync<SealException>(async () => await Seal().WrapAsync(_rootKey, default));
        Assert.False(File.Exists(KeyFile));
    }

    [Fact]
    public async Task TheFileOfAnotherStoreIsNamedAsWrongAndLeftAlone()
    {
        var wrapped = await InitialiseAsync();
        File.Delete(KeyFile);
        await new KeyFileSeal(KeyFile, new MemoryStore()).WrapAsync(_rootKey, default);
        var before = File.ReadAllText(KeyFile);
        var e = await Assert.ThrowsAsync<SealException>(async () => await Seal().UnwrapAsync(wrapped, default));
        Assert.Contains("belongs to another", e.Message);
        Assert.Equal(before, File.ReadAllText(KeyFile));
    }

    [Fact]
    public async Task DataUnderAnotherSealMayMoveToANewKeyFile()
    {
        var batch = new Batch();
        RootKeyStore.Put(batch, new SealConfig("shamir", 5, 3, "n"), new byte[40]);
        await _store.CommitAsync(batch, default);
        var wrapped = await Seal().WrapAsync(_rootKey, default);
        using var unwrapped = await Seal().UnwrapAsync(wrapped, default);
        Assert.Equal(_rootKey, unwrapped.Span.ToArray());
    }

    [Theory]
    [InlineData(UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.GroupRead)]
    [InlineData(UnixFileMode.GroupWrite)]
    public async Task AFileThatOthersMayTouchIsRefusedWithTheCommandThatHelps(UnixFileMode more)
    {
        var wrapped = await InitialiseAsync();
        File.SetUnixFileMode(KeyFile, UnixFileMode.UserRead | UnixFileMode.UserWrite | more);
        var e = await Assert.ThrowsAsync<SealException>(async () => await Seal().UnwrapAsync(wrapped, default));
        Assert.Contains("chmod 600", e.Message);
    }

    [Fact]
    public async Task ASymbolicLinkIsRefusedAndADanglingOneIsNotFilled()
    {
        var wrapped = await InitialiseAsync();
        var elsewhere = Path.Combine(_home, "elsewhere");
        File.Move(KeyFile, elsewhere);
        File.CreateSymbolicLink(KeyFile, elsewhere);
        var e = await Assert.ThrowsAsync<SealException>(async () => await Seal().UnwrapAsync(wrapped, default));
        Assert.Contains("symbolic link", e.Message);
        File.Delete(elsewhere);
        var fresh = new KeyFileSeal(KeyFile, new MemoryStore());
        await Assert.ThrowsAsync<SealException>(async () => await fresh.WrapAsync(_rootKey, default));
        Assert.False(File.Exists(elsewhere));
    }

    [Fact]
    public async Task EveryChangedByteAndEveryCutOfTheFileIsNoticed()
    {
        var wrapped = await InitialiseAsync();
        var text = File.ReadAllBytes(KeyFile);
        for (var i = 0; i < text.Length - 1; i++)
        {
            var changed = text.ToArray();
            changed[i] ^= 1;
            await MustFailAsync(changed, wrapped);
            await MustFailAsync(text[..i], wrapped);
        }
    }

    [Fact]
    public async Task LineEndsOfOtherSystemsAreAccepted()
    {
        var wrapped = await InitialiseAsync();
        File.WriteAllText(KeyFile, File.ReadAllText(KeyFile).Replace("\n", "\r\n"));
        using var unwrapped = await Seal().UnwrapAsync(wrapped, default);
        Assert.Equal(_rootKey, unwrapped.Span.ToArray());
    }

    [Fact]
    public async Task AFileInTheDataDirectoryIsRefused()
    {
        var data = Path.Combine(_home, "data");
        var inside = new KeyFileSeal(Path.Combine(data, "sub", "kist.key"), _store, data);
        await Assert.ThrowsAsync<SealException>(async () => await inside.WrapAsync(_rootKey, default));
        var beside = new KeyFileSeal(Path.Combine(_home, "data.key"), _store, data);
        await beside.WrapAsync(_rootKey, default);
        Assert.False(Directory.Exists(data));
    }

    [Fact]
    public async Task NoMessageHoldsTheKey()
    {
        var wrapped = await InitialiseAsync();
        var lines = File.ReadAllLines(KeyFile);
        File.WriteAllText(KeyFile, $"{lines[0]}\n{lines[1]}\ncheck 0000000000000000\n");
        var e = await Assert.ThrowsAsync<SealException>(async () => await Seal().UnwrapAsync(wrapped, default));
        Assert.DoesNotContain(lines[1], e.ToString());
    }

    public void Dispose() => Directory.Delete(_home, recursive: true);

    private KeyFileSeal Seal() => new(KeyFile, _store, Path.Combine(_home, "data"));

    private async Task<byte[]> InitialiseAsync()
    {
        var wrapped = await Seal().WrapAsync(_rootKey, default);
        var batch = new Batch();
        RootKeyStore.Put(batch, new SealConfig(KeyFileSeal.TypeName, 0, 0, "n"), wrapped);
        await _store.CommitAsync(batch, default);
        return wrapped;
    }

    private async Task MustFailAsync(byte[] file, byte[] wrapped)
    {
        File.WriteAllBytes(KeyFile, file);
        var e = await Assert.ThrowsAsync<SealException>(async () => await Seal().UnwrapAsync(wrapped, default));
        Assert.Contains("not a whole Kist key file", e.Message);
    }
}
