using Kist.Kernel.Seals;
using Kist.Kernel.Stores;
using Kist.Secrets;

namespace Kist.Server.Seals.KeyFile;

/// <summary>
/// Wraps the root key with a key that lies in a file outside the data directory, so that a restart needs no person and
/// a copy of the data alone opens nothing. The file is made when a root key is first wrapped with it, and never again:
/// a missing or wrong file over existing data is an error that a person has to look at.
/// </summary>
/// <param name="path">The key file.</param>
/// <param name="store">The store whose root key is wrapped: it says whether a key file must exist already.</param>
/// <param name="dataDirectory">Where the store keeps its files; the key file may not lie in it. Null: not on disk.
/// </param>
public sealed class KeyFileSeal(string path, IStore store, string? dataDirectory = null) : ISeal
{
    /// <summary>The name in the configuration.</summary>
    public const string TypeName = "keyfile";

    private readonly string _path = Path.GetFullPath(path);

    /// <inheritdoc/>
    public string Type => TypeName;

    /// <inheritdoc/>
    public async ValueTask<byte[]> WrapAsync(ReadOnlyMemory<byte> rootKey, CancellationToken ct)
    {
        MustBeOutsideTheData();
        if (!KeyFileFormat.Exists(_path)) await CreateAsync(ct);
        using var key = KeyFileFormat.Read(_path);
        return KeyWrap.Wrap(key, TypeName, rootKey.Span);
    }

    /// <inheritdoc/>
    public ValueTask<SecretBuffer> UnwrapAsync(ReadOnlyMemory<byte> wrapped, CancellationToken ct)
    {
        if (!KeyFileFormat.Exists(_path))
            throw new SealException(
                $"the key file {_path} is missing; without it this data cannot be opened: "
                + "put it back from where you keep a copy");
        using var key = KeyFileFormat.Read(_path);
        return new(KeyWrap.Unwrap(key, TypeName, wrapped.Span) ?? throw new SealException(
            $"the key file {_path} does not open this store: it belongs to another one; "
            + "put the right file in its place, or point to it in the seal stanza"));
    }

    private async ValueTask CreateAsync(CancellationToken ct)
    {
        var stored = await RootKeyStore.LoadAsync(store, ct);
        if (stored?.Config.Type == TypeName)
            throw new SealException(
                $"the key file {_path} is missing and the store holds data that it opens; no new one is made: "
                + "put the file back from where you keep a copy");
        KeyFileFormat.Create(_path);
    }

    private void MustBeOutsideTheData()
    {
        if (dataDirectory is null) return;
        var data = Path.GetFullPath(dataDirectory).TrimEnd(Path.DirectorySeparatorChar) + Path.DirectorySeparatorChar;
        if (_path.StartsWith(data, StringComparison.Ordinal))
            throw new SealException(
                $"the key file {_path} may not lie in the data directory: whoever copies the data would have the key; "
                + "choose another place in the seal stanza");
    }
}
