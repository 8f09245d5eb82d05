using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Kist.Kernel.Tokens;

namespace Kist.Kernel.Wrapping;

/// <summary>
/// Wrapping tokens in JWT form (ES512, as Vault signs them): the claims <c>addr</c>, <c>exp</c>, <c>iat</c>, <c>jti</c>
/// (the token) and <c>type</c> let a third party see what the token is for without using it.
/// </summary>
public sealed class WrapJwt
{
    private readonly ECDsa _key;
    private readonly Func<string> _address;
    private readonly TimeProvider _clock;

    internal WrapJwt(ECDsa key, Func<string> address, TimeProvider clock)
    {
        _key = key;
        _address = address;
        _clock = clock;
    }

    /// <summary>
    /// The point of the public key on P-521, as <c>sys/wrapping/pubkey</c> shows it: decimal numbers.
    /// </summary>
    public (string X, string Y) PublicKey
    {
        get
        {
            var point = _key.ExportParameters(includePrivateParameters: false).Q;
            return (Decimal(point.X!), Decimal(point.Y!));
        }
    }

    private static string Decimal(byte[] number) =>
        new System.Numerics.BigInteger(number, isUnsigned: true, isBigEndian: true).ToString(
            System.Globalization.CultureInfo.InvariantCulture);

    internal string Sign(string token, TokenEntry entry, string creationPath, TimeSpan ttl)
    {
        var now = _clock.GetUtcNow().ToUnixTimeSeconds();
        var claims = new JwtClaims(entry.Accessor, _address(), now + (long)ttl.TotalSeconds, now, token, creationPath,
            "wrapping");
        var signed = Base64Url.EncodeToString("""{"alg":"ES512","typ":"JWT"}"""u8) + "."
            + Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(claims, KernelJson.Default.JwtClaims));
        var signature = _key.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA512);
        return signed + "." + Base64Url.EncodeToString(signature);
    }

    /// <summary>The token inside, or null when this cluster did not sign the text.</summary>
    internal string? Open(string text)
    {
        var last = text.LastIndexOf('.');
        var parts = text.Split('.');
        if (parts.Length != 3 || text.Length > 16 * 1024) return null;
        if (!Base64Url.IsValid(parts[1]) || !Base64Url.IsValid(parts[2])) return null;
        var signature = Base64Url.DecodeFromChars(parts[2]);
        if (!_key.VerifyData(Encoding.UTF8.GetBytes(text[..last]), signature, HashAlgorithmName.SHA512)) return null;
        return JsonSerializer.Deserialize(Base64Url.DecodeFromChars(parts[1]), KernelJson.Default.JwtClaims)?.Jti;
    }
}

internal sealed record JwtClaims(string Accessor, string Addr, long Exp, long Iat, string Jti, string CreationPath,
    string Type);
