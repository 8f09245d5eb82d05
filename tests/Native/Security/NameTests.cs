using System.Text;
using Kist.Testing;
using Xunit;

namespace Kist.Native.Tests.Security;

/// <summary>Attacks through names and paths (security.md A01–A05, A13).</summary>
public sealed class NameTests(AttackedServer attacked)
{
    private static readonly string[] Verbs = ["GET", "LIST", "POST", "PUT", "DELETE", "PATCH"];

    /// <summary>Paths that no part may ever see, whatever stands before and after.</summary>
    public static TheoryData<string> Forbidden =>
    [
        "secret/data/team//prod", "secret//data/team", "/secret/data/team", "sys//policy", // A01
        "secret/data/../x", "secret/data/..", "../sys/policy", "secret/./data/x", "secret/.", // A02
        "secret/%2e%2e/x", "secret/%2E%2e%2fx", "secret/%252e%252e/x", "secret/..;/x", "secret/.;a/x",
        "secret/\\..\\x", "secret/%5c..%5cx", "secret/%c0%ae%c0%ae/x", "secret/%e0%80%ae/x", "secret/a..b",
        "secret/%2fx", "secret/data/a%2Fb", "%2fsys/policy", // A03
        "secret/data/a%20/b", "secret/data/%20a", "secret/data/a%20", // A04
        "secret/data/a%C2%A0b", "secret/data/a%E2%80%8Bb", "secret/data/a%EF%BB%BFb", "secret/data/a%00b",
        "secret/data/a%0d%0ab", "secret/data/a%09b", "secret/data/a%7fb", "secret/data/a%E2%80%AEb",
        "secret/data/a%E2%80%A8b", "secret/data/a%EE%80%80b", // also: right-to-left, line separator, private use
        "secret/data/%zz", "secret/data/%2", "secret/data/%", "secret/data/%ff", "secret/data/%ed%a0%80",
        "secret/data/a%F0%9F", "auth/token%2fcreate", "auth%2ftoken/create",
    ];

    [Theory, MemberData(nameof(Forbidden))]
    public async Task APathThatCouldMeanSomethingElseIsRefusedBeforeAnythingSeesIt(string path)
    {
        var server = await attacked.GetAsync();
        var before = (await attacked.AuditAsync()).Count(line => line.Contains(path, StringComparison.Ordinal));
        foreach (var verb in Verbs)
        {
            var body = verb is "POST" or "PUT" or "PATCH" ? """{"data":{"a":"b"}}""" : null;

            var answer = await server.SendAsync(verb, "/v1/" + path, server.QuickStart.RootToken, body);

            Assert.True(answer.Status == 400, $"{verb} {path}: {answer.Status} {answer.Text}");
            // Kestrel itself refuses a zero byte, and has no text for it.
            if (!path.Contains("%00", StringComparison.Ordinal))
                Assert.StartsWith("{\"errors\":[\"", answer.Text, StringComparison.Ordinal);
        }
        Assert.Equal(before,
            (await attacked.AuditAsync()).Count(line => line.Contains(path, StringComparison.Ordinal)));
    }

    [Fact] // A02, for octets that an HTTP client cannot be made to send
    public async Task RawOctetsInAPathAreRefused()
    {
        var server = await attacked.GetAsync();
        foreach (var octet in (byte[])[0x01, 0x0b, 0x7f, 0x80, 0xc0, 0xff])
        {
            byte[] request =
            [
                .. "GET /v1/secret/data/a"u8, octet,
                    .. "b HTTP/1.1\r\nHost: kist\r\nConnection: close\r\nX-Vault-Token: "u8,
                .. Encoding.ASCII.GetBytes(server.QuickStart.RootToken), .. "\r\n\r\n"u8,
            ];

            var answer = await server.SendRawAsync(request);

            Assert.StartsWith("HTTP/1.1 400 ", answer, StringComparison.Ordinal);
        }
    }

    [Fact] // A04
    public async Task APathThatIsTooLongIsRefused()
    {
        foreach (var length in (int[])[1_025, 5_000, 15_000])
        {
            var answer = await attacked.AsRootAsync("GET", "/v1/secret/data/" + new string('a', length));

            Assert.Equal(400, answer.Status);
        }
        Assert.InRange((await attacked.AsRootAsync("GET", "/v1/secret/" + new string('a', 40_000))).Status, 400, 414);
    }

    [Theory] // A05
    [InlineData("rооt")] // Cyrillic
    [InlineData("ｒｏｏｔ")] // full width
    [InlineData("ro ot")]
    [InlineData("root\\u0000")]
    [InlineData("a\\nb")]
    [InlineData("response-wrapping")]
    [InlineData("control-group")]
    [InlineData("Response-Wrapping")]
    public async Task APolicyNameThatLooksLikeAnotherIsNotGiven(string policy)
    {
        var answer = await attacked.AsRootAsync("POST", "/v1/auth/token/create", $$"""{"policies":["{{policy}}"]}""");

        Assert.Equal(400, answer.Status);
        Assert.DoesNotContain("client_token", answer.Text, StringComparison.Ordinal);
    }

    [Theory] // A05, C03
    [InlineData("root")]
    [InlineData("Root")]
    [InlineData("ROOT")]
    [InlineData(" root ")]
    [InlineData("root,default")]
    public async Task RootInAnySpellingComesFromRootOnly(string policy)
    {
        var server = await attacked.GetAsync();
        var mayCreate = await TokenPolicies.TokenAsync(attacked, """
            path "auth/token/create" { capabilities = ["create", "update", "sudo"] }
            """);

        foreach (var body in (string[])[$$"""{"policies":["{{policy}}"]}""", $$"""{"policies":"{{policy}}"}"""])
        {
            var answer = await server.SendAsync("POST", "/v1/auth/token/create", mayCreate, body);

            Assert.Equal(400, answer.Status);
        }
    }

    [Theory] // A15
    [InlineData("""{"policies":["a"],"policies":["root"]}""")]
    [InlineData("""{"policies":["a"],"p\u006flicies":["root"]}""")]
    [InlineData("""{"meta":{"a":"1","a":"2"}}""")]
    [InlineData("""{"meta":{"x":{"a":"1","a":"2"}}}""")]
    public async Task AKeyThatAppearsTwiceIsRefused(string body)
    {
        var answer = await attacked.AsRootAsync("POST", "/v1/auth/token/create", body);

        Assert.Equal(400, answer.Status);
        Assert.Contains("twice", answer.Text, StringComparison.Ordinal);
    }

    [Theory] // A15: a field in another case would be left out without a word
    [InlineData("""{"Policies":["default"]}""")]
    [InlineData("""{"policies":["default"],"POLICIES":["root"]}""")]
    [InlineData("""{"TTL":"1m"}""")]
    [InlineData("""{"Num_Uses":1}""")]
    public async Task AFieldInAnotherCaseIsRefused(string body)
    {
        var answer = await attacked.AsRootAsync("POST", "/v1/auth/token/create", body);

        Assert.Equal(400, answer.Status);
        Assert.DoesNotContain("client_token", answer.Text, StringComparison.Ordinal);
    }
}
