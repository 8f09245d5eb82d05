using System.Net;
using System.Text;
using System.Text.Json;
using Kist.Formats.Sops;
using Kist.Formats.Sops.Keys;

namespace Kist.Formats.Tests.Sops.Keys;

/// <summary>Data keys for AWS KMS, against a listener that speaks its JSON protocol.</summary>
public sealed class KmsKeySourceTests : IDisposable
{
    private const string Arn = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    private readonly KeyHome _home = new();
    private readonly List<(string Target, string? Authorization, string? Token, string Body)> _seen = [];
    private readonly HttpReplies _aws;

    public KmsKeySourceTests()
    {
        _aws = new HttpReplies(Answer);
        _home.Variables["AWS_ENDPOINT_URL_KMS"] = _home.Variables["AWS_ENDPOINT_URL_STS"] = _aws.Address;
    }

    private static KmsMasterKey Key => new(Arn, "", [], "", "2026-01-01T00:00:00Z");

    public void Dispose()
    {
        _aws.Dispose();
        _home.Dispose();
    }

    // The requests get-vanilla and post-x-www-form-urlencoded of Amazon's own test suite for Signature Version 4.
    [Fact]
    public void Requests_are_signed_as_Amazons_test_suite_says()
    {
        var credentials = new AwsCredentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", null);
        var now = new DateTimeOffset(2015, 8, 30, 12, 36, 0, TimeSpan.Zero);
        using var get = new HttpRequestMessage(HttpMethod.Get, "https://example.amazonaws.com/");
        AwsSignature.Sign(get, default, credentials, "us-east-1", "service", now);
        Assert.Equal("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
            + "SignedHeaders=host;x-amz-date, "
            + "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
            get.Headers.GetValues("Authorization").Single());
        using var post = new HttpRequestMessage(HttpMethod.Post, "https://example.amazonaws.com/");
        AwsSignature.Sign(post, "Param1=value1"u8, credentials, "us-east-1", "service", now,
            ("content-type", "application/x-www-form-urlencoded"));
        Assert.EndsWith("Signature=ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
            post.Headers.GetValues("Authorization").Single());
    }

    [Fact]
    public async Task Kms_encrypts_and_decrypts_with_variables()
    {
        _home.Variables["AWS_ACCESS_KEY_ID"] = "AKIDVARIABLE";
        _home.Variables["AWS_SECRET_ACCESS_KEY"] = "sesame";
        _home.Variables["AWS_SESSION_TOKEN"] = "session";
        using var source = new KmsKeySource(_home.Host);
        var key = Key with { Context = [new("env", "prod"), new("team", "a")] };
        await source.Opens(await source.Wrap(key));
        Assert.Equal(["TrentService.Encrypt", "TrentService.Decrypt"], _seen.Select(s => s.Target));
        Assert.All(_seen, s =>
        {
            Assert.StartsWith("AWS4-HMAC-SHA256 Credential=AKIDVARIABLE/", s.Authorization);
            Assert.Contains("/eu-west-1/kms/aws4_request, SignedHeaders=content-type;host;x-amz-date;"
                + "x-amz-security-token;x-amz-target, ", s.Authorization);
            Assert.Equal("session", s.Token);
            Assert.Contains(Arn, s.Body);
            Assert.Contains("""
                "EncryptionContext":{"env":"prod","team":"a"}
                """, s.Body);
            Assert.DoesNotContain("sesame", s.Authorization);
        });
    }

    [Theory]
    [InlineData("", "AKIDDEFAULT")]
    [InlineData("prod", "AKIDPROD")]
    [InlineData("config", "AKIDCONFIG")]
    public async Task Profiles_are_read_from_the_shared_files(string profile, string id)
    {
        _home.Put(".aws/credentials", """
            [default]
            aws_access_key_id = AKIDDEFAULT
            aws_secret_access_key = s
            # a comment
            [prod]
            aws_access_key_id=AKIDPROD
            aws_secret_access_key=s
            """);
        _home.Put(".aws/config", """
            [default]
            region = us-east-1
            [profile config]
            s3 =
              max_concurrent_requests = 20
            aws_access_key_id = AKIDCONFIG
            aws_secret_access_key = s
            """);
        using var source = new KmsKeySource(_home.Host);
        await source.Opens(await source.Wrap(Key with { AwsProfile = profile }));
        Assert.All(_seen, s => Assert.Contains($"Credential={id}/", s.Authorization));
    }

    [Theory]
    [InlineData("")]
    [InlineData("deploy")]
    public async Task Roles_are_taken_on_with_sts(string profile)
    {
        _home.Put(".aws/credentials", "[default]\naws_access_key_id=AKIDDEFAULT\naws_secret_access_key=s\n");
        _home.Put(".aws/config", "[profile deploy]\nrole_arn=arn:aws:iam::1:role/r\nsource_profile=default\n");
        using var source = new KmsKeySource(_home.Host);
        var key = Key with { AwsProfile = profile, Role = profile.Length > 0 ? "" : "arn:aws:iam::1:role/r" };
        await source.Opens(await source.Wrap(key));
        Assert.Contains(_seen, s => s.Body.Contains("Action=AssumeRole")
            && s.Body.Contains("RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr") && s.Authorization!.Contains("/sts/"));
        Assert.Contains(_seen, s => s.Authorization!.Contains("Credential=ASIAROLE/") && s.Token == "role-token");
    }

    [Fact]
    public async Task Without_credentials_it_says_where_they_were_looked_for()
    {
        using var source = new KmsKeySource(_home.Host);
        var message = await source.Fails(Key with { AwsProfile = "prod" });
        Assert.StartsWith("there are no AWS credentials; looked at: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
            message);
        Assert.Contains("profile prod in ", message);
        Assert.Contains(".aws/credentials (not there)", message);
        Assert.Empty(_seen);
    }

    [Fact]
    public async Task A_refusal_names_its_kind()
    {
        _home.Variables["AWS_ACCESS_KEY_ID"] = "AKIDREFUSED";
        _home.Variables["AWS_SECRET_ACCESS_KEY"] = "sesame";
        using var source = new KmsKeySource(_home.Host);
        var message = await source.Fails(Key with { Enc = "AAAA" });
        Assert.Equal(
            "KMS answers 400 (AccessDeniedException) to AKIDREFUSED; the credentials need kms:Decrypt on this key",
            message);
    }

    [Theory]
    [InlineData("arn:aws:kms:eu-west-1.evil.com/:1:key/a")]
    [InlineData("arn:aws:kms:eu-west-1#:1:key/a")]
    public async Task A_region_cannot_name_another_host(string arn)
    {
        _home.Variables.Clear();
        _home.Variables["AWS_ACCESS_KEY_ID"] = _home.Variables["AWS_SECRET_ACCESS_KEY"] = "x";
        using var source = new KmsKeySource(_home.Host);
        Assert.Equal("the region is no name of a region", await source.Fails(Key with { Arn = arn }));
    }

    [Theory]
    [InlineData(Arn, Arn, "")]
    [InlineData(Arn + "+arn:aws:iam::1:role/r", Arn, "arn:aws:iam::1:role/r")]
    [InlineData("arn:aws-cn:kms:cn-north-1:1:alias/a", "arn:aws-cn:kms:cn-north-1:1:alias/a", "")]
    public void A_key_is_an_arn_with_a_role_or_without(string text, string arn, string role)
    {
        Assert.True(KmsKeySource.Parse(text, [], "", "").Try(out var key, out _));
        Assert.Equal((arn, role), (key.Arn, key.Role));
    }

    [Theory]
    [InlineData("arn:aws:s3:::bucket")]
    [InlineData("1234abcd")]
    [InlineData("arn:aws:kms::1:key/a")]
    public void Anything_else_is_no_key(string text) =>
        Assert.Contains("is no key of AWS KMS", KmsKeySource.Parse(text, [], "", "").Fault!.Message);

    private (int, string) Answer(HttpListenerRequest request, string body)
    {
        var target = request.Headers["X-Amz-Target"] ?? "";
        var authorization = request.Headers["Authorization"];
        _seen.Add((target, authorization, request.Headers["X-Amz-Security-Token"], body));
        if (body.StartsWith("Action=AssumeRole"))
            return (200, """
                <AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
                <AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey>
                <SessionToken>role-token</SessionToken></Credentials></AssumeRoleResult></AssumeRoleResponse>
                """);
        if (authorization!.Contains("AKIDREFUSED"))
            return (400, """{"__type":"com.amazon#AccessDeniedException","message":"no"}""");
        using var json = JsonDocument.Parse(body);
        // What it makes is bound to the context, as with the real one.
        var context = json.RootElement.TryGetProperty("EncryptionContext", out var own) ? own.GetRawText() : "";
        if (target == "TrentService.Encrypt")
        {
            var plain = json.RootElement.GetProperty("Plaintext").GetString();
            var blob = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{plain}|{context}"));
            return (200, $$"""{"CiphertextBlob":"{{blob}}","KeyId":"{{Arn}}"}""");
        }
        var parts = Encoding.UTF8.GetString(
            json.RootElement.GetProperty("CiphertextBlob").GetBytesFromBase64()).Split('|');
        return parts[1] == context ? (200, $$"""{"Plaintext":"{{parts[0]}}","KeyId":"{{Arn}}"}""")
            : (400, """{"__type":"InvalidCiphertextException"}""");
    }
}
