using System.Security.Cryptography;
using System.Text;
using Kist.Formats.Sops.Crypto;
using Kist.Formats.Sops.Stores;

namespace Kist.Formats.Sops;

/// <summary>An encrypted file: a tree whose values are encrypted, and the metadata.</summary>
public sealed class SopsFile
{
    private SopsFile(SopsTree tree, SopsMetadata metadata, SopsFormat format, string name) =>
        (Tree, Metadata, Format, Name) = (tree, metadata, format, name);

    /// <summary>The name for messages.</summary>
    public string Name { get; }

    /// <summary>How it is written.</summary>
    public SopsFormat Format { get; }

    /// <summary>What the file says about itself.</summary>
    public SopsMetadata Metadata { get; }

    /// <summary>The values, encrypted.</summary>
    public SopsTree Tree { get; }

    /// <summary>Reads an encrypted file.</summary>
    /// <param name="name">The name for messages.</param>
    public static SopsOutcome<SopsFile> Load(ReadOnlySpan<byte> bytes, SopsFormat format, string name)
    {
        if (!Store.LoadEncrypted(bytes, format, name).Try(out var loaded, out var fault))
            return fault with { File = fault.File ?? name };
        return new SopsFile(loaded.Tree, loaded.Metadata, format, name);
    }

    /// <summary>Decrypts every value and checks the MAC. The caller disposes the tree.</summary>
    /// <param name="ignoreMac">Leaves the MAC unchecked.</param>
    /// <param name="nonces">Gets the nonces of all values, so that those that do not change keep their ciphertext in
    /// <see cref="Encrypt"/>.</param>
    public SopsOutcome<SopsTree> Decrypt(DataKey key, bool ignoreMac = false, NonceStash? nonces = null)
    {
        using var cipher = new ValueCipher(key);
        using var mac = new Mac(Metadata.Rules.MacOnlyEncrypted);
        var arena = new SecretArena();
        var walk = new TreeWalk(Metadata.Rules, Name);
        var decryption = new TreeDecryption(walk, cipher, mac, arena, nonces);
        var documents = new List<SopsValue>(Tree.Documents.Count);
        foreach (var document in Tree.Documents)
        {
            if (decryption.Document(document) is { } plain)
            {
                documents.Add(plain);
                continue;
            }
            arena.Dispose();
            return decryption.Fault!;
        }
        var tree = new SopsTree(documents, arena);
        if (ignoreMac || MacFault(cipher, mac.Finish()) is not { } fault) return tree;
        tree.Dispose();
        return fault;
    }

    /// <summary>Encrypts a tree and makes its MAC.</summary>
    /// <param name="metadata">Whose keys have been wrapped already; time and MAC are set here.</param>
    public static SopsOutcome<SopsFile> Encrypt(SopsTree plain, SopsMetadata metadata, DataKey key,
        SopsFormat format, string name, DateTimeOffset now, NonceStash? nonces = null)
    {
        using var cipher = new ValueCipher(key);
        using var mac = new Mac(metadata.Rules.MacOnlyEncrypted);
        var encryption = new TreeEncryption(new TreeWalk(metadata.Rules, name), cipher, mac, nonces);
        var documents = new List<SopsValue>(plain.Documents.Count);
        foreach (var document in plain.Documents)
        {
            if (encryption.Document(document) is not { } encrypted) return encryption.Fault!;
            documents.Add(encrypted);
        }
        var when = DateTimeOffset.FromUnixTimeSeconds(now.ToUnixTimeSeconds());
        var sum = TreeEncryption.Seal(cipher, Encoding.ASCII.GetBytes(GoTime.Write(when)), mac.Finish());
        return new SopsFile(new SopsTree(documents, new SecretArena()), metadata with
        {
            LastModified = when,
            Mac = Encoding.ASCII.GetString(sum),
            Version = SopsMetadata.CurrentVersion,
        }, format, name);
    }

    /// <summary>The same encrypted values with other metadata: for changes of keys that leave the data key
    /// alone.</summary>
    public SopsFile With(SopsMetadata metadata) => new(Tree, metadata, Format, Name);

    /// <summary>The file's bytes.</summary>
    public SopsOutcome<byte[]> Write(SopsStyle style)
    {
        if (!Store.WriteEncrypted(Tree, Metadata, Format, style).Try(out var text, out var fault))
            return fault with { File = fault.File ?? Name };
        using (text) return text.WrittenSpan.ToArray();
    }

    private SopsFault? MacFault(ValueCipher cipher, ReadOnlySpan<byte> computed)
    {
        if (Metadata.Mac.Length == 0)
            return new SopsFault(SopsExit.MacMismatch, "MAC mismatch: the file has no MAC") { File = Name };
        var text = Encoding.UTF8.GetBytes(Metadata.Mac);
        if (!EncryptedText.TryParse(text, out var parts)) return Altered();
        var (nonce, data) = (new byte[parts.Nonce.Length + 3], new byte[parts.Data.Length + parts.Tag.Length + 6]);
        if (!EncryptedText.TryDecode(parts.Nonce, nonce, out var nonceLength)
            || !EncryptedText.TryDecode(parts.Data, data, out var length)
            || !EncryptedText.TryDecode(parts.Tag, data.AsSpan(length), out var tagLength)) return Altered();
        var plain = new byte[Math.Max(length + tagLength - ValueCipher.TagBytes, 0)];
        var aad = Encoding.ASCII.GetBytes(GoTime.WriteWithOffset(Metadata.LastModified));
        if (!cipher.TryOpen(nonce.AsSpan(0, nonceLength), aad, data.AsSpan(0, length + tagLength), plain))
            return Altered();
        if (parts.Type.SequenceEqual("str"u8) && CryptographicOperations.FixedTimeEquals(plain, computed)) return null;
        return new SopsFault(SopsExit.MacMismatch, "MAC mismatch: the content is not what was encrypted; a value was "
            + "changed, added, removed or moved") { File = Name };

        SopsFault Altered() => new(SopsExit.MacMismatch,
            "MAC mismatch: the MAC, the time of the last change or the rules were altered") { File = Name };
    }
}
