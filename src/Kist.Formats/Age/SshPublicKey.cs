using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Kist.Formats.Age;

/// <summary>Reads SSH public keys as <c>authorized_keys</c> and <c>.pub</c> files have them (RFC 4253, 6.6).</summary>
internal static class SshPublicKey
{
    public const string Ed25519 = "ssh-ed25519";
    public const string Rsa = "ssh-rsa";

    /// <summary>Reads <c>TYPE BASE64 COMMENT</c>.</summary>
    public static AgeOutcome<IAgeRecipient> ParseRecipient(string text)
    {
        if (!TryDecode(text, out var type, out var blob))
            return Wrong("the SSH key is misspelt: a public key is its type, a blank, and base64");
        return type is Ed25519 or Rsa ? FromBlob(blob)
            : Wrong($"an SSH key of type {type} cannot be encrypted to: use ssh-ed25519, ssh-rsa or age1");
    }

    /// <summary>The type of a well-formed SSH public key that age does not know; null for any other text.</summary>
    public static string? UnknownType(string text) =>
        TryDecode(text, out var type, out _) && type is not (Ed25519 or Rsa) ? type : null;

    /// <summary>Reads the binary form.</summary>
    public static AgeOutcome<IAgeRecipient> FromBlob(ReadOnlySpan<byte> blob)
    {
        var wire = new SshWire(blob);
        if (!wire.TryString(out var type)) return Wrong("the SSH key is cut");
        if (type.SequenceEqual("ssh-ed25519"u8))
            return wire.TryString(out var point) && point.Length == Sodium.PointBytes && wire.Rest.IsEmpty
                ? SshEd25519Recipient.Create(blob.ToArray(), point)
                : Wrong("the ssh-ed25519 key does not have 32 bytes");
        if (!type.SequenceEqual("ssh-rsa"u8)) return Wrong("the SSH key is neither ssh-ed25519 nor ssh-rsa");
        return wire.TryPositive(out var exponent) && wire.TryPositive(out var modulus) && wire.Rest.IsEmpty
            ? SshRsaRecipient.Create(blob.ToArray(), exponent, modulus)
            : Wrong("the ssh-rsa key is not an exponent and a modulus");
    }

    /// <summary>The first four bytes of the key's SHA-256, by which stanzas name it.</summary>
    public static string Tag(ReadOnlySpan<byte> blob) => RawBase64.Encode(SHA256.HashData(blob).AsSpan(0, 4));

    /// <summary>The binary form of a key.</summary>
    public static byte[] Blob(ReadOnlySpan<byte> type, params ReadOnlySpan<byte[]> parts)
    {
        using var blob = new MemoryStream();
        Append(blob, type);
        foreach (var part in parts) Append(blob, part);
        return blob.ToArray();
    }

    private static void Append(MemoryStream blob, ReadOnlySpan<byte> part)
    {
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, part.Length);
        blob.Write(length);
        blob.Write(part);
    }

    private static bool TryDecode(string text, out string type, out byte[] blob)
    {
        (type, blob) = ("", []);
        var words = text.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        if (words.Length < 2) return false;
        var bytes = new byte[words[1].Length];
        if (!Convert.TryFromBase64String(words[1], bytes, out var length)) return false;
        (type, blob) = (words[0], bytes[..length]);
        // The type is written twice; where the two differ, one of them lies.
        return new SshWire(blob).TryString(out var inside) && inside.SequenceEqual(Encoding.UTF8.GetBytes(type));
    }

    private static AgeOutcome<IAgeRecipient> Wrong(string message) =>
        AgeOutcome<IAgeRecipient>.Failed(AgeFaultKind.Key, message);
}
