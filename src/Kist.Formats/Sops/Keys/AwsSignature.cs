using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Kist.Formats.Sops.Keys;

/// <summary>Signs requests to AWS: Signature Version 4.</summary>
internal static class AwsSignature
{
    /// <summary>Adds the headers that sign <paramref name="request"/>; its other headers must be there
    /// already.</summary>
    /// <param name="more">Headers that are sent and signed besides the host, the date and the token; names in lower
    /// case.</param>
    public static void Sign(HttpRequestMessage request, ReadOnlySpan<byte> body, AwsCredentials credentials,
        string region, string service, DateTimeOffset now, params IReadOnlyList<(string Name, string Value)> more)
    {
        var time = now.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        var uri = request.RequestUri!;
        var hash = Convert.ToHexStringLower(SHA256.HashData(body));
        var headers = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["host"] = uri.IsDefaultPort ? uri.Host : $"{uri.Host}:{uri.Port}",
            ["x-amz-date"] = time,
        };
        if (service == "s3") headers["x-amz-content-sha256"] = hash;
        if (credentials.SessionToken is { } token) headers["x-amz-security-token"] = token;
        foreach (var (name, value) in more) headers[name] = value;
        var signed = string.Join(';', headers.Keys);
        var canonical = new StringBuilder()
            .Append(request.Method.Method).Append('\n')
            .Append(uri.AbsolutePath).Append('\n')
            .Append(uri.Query.TrimStart('?')).Append('\n');
        foreach (var (name, value) in headers) canonical.Append(name).Append(':').Append(value.Trim()).Append('\n');
        canonical.Append('\n').Append(signed).Append('\n').Append(hash);
        var scope = $"{time[..8]}/{region}/{service}/aws4_request";
        var toSign = $"AWS4-HMAC-SHA256\n{time}\n{scope}\n"
            + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical.ToString())));
        var key = Encoding.UTF8.GetBytes("AWS4" + credentials.SecretKey);
        foreach (var part in (ReadOnlySpan<string>)[time[..8], region, service, "aws4_request"])
        {
            var next = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part));
            CryptographicOperations.ZeroMemory(key);
            key = next;
        }
        var signature = Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(toSign)));
        CryptographicOperations.ZeroMemory(key);
        foreach (var (name, value) in headers)
            if (name is not ("host" or "content-type")) request.Headers.TryAddWithoutValidation(name, value);
        request.Headers.TryAddWithoutValidation("Authorization", $"AWS4-HMAC-SHA256 Credential="
            + $"{credentials.AccessKeyId}/{scope}, SignedHeaders={signed}, Signature={signature}");
    }
}
