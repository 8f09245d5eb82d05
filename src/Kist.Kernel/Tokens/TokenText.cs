using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Kist.Kernel.Tokens;

/// <summary>
/// How tokens look: <c>kst.</c>, 27 base-62 characters of 160 random bits, 6 of a checksum, so that a leaked one is
/// found exactly and without false alarms; batch tokens are <c>kstb.</c> and a sealed record; accessors are 24
/// characters.
/// </summary>
public static class TokenText
{
    /// <summary>The prefix of service tokens.</summary>
    public const string ServicePrefix = "kst.";

    /// <summary>The prefix of batch tokens.</summary>
    public const string BatchPrefix = "kstb.";

    /// <summary>The characters of a service token.</summary>
    public const int ServiceLength = 4 + BodyLength + ChecksumLength;

    private const string Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    private const int BodyLength = 27;
    private const int ChecksumLength = 6;

    /// <summary>A new service token.</summary>
    public static string NewService()
    {
        var body = ServicePrefix + RandomNumberGenerator.GetString(Alphabet, BodyLength);
        return body + Checksum(body);
    }

    /// <summary>A new accessor.</summary>
    public static string NewAccessor() => RandomNumberGenerator.GetString(Alphabet, 24);

    /// <summary>
    /// Whether <paramref name="text"/> is a whole service token: prefix, length, alphabet and checksum.
    /// </summary>
    public static bool IsService(ReadOnlySpan<char> text) =>
        text.Length == ServicePrefix.Length + BodyLength + ChecksumLength
        && text.StartsWith(ServicePrefix)
        && text[^ChecksumLength..].SequenceEqual(Checksum(text[..^ChecksumLength]));

    /// <summary>Whether <paramref name="text"/> is a service token or looks like a batch token.</summary>
    public static bool IsAny(ReadOnlySpan<char> text) =>
        IsService(text) || text.StartsWith(BatchPrefix, StringComparison.Ordinal);

    /// <summary>
    /// A path without the tokens that old clients put into it (<c>auth/token/lookup/TOKEN</c>), for the log.
    /// </summary>
    public static string WithoutTokens(string path) => path.Contains("kst", StringComparison.Ordinal)
        ? string.Join('/', path.Split('/').Select(segment => IsAny(segment) ? "[token]" : segment))
        : path;

    private static string Checksum(ReadOnlySpan<char> body)
    {
        Span<byte> bytes = stackalloc byte[body.Length];
        Encoding.ASCII.GetBytes(body, bytes);
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(bytes, hash);
        // 62^6 is about 2^35.7: 32 bits of the hash always fit.
        var value = BinaryPrimitives.ReadUInt32BigEndian(hash);
        Span<char> digits = stackalloc char[ChecksumLength];
        for (var i = ChecksumLength - 1; i >= 0; i--, value /= 62) digits[i] = Alphabet[(int)(value % 62)];
        return digits.ToString();
    }
}
