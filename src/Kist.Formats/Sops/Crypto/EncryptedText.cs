using System.Buffers;
using System.Buffers.Text;

namespace Kist.Formats.Sops.Crypto;

/// <summary>
/// The form of an encrypted value, <c>ENC[AES256_GCM,data:…,iv:…,tag:…,type:…]</c>. As sops reads it: nothing may stand
/// before it, anything behind it, and none of its parts may be empty.
/// </summary>
internal readonly ref struct EncryptedText
{
    private static ReadOnlySpan<byte> Lead => "ENC[AES256_GCM,data:"u8;

    private EncryptedText(ReadOnlySpan<byte> data, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> tag,
        ReadOnlySpan<byte> type)
    {
        Data = data;
        Nonce = nonce;
        Tag = tag;
        Type = type;
    }

    /// <summary>The ciphertext in base64; the nonce and the tag likewise.</summary>
    public ReadOnlySpan<byte> Data { get; }
    public ReadOnlySpan<byte> Nonce { get; }
    public ReadOnlySpan<byte> Tag { get; }

    /// <summary>The name of the type.</summary>
    public ReadOnlySpan<byte> Type { get; }

    /// <summary>Whether a text begins like an encrypted value.</summary>
    public static bool Looks(ReadOnlySpan<byte> text) => text.StartsWith(Lead);

    /// <summary>Takes a text apart.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out EncryptedText parts)
    {
        parts = default;
        if (!text.StartsWith(Lead)) return false;
        text = text[Lead.Length..];
        var line = text.IndexOf((byte)'\n');
        if (line >= 0) text = text[..line];
        var end = text.LastIndexOf((byte)']');
        if (end < 0) return false;
        text = text[..end];
        var typeAt = text.LastIndexOf(",type:"u8);
        var tagAt = typeAt < 0 ? -1 : text[..typeAt].LastIndexOf(",tag:"u8);
        var nonceAt = tagAt < 0 ? -1 : text[..tagAt].LastIndexOf(",iv:"u8);
        if (nonceAt <= 0) return false;
        var nonce = text[(nonceAt + 4)..tagAt];
        var tag = text[(tagAt + 5)..typeAt];
        var type = text[(typeAt + 6)..];
        if (nonce.IsEmpty || tag.IsEmpty || type.IsEmpty) return false;
        parts = new EncryptedText(text[..nonceAt], nonce, tag, type);
        return true;
    }

    /// <summary>Decodes base64 as Go does: padding must be there, line ends are passed over, blanks are not.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> text, Span<byte> bytes, out int written)
    {
        written = 0;
        return !text.ContainsAny((byte)' ', (byte)'\t')
            && Base64.DecodeFromUtf8(text, bytes, out _, out written) == OperationStatus.Done;
    }

    /// <summary>Writes an encrypted value.</summary>
    public static void Write(ReadOnlySpan<byte> data, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> tag,
        ReadOnlySpan<byte> type, Span<byte> text, out int written)
    {
        var at = 0;
        Append(Lead, text, ref at);
        AppendBase64(data, text, ref at);
        Append(",iv:"u8, text, ref at);
        AppendBase64(nonce, text, ref at);
        Append(",tag:"u8, text, ref at);
        AppendBase64(tag, text, ref at);
        Append(",type:"u8, text, ref at);
        Append(type, text, ref at);
        Append("]"u8, text, ref at);
        written = at;
    }

    /// <summary>How long an encrypted value of so many bytes is at most.</summary>
    public static int MaxLength(int data) => Base64.GetMaxEncodedToUtf8Length(data) + 160;

    private static void Append(ReadOnlySpan<byte> bytes, Span<byte> text, ref int at)
    {
        bytes.CopyTo(text[at..]);
        at += bytes.Length;
    }

    private static void AppendBase64(ReadOnlySpan<byte> bytes, Span<byte> text, ref int at)
    {
        Base64.EncodeToUtf8(bytes, text[at..], out _, out var written);
        at += written;
    }
}
