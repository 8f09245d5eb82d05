using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Kist.Kernel.Tokens;

/// <summary>
/// Batch tokens: the record itself, sealed with AES-256-GCM under a key that lives in the barrier. Nothing is stored,
/// so nothing is counted, renewed or revoked; they end with their time or with their parent.
/// </summary>
internal sealed class BatchTokens(byte[] key)
{
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private static readonly byte[] Purpose = Encoding.ASCII.GetBytes("kist batch token v1");

    public string Seal(TokenEntry entry)
    {
        var record = JsonSerializer.SerializeToUtf8Bytes(entry, KernelJson.Default.TokenEntry);
        var sealedRecord = new byte[NonceBytes + record.Length + TagBytes];
        RandomNumberGenerator.Fill(sealedRecord.AsSpan(0, NonceBytes));
        using var aes = new AesGcm(key, TagBytes);
        aes.Encrypt(sealedRecord.AsSpan(0, NonceBytes), record, sealedRecord.AsSpan(NonceBytes, record.Length),
            sealedRecord.AsSpan(NonceBytes + record.Length), Purpose);
        return TokenText.BatchPrefix + Base64Url.EncodeToString(sealedRecord);
    }

    /// <summary>The record inside, or null when the text was not sealed with this cluster's key, to the bit.</summary>
    public TokenEntry? Open(string token)
    {
        var text = token.AsSpan(TokenText.BatchPrefix.Length);
        if (text.Length > 64 * 1024 || !Base64Url.IsValid(text, out var length) || length <= NonceBytes
            + TagBytes) return null;
        var bytes = Base64Url.DecodeFromChars(text);
        // Base64 has spare bits in its last character; only the one spelling that Seal writes is accepted.
        if (!text.SequenceEqual(Base64Url.EncodeToString(bytes))) return null;
        var record = new byte[length - NonceBytes - TagBytes];
        using var aes = new AesGcm(key, TagBytes);
        try
        {
            aes.Decrypt(bytes.AsSpan(0, NonceBytes), bytes.AsSpan(NonceBytes, record.Length),
                bytes.AsSpan(NonceBytes + record.Length), record, Purpose);
        }
        catch (CryptographicException)
        {
            return null;
        }
        return JsonSerializer.Deserialize(record, KernelJson.Default.TokenEntry);
    }
}
