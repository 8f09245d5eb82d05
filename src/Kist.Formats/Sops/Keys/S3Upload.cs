namespace Kist.Formats.Sops.Keys;

/// <summary>Puts encrypted files into a bucket of Amazon S3, or of what speaks its language
/// (AWS_ENDPOINT_URL_S3).</summary>
public static class S3Upload
{
    /// <summary>Puts one object; why it failed, or null.</summary>
    /// <param name="bucket">The bucket.</param>
    /// <param name="key">The object's name, with slashes.</param>
    public static SopsFault? Put(KeyHost host, string bucket, string key, byte[] content, CancellationToken ct)
    {
        using var http = KeyHttp.Create();
        var login = new AwsLogin(host, http);
        var region = host.Value("AWS_REGION") ?? host.Value("AWS_DEFAULT_REGION")
            ?? AwsProfiles.Read(host).Find(host.Value("AWS_PROFILE") ?? "default", "region") ?? "us-east-1";
        if (bucket.Length is < 3 or > 63 || !bucket.All(static c =>
            char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '.'))
            return Wrong($"{bucket} is no name of a bucket");
        if (login.Endpoint("s3", region, out var reason) is not { } endpoint) return Wrong(reason);
        if (login.Find("", "", region, ct, out reason) is not { } credentials) return Wrong(reason);
        var path = string.Join('/', key.Split('/').Select(Uri.EscapeDataString));
        using var request = new HttpRequestMessage(HttpMethod.Put,
            $"{endpoint.GetLeftPart(UriPartial.Authority)}/{bucket}/{path}");
        AwsSignature.Sign(request, content, credentials, region, "s3", TimeProvider.System.GetUtcNow());
        request.Content = new ByteArrayContent(content);
        using var answer = http.Send(request, ct, out reason);
        if (answer is null) return Wrong(reason);
        return answer.Status is >= 200 and < 300 ? null
            : Wrong($"S3 answers {answer.Status} to {credentials.AccessKeyId} for {bucket}/{key}; the credentials need "
                + "s3:PutObject there");
    }

    private static SopsFault Wrong(string reason) => new(SopsExit.Generic, reason);
}
