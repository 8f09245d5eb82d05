using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Kist.Client.Http;
using Kist.Client.Logging;
using Kist.Client.Logins;

namespace Kist.Client.Tests.Http;

/// <summary>
/// The client against what a real Vault answered: the transcripts of <c>tests/Contract</c>, whose every answer it must
/// understand.
/// </summary>
public sealed class RecordedVaultTests
{
    private static readonly string[] s_methods = ["GET", "LIST", "POST", "PUT", "PATCH", "DELETE"];

    // Names that the client does not send, and those that a step before would have given.
    private static readonly string[] s_unsent = ["//", "/.", "%2e", "$"];

    /// <summary>The recorded areas.</summary>
    public static TheoryData<string> Areas => [.. Directory
        .GetFiles(Path.Combine(KistBinary.RepositoryRoot, "tests", "Contract", "Data"), "*.json")
        .Select(file => Path.GetFileNameWithoutExtension(file)).Where(static name => name != "newer").Order()];

    [Theory]
    [MemberData(nameof(Areas))]
    public async Task EveryAnswerIsUnderstood(string area)
    {
        JsonObject now = [];
        using var vault = new Script(_ => (StatusOf(now), BodyOf(now)));
        await using var client = TestServer.NewClient(
            vault.Address, TokenLogin.Of("a-token-of-this-test"), static o => o.Retries = 0);
        var answers = 0;
        foreach (var (step, name) in Steps(area))
        {
            now = step["expect"]!.AsObject();
            answers++;
            try
            {
                await CheckAsync(client, step, now);
            }
            catch (Exception e)
            {
                Assert.Fail($"{name}: {step["method"]} {step["path"]}: {e}");
            }
        }
        Assert.True(answers > 5);
    }

    [Fact]
    public async Task SecretsOfBothVersionsAreRead()
    {
        JsonObject now = [];
        using var vault = new Script(asked => asked.Path.Contains("/internal/ui/mounts/", StringComparison.Ordinal)
            ? (404, """{"errors":[]}""") : (StatusOf(now), BodyOf(now)));
        await using var client = TestServer.NewClient(
            vault.Address, TokenLogin.Of("a-token-of-this-test"), static o => o.Retries = 0);
        var read = 0;
        foreach (var (area, word) in (ValueTuple<string, string>[])[("kv2", "data"), ("kv1", "")])
            foreach (var (step, _) in Steps(area))
            {
                var parts = ((string)step["path"]!)[4..].Split('?')[0].Split('/');
                now = step["expect"]!.AsObject();
                if ((string?)step["method"] != "GET" || StatusOf(now) != 200) continue;
                var isData = area == "kv2" ? parts.Length > 2 && parts[1] == word : parts.Length == 2;
                var data = JsonNode.Parse(BodyOf(now))!["data"] as JsonObject;
                var expected = area == "kv2" ? data?["data"] as JsonObject : data;
                if (!isData || expected is null) continue;
                read++;
                var secret = area == "kv2"
                    ? await client.Kv2(parts[0]).ReadAsync(string.Join('/', parts[2..]))
                    : await client.Kv1(parts[0]).ReadAsync(parts[1]);
                Assert.Equal(expected.Select(static p => p.Key).Order(), secret!.Fields.Order());
                foreach (var (field, value) in expected)
                    if (value?.GetValueKind() is System.Text.Json.JsonValueKind.String)
                        Assert.Equal((string?)value, secret[field].Reveal());
                if (area == "kv2") Assert.Equal((long?)data!["metadata"]!["version"], secret.Version);
            }
        Assert.True(read > 20, $"only {read} secrets were read");
    }

    private static async Task CheckAsync(KistClient client, JsonObject step, JsonObject expect)
    {
        var path = ((string)step["path"]!)["/v1/".Length..].Split('?');
        var body = step["body"] is { } sent ? Encoding.UTF8.GetBytes(sent.ToJsonString()) : default;
        var request = new ApiRequest(new HttpMethod((string)step["method"]!), Uri.UnescapeDataString(path[0]), body)
        {
            Query = path.Length > 1 ? path[1] : null, Accepts = KistClient.OkOrAbsent,
        };
        var status = StatusOf(expect);
        var expected = BodyOf(expect) is { Length: > 0 } text ? JsonNode.Parse(text) : null;
        if (!KistClient.OkOrAbsent(status))
        {
            var e = await Assert.ThrowsAsync<KistException>(() => client.SendAsync(request, CancellationToken.None));
            Assert.Equal((HttpStatusCode)status, e.Status);
            var errors = expected is JsonObject { Count: > 0 } said ? said["errors"] as JsonArray : null;
            // What was handed out before is masked in errors too.
            Assert.Equal(
                (errors ?? []).Select(static error => HandedOut.Shared.Mask(((string)error!).Trim())), e.Errors);
            Assert.Equal(status is 429 or 412 or >= 500, e.IsTransient);
            return;
        }
        using var answer = await client.SendAsync(request, CancellationToken.None);
        Assert.Equal((HttpStatusCode)status, answer.Status);
        if (expected is not JsonObject whole) return;
        Assert.True(JsonNode.DeepEquals(whole, JsonNode.Parse(answer.Body.GetRawText())));
        Assert.Equal((string?)whole["lease_id"] is { Length: > 0 } lease ? lease : null, answer.LeaseId);
        Assert.Equal((whole["warnings"] as JsonArray)?.Select(static w => (string)w!) ?? [], answer.Warnings);
        if (whole["auth"] is JsonObject auth)
        {
            using var grant = answer.Token;
            Assert.Equal((string?)auth["client_token"], grant!.Token.RevealText());
            Assert.Equal((double)auth["lease_duration"]!, grant.Duration.TotalSeconds);
        }
        if (whole["wrap_info"] is not JsonObject wrap) return;
        using var wrapped = answer.Wrapped;
        Assert.Equal((string?)wrap["token"], wrapped!.Token.RevealText());
    }

    /// <summary>The steps that a client of this API can send; others are about broken requests.</summary>
    private static IEnumerable<(JsonObject Step, string Name)> Steps(string area)
    {
        var file = Path.Combine(KistBinary.RepositoryRoot, "tests", "Contract", "Data", area + ".json");
        foreach (var scenario in JsonNode.Parse(File.ReadAllBytes(file))!["scenarios"]!.AsArray())
            foreach (var step in scenario!["steps"]!.AsArray().Select(static s => s!.AsObject()))
            {
                var path = (string)step["path"]!;
                if (step["raw"] is null && s_methods.Contains((string)step["method"]!)
                    && path.StartsWith("/v1/", StringComparison.Ordinal) && path != "/v1/auth/token/lookup-self"
                    && !s_unsent.Any(part => path.Contains(part, StringComparison.OrdinalIgnoreCase)))
                    yield return (step, (string)scenario["name"]!);
            }
    }

    private static int StatusOf(JsonObject expect) =>
        expect["status"] is JsonArray several ? (int)several[0]! : (int)expect["status"]!;

    private static string BodyOf(JsonObject expect) =>
        expect["body"] is { } body ? Sample(body)!.ToJsonString() : "";

    // The transcripts say of what differs each time only what it looks like.
    private static JsonNode? Sample(JsonNode? recorded) => recorded switch
    {
        JsonArray list => new JsonArray([.. list.Select(Sample)]),
        JsonObject { Count: 1 } one when one.First() is var (key, value) && key.StartsWith('<') => key switch
        {
            "<contains>" or "<unordered>" or "<exact>" => Sample(value),
            "<repeat>" => new JsonArray(),
            _ => new JsonObject(),
        },
        JsonObject whole => new JsonObject(whole.Select(p => KeyValuePair.Create(p.Key, Sample(p.Value)))),
        JsonValue text when text.GetValueKind() is System.Text.Json.JsonValueKind.String => OfText((string)text!),
        _ => recorded?.DeepClone(),
    };

    private static JsonNode? OfText(string text) => text switch
    {
        "<uuid>" => "9a7c3f6e-2b1d-4c5e-8f90-1a2b3c4d5e6f",
        "<time>" => "2021-08-01T12:34:56.123456789Z",
        "<token>" => "hvs.a-token-that-was-made",
        "<int>" or "<number>" => 7,
        "<bool>" => true,
        "<list>" => new JsonArray(),
        "<object>" => new JsonObject(),
        _ when text.StartsWith("<ttl:", StringComparison.Ordinal) => int.Parse(text[5..^1]),
        _ when text.StartsWith('<') && text.EndsWith('>') => "sample",
        _ => text,
    };
}
