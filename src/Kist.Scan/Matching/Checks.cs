using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Kist.Scan.Matching;

/// <summary>What a checksum or a decoding says about a token.</summary>
/// <param name="Against">Why it is no token at all; null if it may be one.</param>
/// <param name="IsWrong">Whether its checksum is wrong: probably a placeholder.</param>
/// <param name="Note">What to add to the explanation.</param>
internal readonly record struct Verified(string? Against, bool IsWrong, string Note)
{
    /// <summary>Right or wrong.</summary>
    public static Verified Sum(bool isRight) => isRight
        ? new Verified(null, false, "; its checksum is right") : new Verified(null, true, "; its checksum is wrong");
}

/// <summary>Checksums and decodings, all without a network.</summary>
internal static class Checks
{
    private const string Digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    /// <summary>Runs the check of this name.</summary>
    public static Verified Run(string check, ReadOnlySpan<byte> token) => check switch
    {
        "github" => GitHub(token),
        "crc32-hex" => Verified.Sum(TrailingCrc(token)),
        "gitlab" => GitLab(token),
        "kist" => Kist(token),
        "bech32" => Verified.Sum(Bech32(token)),
        "aws-account" => AwsAccount(token),
        "jwt" => Jwt(token),
        "jwt-base64" => JwtInBase64(token),
        "pem-base64" => PemInBase64(token),
        _ => throw new FormatException($"there is no check '{check}'"),
    };

    /// <summary>The last six characters are the CRC-32 of the others after the prefix, in base 62.</summary>
    private static Verified GitHub(ReadOnlySpan<byte> token)
    {
        var body = token[(token.IndexOf((byte)'_') + 1)..];
        if (body.Length != 36) return default;
        return Verified.Sum(IsBase62(body[^6..], Crc32(body[..^6])));
    }

    private static Verified Kist(ReadOnlySpan<byte> token)
    {
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(token[..^6], hash);
        return Verified.Sum(IsBase62(token[^6..], BinaryPrimitives.ReadUInt32BigEndian(hash)));
    }

    private static bool IsBase62(ReadOnlySpan<byte> text, uint value)
    {
        for (var i = text.Length - 1; i >= 0; i--, value /= 62)
            if (text[i] != Digits[(int)(value % 62)]) return false;
        return true;
    }

    private static bool TrailingCrc(ReadOnlySpan<byte> token)
    {
        var body = token[..^8].TrimEnd("=_"u8);
        Span<byte> sum = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(sum, Crc32(body));
        return Convert.ToHexString(sum).Equals(Encoding.ASCII.GetString(token[^8..]),
            StringComparison.OrdinalIgnoreCase);
    }

    private static Verified GitLab(ReadOnlySpan<byte> token)
    {
        var sum = Crc32(token[..^7]);
        for (var i = 1; i <= 7; i++, sum /= 36)
            if (token[^i] != "0123456789abcdefghijklmnopqrstuvwxyz"[(int)(sum % 36)]) return Verified.Sum(false);
        return Verified.Sum(true);
    }

    private static bool Bech32(ReadOnlySpan<byte> token)
    {
        var split = token.LastIndexOf((byte)'1');
        uint sum = 1;
        foreach (var one in token[..split]) sum = Step(sum, (uint)(one | 0x20) >> 5);
        sum = Step(sum, 0);
        foreach (var one in token[..split]) sum = Step(sum, (uint)(one | 0x20) & 31);
        foreach (var one in token[(split + 1)..])
        {
            var letter = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L".IndexOf((char)one);
            if (letter < 0) return false;
            sum = Step(sum, (uint)letter);
        }
        return sum == 1;
    }

    private static uint Step(uint sum, uint value)
    {
        ReadOnlySpan<uint> generator = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
        var top = sum >> 25;
        sum = ((sum & 0x1ffffff) << 5) ^ value;
        for (var i = 0; i < 5; i++)
            if ((top >> i & 1) != 0) sum ^= generator[i];
        return sum;
    }

    /// <summary>Characters 5 to 13 hold the number of the account, shifted by seven bits.</summary>
    private static Verified AwsAccount(ReadOnlySpan<byte> token)
    {
        ulong bits = 0;
        for (var i = 4; i < 14; i++)
        {
            var digit = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".IndexOf((char)token[i]);
            if (digit < 0) return default;
            bits = (bits << 5) | (uint)digit;
        }
        var account = (bits >> 2 & 0x7fffffffff80) >> 7;
        return account <= 999_999_999_999
            ? new Verified(null, false, $"; it belongs to the account {account:D12}") : default;
    }

    private static Verified Jwt(ReadOnlySpan<byte> token)
    {
        var dot = token.IndexOf((byte)'.');
        var header = FromBase64Url(token[..dot]);
        if (header is null) return new Verified("its first part is no base64", false, "");
        if (header.AsSpan().IndexOf("\"alg\""u8) < 0) return new Verified("its first part names no algorithm", false,
            "");
        if (header.AsSpan().IndexOf("\"none\""u8) >= 0) return new Verified(null, true, "; it is not signed");
        var rest = token[(dot + 1)..];
        var payload = FromBase64Url(rest[..rest.IndexOf((byte)'.')]);
        if (payload is not null && (payload.AsSpan().IndexOf("John Doe"u8) >= 0
            || payload.AsSpan().IndexOf("\"1234567890\""u8) >= 0
            || payload.AsSpan().IndexOf("{\"some\":\"payload\"}"u8) >= 0))
        {
            return new Verified("it is the example of the documentation", false, "");
        }
        return payload is not null && Expiry(payload) is { } end && end < TimeProvider.System.GetUtcNow()
            ? new Verified(null, true, $"; it ended on {end:yyyy-MM-dd}")
            : new Verified(null, false, "; its header decodes");
    }

    private static Verified JwtInBase64(ReadOnlySpan<byte> token)
    {
        var bytes = new byte[token.Length];
        var whole = token[..(token.Length & ~3)];
        var status = Base64.DecodeFromUtf8(whole, bytes, out _, out var written, isFinalBlock: false);
        var text = bytes.AsSpan(0, written);
        return status == System.Buffers.OperationStatus.Done && text.Count((byte)'.') == 2
            && ByteSet.JwtText.RunLength(text) == text.Length
            ? Jwt(text) : new Verified("it decodes to no JSON Web Token", false, "");
    }

    // When a token's claims say that it ends; null where they do not, or are no JSON.
    private static DateTimeOffset? Expiry(ReadOnlySpan<byte> claims)
    {
        try
        {
            var json = new Utf8JsonReader(claims);
            while (json.Read())
            {
                if (json.CurrentDepth != 1 || json.TokenType != JsonTokenType.PropertyName
                    || !json.ValueTextEquals("exp"u8)) continue;
                json.Read();
                return json.TokenType == JsonTokenType.Number && json.TryGetDouble(out var seconds)
                    && seconds is > 0 and < 253_402_300_799 ? DateTimeOffset.FromUnixTimeSeconds((long)seconds) : null;
            }
            return null;
        }
        catch (JsonException)
        {
            return null; // a token cut short, or none: it stays what it looks like
        }
    }

    /// <summary>
    /// Whether the letters of a PEM block begin as keys do: a DER sequence, or OpenSSH's own mark.
    /// </summary>
    public static bool BeginsKey(ReadOnlySpan<byte> letters)
    {
        Span<byte> bytes = stackalloc byte[24];
        var head = letters[..Math.Min(letters.Length & ~3, 32)];
        if (Base64.DecodeFromUtf8(head, bytes, out _, out var written, isFinalBlock: false)
            is System.Buffers.OperationStatus.InvalidData) return false;
        bytes = bytes[..written];
        // A sequence, and within it a version, another sequence, or, where it is encrypted, one too.
        if (bytes.Length >= 8 && bytes[0] == 0x30)
        {
            var inner = 2 + (bytes[1] < 0x80 ? 0 : bytes[1] & 0x7F);
            return bytes[1] != 0x80 && inner < bytes.Length && bytes[inner] is 0x02 or 0x30;
        }
        return bytes.StartsWith("openssh-key-v1"u8);
    }

    private static Verified PemInBase64(ReadOnlySpan<byte> token)
    {
        var head = token[..Math.Min(token.Length & ~3, 80)];
        Span<byte> bytes = stackalloc byte[64];
        Base64.DecodeFromUtf8(head, bytes, out _, out var written, isFinalBlock: false);
        return bytes[..written].IndexOf("PRIVATE KEY"u8) >= 0
            ? new Verified(null, false, "; it decodes to a private key")
            : new Verified("it decodes to no private key", false, "");
    }

    // IEEE 802.3, as zlib has it; tokens are short.
    private static uint Crc32(ReadOnlySpan<byte> text)
    {
        var sum = 0xFFFFFFFF;
        foreach (var one in text)
        {
            sum ^= one;
            for (var i = 0; i < 8; i++) sum = (sum >> 1) ^ ((sum & 1) * 0xEDB88320);
        }
        return ~sum;
    }

    /// <summary>Decodes; null if it is not base64 of the URL kind.</summary>
    public static byte[]? FromBase64Url(ReadOnlySpan<byte> text)
    {
        var bytes = new byte[Base64Url.GetMaxDecodedLength(text.Length)];
        var status = Base64Url.DecodeFromUtf8(text, bytes, out _, out var written);
        return status == System.Buffers.OperationStatus.Done ? bytes[..written] : null;
    }
}
