using Kist.Formats.Sops;
using Kist.Secrets;

namespace Kist.Cli.Files;

/// <summary>An encrypted file with its data key and its plain tree, as commands that change it need them.</summary>
internal sealed class OpenFile : IDisposable
{
    private readonly FileKeys _keys;

    private OpenFile(FileCall call, FileKeys keys, string name, SopsFile file, DataKey key)
    {
        (Call, _keys, Name, File, Key) = (call, keys, name, file, key);
    }

    public FileCall Call { get; }
    public string Name { get; }
    public SopsFile File { get; }
    public DataKey Key { get; }

    /// <summary>The plain values; set by <see cref="Decrypt"/>.</summary>
    public SopsTree? Tree { get; private set; }

    /// <summary>The nonces of all values, so that those that do not change keep their text.</summary>
    public NonceStash Nonces { get; } = new();

    /// <summary>Reads a file and opens its data key.</summary>
    /// <param name="name">The name that decides on the type and stands in messages; the file's where it is
    /// null.</param>
    public static SopsOutcome<OpenFile> Open(FileCall call, string? file, string? name = null)
    {
        if (!Load(call, file, name).Try(out var loaded, out var fault)) return fault;
        if (!FileKeys.Of(call).Try(out var keys, out fault)) return fault;
        if (!keys.Open(loaded.Metadata).Try(out var key, out fault))
        {
            keys.Dispose();
            return fault with { File = file };
        }
        return new OpenFile(call, keys, file ?? name ?? "standard input", loaded, key);
    }

    /// <summary>Reads an encrypted file.</summary>
    public static SopsOutcome<SopsFile> Load(FileCall call, string? file, string? name = null)
    {
        var shown = name ?? file ?? "standard input";
        if (!FileText.Format(call, FileFlag.InputType, shown).Try(out var format, out var fault)) return fault;
        fault = FileText.Read(file, out var content);
        using (content)
        {
            var loaded = fault is null ? SopsFile.Load(content.WrittenSpan, format, shown) : fault;
            // sops tells apart what cannot be read only where it is plain.
            return loaded.Fault is { Exit: SopsExit.Read } unread ? unread with { Exit = SopsExit.Generic } : loaded;
        }
    }

    /// <summary>Decrypts every value and checks the MAC.</summary>
    public SopsFault? Decrypt()
    {
        var outcome = File.Decrypt(Key, Call.Has(FileFlag.IgnoreMac), Nonces);
        Tree = outcome.Value;
        return outcome.Fault;
    }

    /// <summary>Encrypts the tree as it is now, to the same keys; ciphertexts of what did not change stay.</summary>
    public SopsOutcome<byte[]> Encrypt() => Encrypt(Tree!);

    /// <summary>Encrypts another tree in the place of the file's.</summary>
    public SopsOutcome<byte[]> Encrypt(SopsTree tree) => Encrypt(tree, File.Metadata, Key, Nonces);

    /// <summary>Encrypts the tree with a new data key to other keys.</summary>
    public SopsOutcome<byte[]> EncryptAnew(SopsMetadata metadata) => EncryptAnew(metadata, Tree!);

    /// <summary>Encrypts another tree with a new data key to other keys.</summary>
    public SopsOutcome<byte[]> EncryptAnew(SopsMetadata metadata, SopsTree tree)
    {
        using var key = DataKey.New();
        if (!_keys.Wrap(key, metadata).Try(out var wrapped, out var fault)) return fault;
        return Encrypt(tree, wrapped, key, null);
    }

    /// <summary>The same values with the same data key for other keys.</summary>
    public SopsOutcome<byte[]> Rewrap(SopsMetadata metadata)
    {
        if (!_keys.Wrap(Key, metadata).Try(out var wrapped, out var fault)) return fault;
        if (!FileConfig.Style(Call).Try(out var style, out fault)) return fault;
        return File.With(wrapped).Write(style);
    }

    public void Dispose()
    {
        Tree?.Dispose();
        Key.Dispose();
        _keys.Dispose();
    }

    private SopsOutcome<byte[]> Encrypt(SopsTree tree, SopsMetadata metadata, DataKey key, NonceStash? nonces)
    {
        if (!FileText.Format(Call, FileFlag.OutputType, Name).Try(out var format, out var fault)) return fault;
        if (Call.Text(FileFlag.OutputType) is null) format = File.Format;
        if (!FileConfig.Style(Call).Try(out var style, out fault)) return fault;
        return SopsFile.Encrypt(tree, metadata, key, format, Name, Call.Now, nonces).Try(out var file, out fault)
            ? file.Write(style) : fault;
    }
}
