using System.Security.Cryptography;
using System.Text;

namespace Kist.Formats.Sops.Crypto;

/// <summary>The hash over the plain text of all values, in their order, without anything between them.</summary>
internal sealed class Mac : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA512);
    private readonly bool _onlyEncrypted;

    public Mac(bool onlyEncrypted)
    {
        _onlyEncrypted = onlyEncrypted;
        // So that a file whose MAC covers encrypted values only cannot pass for another.
        if (onlyEncrypted) _hash.AppendData(Convert.FromHexString(
            "8a3fd2ad54ce66527b1034f3d147be0b0b975b3bf44f72c6fdadec8176f27d69"));
    }

    /// <summary>Takes a value that is, or is not, one of the encrypted.</summary>
    public void Add(SopsValue value, bool encrypted)
    {
        if (_onlyEncrypted && !encrypted) return;
        Span<byte> text = stackalloc byte[400];
        switch (value.Kind)
        {
            case SopsKind.Text or SopsKind.Time or SopsKind.Unsigned:
                _hash.AppendData(value.Bytes.Span);
                break;
            case SopsKind.Integer or SopsKind.Float or SopsKind.Boolean:
                _hash.AppendData(text[..PlainText.Write(value, text)]);
                break;
        }
    }

    /// <summary>The sum in upper-case hexadecimal.</summary>
    public byte[] Finish() => Encoding.ASCII.GetBytes(Convert.ToHexString(_hash.GetHashAndReset()));

    public void Dispose() => _hash.Dispose();
}

/// <summary>The plain text of numbers, as it is encrypted and counted in the MAC.</summary>
internal static class PlainText
{
    /// <summary>Writes it and gives its length; 400 bytes are enough.</summary>
    public static int Write(SopsValue value, Span<byte> text)
    {
        if (value.Kind == SopsKind.Integer)
        {
            System.Buffers.Text.Utf8Formatter.TryFormat(value.Integer, text, out var written);
            return written;
        }
        var content = value.Kind == SopsKind.Boolean ? value.Boolean ? "True" : "False"
            : GoNumber.Fixed(value.Float);
        return Encoding.ASCII.GetBytes(content, text);
    }
}
