using System.Text;
using Kist.Testing;
using Xunit;

namespace Kist.Native.Tests.Security;

/// <summary>
/// Attacks on the form of an HTTP request: framing, verbs, headers, encodings (security.md A12, A14, G03, I05).
/// </summary>
public sealed class RequestFormTests(AttackedServer attacked)
{
    private const string CreateToken = "POST /v1/auth/token/create HTTP/1.1\r\nHost: kist\r\n";

    /// <summary>Framings of which two parsers could disagree where the request ends.</summary>
    public static TheoryData<string, string> Smuggling => new()
    {
        { "both lengths", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
            + "GET /v1/smuggled HTTP/1.1\r\n\r\n" },
        { "two content lengths", "Content-Length: 2\r\nContent-Length: 40\r\n\r\n{}" },
        { "list of content lengths", "Content-Length: 2, 2\r\n\r\n{}" },
        { "negative content length", "Content-Length: -2\r\n\r\n{}" },
        { "hexadecimal content length", "Content-Length: 0x2\r\n\r\n{}" },
        { "overflowing content length", "Content-Length: 99999999999999999999\r\n\r\n{}" },
        { "chunked not last", "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" },
        { "unknown coding", "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" },
        { "blank before the colon", "Content-Length : 2\r\n\r\n{}" },
        { "folded header", "X-Folded: a\r\n b\r\nContent-Length: 2\r\n\r\n{}" },
        { "bare carriage return", "X-Bare: a\rContent-Length: 40\r\nContent-Length: 2\r\n\r\n{}" },
        { "NUL in a header", "X-Nul: a\0b\r\nContent-Length: 2\r\n\r\n{}" },
        { "bad chunk size", "Transfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n0\r\n\r\n" },
        { "negative chunk size", "Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n" },
        { "overflowing chunk size", "Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n" },
        { "chunk longer than its size", "Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n" },
        { "bare line feed after a chunk size", "Transfer-Encoding: chunked\r\n\r\n2\n{}\r\n0\r\n\r\n" },
    };

    [Theory, MemberData(nameof(Smuggling))] // A14
    public async Task AnAmbiguousFramingClosesTheConnectionAndRunsNothing(string id, string rest)
    {
        var server = await attacked.GetAsync();
        var mark = attacked.NewName("smuggled-by-" + id.Replace(' ', '-'));
        var request = CreateToken + $"X-Vault-Token: {server.QuickStart.RootToken}\r\n"
            + rest
            + $"GET /v1/cubbyhole/{mark} HTTP/1.1\r\nHost: kist\r\n"
            + $"X-Vault-Token: {server.QuickStart.RootToken}\r\n\r\n";

        var answer = await server.SendRawAsync(Encoding.Latin1.GetBytes(request));

        Assert.StartsWith("HTTP/1.1 4", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("client_token", answer, StringComparison.Ordinal);
        Assert.Equal(1, CountOf("HTTP/1.1 ", answer));
        Assert.DoesNotContain(await attacked.AuditAsync(), line => line.Contains(mark, StringComparison.Ordinal));
    }

    [Fact] // A14
    public async Task ChunkExtensionsAndTrailersChangeNothing()
    {
        var server = await attacked.GetAsync();
        var request = CreateToken + $"X-Vault-Token: {server.QuickStart.RootToken}\r\nConnection: close\r\n"
            + "Transfer-Encoding: chunked\r\n\r\n2;a=\"0\"\r\n{}\r\n0\r\nX-Vault-Namespace: evil\r\n\r\n";

        var answer = await server.SendRawAsync(Encoding.Latin1.GetBytes(request));

        Assert.Equal(1, CountOf("HTTP/1.1 ", answer));
    }

    [Theory] // A12
    [InlineData("FOO")]
    [InlineData("TRACE")]
    [InlineData("CONNECT")]
    [InlineData("OPTIONS")]
    [InlineData("SCAN")]
    [InlineData("get")]
    [InlineData("Post")]
    [InlineData("LISTEN")]
    [InlineData("REVOKE")]
    [InlineData("RENEW")]
    [InlineData("ROLLBACK")]
    public async Task AnUnknownVerbIsRefused(string verb)
    {
        var server = await attacked.GetAsync();
        foreach (var token in (string[])["", $"X-Vault-Token: {server.QuickStart.RootToken}\r\n"])
        {
            var answer = await server.SendRawAsync(Encoding.Latin1.GetBytes(
                $"{verb} /v1/auth/token/lookup-self HTTP/1.1\r\nHost: kist\r\nConnection: close\r\n{token}\r\n"));

            Assert.Matches("^HTTP/1.1 (400|403|404|405) ", answer);
            Assert.DoesNotContain("internal", answer, StringComparison.OrdinalIgnoreCase);
        }
    }

    [Theory] // A12, A13
    [InlineData("X-HTTP-Method-Override")]
    [InlineData("X-HTTP-Method")]
    [InlineData("X-Method-Override")]
    [InlineData("X-Vault-Operation")]
    public async Task NoHeaderChangesTheVerb(string header)
    {
        var made = await attacked.NewTokenAsync("""{"ttl":"1h","policies":["default"]}""");
        var server = await attacked.GetAsync();
        var token = (string)made["client_token"]!;

        var answer = await server.SendAsync("GET", "/v1/auth/token/lookup-self", token, null, (header, "DELETE"));

        Assert.Equal(200, answer.Status);
        Assert.Equal(200, (await server.SendAsync("GET", "/v1/auth/token/lookup-self", token)).Status);
    }

    [Fact] // A12: what is evaluated is what runs
    public async Task AListParameterOnAWriteIsIgnored()
    {
        var answer = await attacked.AsRootAsync("POST", "/v1/auth/token/create?list=true", """{"ttl":"1m"}""");

        Assert.Equal(200, answer.Status);
        Assert.NotNull(answer.Json!["auth"]!["client_token"]);
    }

    [Fact] // A12
    public async Task AListWithABodyListsAndIgnoresTheBody()
    {
        var answer = await attacked.AsRootAsync("LIST", "/v1/auth/token/accessors", """{"limit":"x","keys":1}""");

        Assert.Equal(200, answer.Status);
        Assert.NotEmpty(answer.Json!["data"]!["keys"]!.AsArray());
    }

    [Theory] // A10, B19: two values of one header are never joined nor chosen from
    [InlineData("X-Vault-Token")]
    [InlineData("X-Vault-Namespace")]
    [InlineData("X-Vault-Wrap-TTL")]
    [InlineData("X-Vault-Wrap-Format")]
    [InlineData("Authorization")]
    [InlineData("Content-Type")]
    [InlineData("Host")]
    public async Task ARepeatedHeaderIsRefused(string header)
    {
        var server = await attacked.GetAsync();
        var host = header == "Host" ? "" : "Host: kist\r\n";

        var answer = await server.SendRawAsync(Encoding.Latin1.GetBytes(
            $"GET /v1/auth/token/lookup-self HTTP/1.1\r\n{host}Connection: close\r\n"
                + $"{header}: 1\r\n{header}: 2\r\n\r\n"));

        Assert.StartsWith("HTTP/1.1 400 ", answer, StringComparison.Ordinal);
    }

    [Theory] // A09, A10
    [InlineData("a/../b")]
    [InlineData("..")]
    [InlineData("sys")]
    [InlineData("auth/")]
    [InlineData("team")]
    [InlineData("/team/")]
    [InlineData("root/team")]
    public async Task ANamespaceIsRefused(string name)
    {
        var answer = await attacked.AsRootAsync("GET", "/v1/auth/token/lookup-self", null, ("X-Vault-Namespace", name));

        Assert.Equal(400, answer.Status);
    }

    [Theory] // G03
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("zstd")]
    [InlineData("identity, gzip")]
    public async Task ACompressedBodyIsRefusedUnread(string encoding)
    {
        var server = await attacked.GetAsync();

        var answer = await server.SendRawAsync(Encoding.Latin1.GetBytes(
            CreateToken + $"Content-Encoding: {encoding}\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}"));

        Assert.StartsWith("HTTP/1.1 415 ", answer, StringComparison.Ordinal);
    }

    [Theory] // I05: nothing is routed by a host that the client names
    [InlineData("GET http://evil.example/v1/auth/token/lookup-self HTTP/1.1")]
    [InlineData("GET //v1/auth/token/lookup-self HTTP/1.1")]
    [InlineData("GET /v1//auth/token/lookup-self HTTP/1.1")]
    [InlineData("GET /V1/auth/token/lookup-self HTTP/1.1")]
    [InlineData("GET * HTTP/1.1")]
    [InlineData("PRI * HTTP/2.0")]
    public async Task ARequestTargetOfAnotherFormFindsNothing(string line)
    {
        var server = await attacked.GetAsync();

        var answer = await server.SendRawAsync(Encoding.Latin1.GetBytes(
            $"{line}\r\nHost: kist\r\nConnection: close\r\nX-Vault-Token: {server.QuickStart.RootToken}\r\n\r\n"));

        Assert.DoesNotContain("HTTP/1.1 2", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("accessor", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("HTTP/1.1 5", answer, StringComparison.Ordinal);
    }

    private static int CountOf(string part, string text) => text.Split(part).Length - 1;
}
