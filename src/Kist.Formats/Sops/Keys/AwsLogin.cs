using System.Text;
using System.Xml;

namespace Kist.Formats.Sops.Keys;

/// <summary>
/// Finds the credentials for a profile: variables, then the shared files, and roles on the way (STS).
/// </summary>
internal sealed class AwsLogin(KeyHost host, KeyHttp http)
{
    private const int MaxSources = 5;
    private AwsProfiles? _profiles;

    /// <summary>The credentials; null and where they were looked for.</summary>
    /// <param name="profile">The profile that the key names; empty: AWS_PROFILE, else <c>default</c>.</param>
    /// <param name="role">A role to take on with them; empty for none.</param>
    public AwsCredentials? Find(string profile, string role, string region, CancellationToken ct, out string reason)
    {
        var own = Find(profile, region, ct, 0, out reason);
        return own is null || role.Length == 0 ? own : Assume(own, role, "sops", region, ct, out reason);
    }

    /// <summary>The server of a service: <c>AWS_ENDPOINT_URL_KMS</c>, <c>AWS_ENDPOINT_URL</c>, else Amazon's.</summary>
    public Uri? Endpoint(string service, string region, out string reason)
    {
        reason = "";
        var named = host.Value("AWS_ENDPOINT_URL_" + service.ToUpperInvariant()) ?? host.Value("AWS_ENDPOINT_URL");
        if (named is not null)
        {
            if (Uri.TryCreate(named, UriKind.Absolute, out var given) && given.Scheme is "http" or "https")
                return given;
            reason = $"AWS_ENDPOINT_URL_{service.ToUpperInvariant()} or AWS_ENDPOINT_URL is no URL";
            return null;
        }
        // The region comes from the file: it must not be able to name another host.
        if (region.Length is 0 or > 40 || !region.All(static c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c)
            || c == '-'))
        {
            reason = "the region is no name of a region";
            return null;
        }
        var suffix = region.StartsWith("cn-", StringComparison.Ordinal) ? "amazonaws.com.cn" : "amazonaws.com";
        return new Uri($"https://{service}.{region}.{suffix}/");
    }

    private AwsCredentials? Find(string profile, string region, CancellationToken ct, int depth, out string reason)
    {
        reason = "";
        if (profile.Length == 0 && depth == 0 && Variables() is { } variables) return variables;
        var name = profile.Length > 0 ? profile : host.Value("AWS_PROFILE") ?? "default";
        _profiles ??= AwsProfiles.Read(host);
        if (_profiles.Find(name, "aws_access_key_id") is { } id
            && _profiles.Find(name, "aws_secret_access_key") is { } secret)
            return new AwsCredentials(id, secret, _profiles.Find(name, "aws_session_token"));
        if (_profiles.Find(name, "role_arn") is { } role && depth < MaxSources)
        {
            var source = _profiles.Find(name, "source_profile") is { } other && other != name
                ? Find(other, region, ct, depth + 1, out reason)
                : _profiles.Find(name, "credential_source") == "Environment" ? Variables() : null;
            if (source is not null)
                return Assume(source, role, _profiles.Find(name, "role_session_name") ?? "sops", region, ct, out reason,
                    _profiles.Find(name, "external_id"));
        }
        reason = "there are no AWS credentials; looked at: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            + (profile.Length > 0 ? " (passed over, because the key names a profile)" : "")
            + $", profile {name} in {string.Join(", ", _profiles.Places)}; aws configure, or set the variables";
        return null;
    }

    private AwsCredentials? Variables() =>
        host.Value("AWS_ACCESS_KEY_ID") is { } id && host.Value("AWS_SECRET_ACCESS_KEY") is { } secret
            ? new AwsCredentials(id, secret, host.Value("AWS_SESSION_TOKEN")) : null;

    private AwsCredentials? Assume(AwsCredentials own, string role, string session, string region, CancellationToken ct,
        out string reason, string? externalId = null)
    {
        if (Endpoint("sts", region, out reason) is not { } endpoint) return null;
        var form = "Action=AssumeRole&Version=2011-06-15"
            + $"&RoleArn={Uri.EscapeDataString(role)}&RoleSessionName={Uri.EscapeDataString(session)}"
            + (externalId is null ? "" : $"&ExternalId={Uri.EscapeDataString(externalId)}");
        var body = Encoding.ASCII.GetBytes(form);
        using var request = new HttpRequestMessage(HttpMethod.Post, endpoint);
        const string type = "application/x-www-form-urlencoded";
        AwsSignature.Sign(request, body, own, region, "sts", TimeProvider.System.GetUtcNow(), ("content-type", type));
        request.Content = new ByteArrayContent(body);
        request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        using var answer = http.Send(request, ct, out reason);
        if (answer is null) return null;
        reason = $"STS refuses to let {own.AccessKeyId} take on the role {role}: it answers {answer.Status}";
        return answer.Status == 200 ? Read(answer) : null;
    }

    private static AwsCredentials? Read(KeyAnswer answer)
    {
        var found = new Dictionary<string, string>();
        try
        {
            using var text = new MemoryStream(answer.Body.WrittenSpan.ToArray());
            using var xml = XmlReader.Create(text, new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit });
            while (xml.Read())
                if (xml is { NodeType: XmlNodeType.Element, LocalName: "AccessKeyId" or "SecretAccessKey"
                    or "SessionToken" })
                    found.TryAdd(xml.LocalName, xml.ReadString());
        }
        catch (XmlException)
        {
            return null;
        }
        return found.TryGetValue("AccessKeyId", out var id) && found.TryGetValue("SecretAccessKey", out var secret)
            ? new AwsCredentials(id, secret, found.GetValueOrDefault("SessionToken")) : null;
    }
}
