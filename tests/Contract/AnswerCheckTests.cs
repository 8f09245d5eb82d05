using System.Text;
using System.Text.Json.Nodes;
using Kist.Testing;
using Xunit;

namespace Kist.Contract.Tests;

public sealed class AnswerCheckTests
{
    private static readonly Dictionary<string, string> s_headers = new() { ["cache-control"] = "no-store" };

    [Theory]
    [InlineData("""{"status":200}""", 200, "whatever")]
    [InlineData("""{"status":[400,500]}""", 400, "")]
    [InlineData("""{"status":204,"empty":true}""", 204, "\n")]
    [InlineData("""{"status":200,"text":"ok"}""", 200, "ok")]
    [InlineData("""{"status":200,"text":"<re:^o>"}""", 200, "ok")]
    [InlineData("""{"status":200,"text":"<bytes>"}""", 200, "x")]
    [InlineData("""{"headers":{"Cache-Control":"no-store","Location":null}}""", 200, "")]
    [InlineData("""{"status":200,"body":{"a":1}}""", 200, """{"a":1,"auth":null}""")]
    [InlineData("""{"status":200,"body":{"request_id":"<any>","auth":null}}""", 200,
        """{"request_id":"","auth":null,"further":1}""")]
    [InlineData("""{"status":400,"body":{"request_id":"<any>"}}""", 400, """{"request_id":"","auth":null}""")]
    public void TheseAreAsRecorded(string expect, int status, string body) => Assert.Empty(Check(expect, status, body));

    [Theory]
    [InlineData("""{"status":200}""", 204, "")]
    [InlineData("""{"status":[400,500]}""", 404, "")]
    [InlineData("""{"status":200,"empty":true}""", 200, "{}")]
    [InlineData("""{"status":200,"text":"ok"}""", 200, "OK")]
    [InlineData("""{"status":200,"text":"<bytes>"}""", 200, "")]
    [InlineData("""{"headers":{"Cache-Control":null}}""", 200, "")]
    [InlineData("""{"headers":{"Cache-Control":"public"}}""", 200, "")]
    [InlineData("""{"headers":{"Retry-After":"1"}}""", 200, "")]
    [InlineData("""{"status":200,"body":{}}""", 200, "no json")]
    [InlineData("""{"status":200,"body":{}}""", 200, "")]
    [InlineData("""{"status":200,"body":{"a":1}}""", 200, """{"a":1,"a":1}""")]       // a field written twice
    [InlineData("""{"status":200,"body":{"request_id":"<any>"}}""", 200, """{"request_id":"","auth":null}""")]
    [InlineData("""{"status":200,"jwt":{"data.token":{}}}""", 200, "{}")]              // nobody checks what it cannot
    public void TheseAreNot(string expect, int status, string body) => Assert.NotEmpty(Check(expect, status, body));

    private static List<Difference> Check(string expect, int status, string body) =>
        AnswerCheck.Compare(
            JsonNode.Parse(expect)!.AsObject(), new Answer(status, s_headers, Encoding.UTF8.GetBytes(body)));
}
