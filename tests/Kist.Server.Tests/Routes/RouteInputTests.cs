using System.Text.Json.Nodes;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;
using Xunit;

namespace Kist.Server.Tests.Routes;

/// <summary>
/// Gives every field of every route what its handler does not expect (security.md E02, G09): the answer is never a
/// defect, never repeats the value, and is in the audit.
/// </summary>
public sealed class RouteInputTests(EveryRoute routes) : IClassFixture<EveryRoute>
{
    private const string Canary = "cnry7Qx9ZpTm2Wv";

    // A refusal may say which type, policy, entity or algorithm it does not know: names, which Vault shows too.
    private static readonly string[] Names =
        ["type", "plugin_name", "policies", "token_policies", "role_name", "algorithm", "format", "options",
        "path", "source", "mounts", "token_type", "member_entity_ids", "member_group_ids"];

    private static readonly JsonNode?[] Odd =
    [
        null, true, -1, 0, 1e300, long.MaxValue, int.MinValue, "", "-1", "99999999999999999999", "9223372036s", "1e9",
        Canary, Canary + "\0\n\u202e", new string('x', 70_000), "../../" + Canary, "*", "%", "{{" + Canary + "}}",
        new JsonArray(), new JsonArray(Canary, 1, null, true), new JsonArray(new JsonArray(Canary)),
        new JsonObject(), new JsonObject { [Canary] = Canary },
        new JsonObject { ["a"] = new JsonObject { ["b"] = Canary } },
        new JsonArray(new JsonObject { ["a"] = Canary }),
    ];

    [Fact]
    public async Task AFieldWithAnOddValueIsAnsweredAndNeverRepeated()
    {
        var failures = new List<string>();
        foreach (var (mount, route, path) in routes.All)
        {
            if (route.Operation is not (Operation.Update or Operation.Patch) || route.Pattern == "seal") continue;
            foreach (var field in route.Fields)
                foreach (var value in Odd)
                {
                    var body = new JsonObject { [field.Name] = value?.DeepClone() }.ToJsonString();
                    var name = $"{EveryRoute.NameOf(mount, route)} {body[..Math.Min(body.Length, 100)]}";
                    await TryAsync(failures, name, route, path, body, null, Names.Contains(field.Name));
                }
        }
        Assert.True(failures.Count == 0, string.Join('\n', failures.Take(100)));
    }

    [Fact]
    public async Task AQueryWithAnOddValueIsAnsweredAndNeverRepeated()
    {
        var failures = new List<string>();
        foreach (var (mount, route, path) in routes.All)
        {
            if (route.Operation is Operation.Update or Operation.Patch) continue;
            foreach (var field in route.Fields)
                foreach (var value in Odd.OfType<JsonValue>().Select(value => value.ToString()))
                {
                    var name = $"{EveryRoute.NameOf(mount, route)}?{field.Name}={value[..Math.Min(value.Length, 40)]}";
                    await TryAsync(
                        failures, name, route, path, null, [(field.Name, value)], Names.Contains(field.Name));
                }
        }
        Assert.True(failures.Count == 0, string.Join('\n', failures.Take(100)));
    }

    [Fact]
    public async Task ANameOfAnyShapeIsAnswered()
    {
        var failures = new List<string>();
        string[] shapes = ["a", "_", "a-b.c@d", new string('a', 500), "über", "日本", "a b", "a'b", "a\"b", "{a}", "*",
            "+", "$(a)",
            "a,b", "a:b", "a;b", "a=b", "😀", "-1", "0", "null", "root", "config", "data", "metadata", "probe"];
        foreach (var (mount, route, _) in routes.All)
        {
            if (!route.Pattern.Contains('{') || route.Pattern == "seal") continue;
            foreach (var shape in shapes)
                await TryAsync(failures, $"{EveryRoute.NameOf(mount, route)} at {shape}", route,
                    EveryRoute.PathOf(mount, route, shape),
                    route.Operation is Operation.Update or Operation.Patch ? "{}" : null, null, mayRepeat: true);
        }
        Assert.True(failures.Count == 0, string.Join('\n', failures.Take(100)));
    }

    private async Task TryAsync(List<string> failures, string name, Route route, string path, string? body,
        (string, string)[]? query, bool mayRepeat)
    {
        var id = Guid.NewGuid();
        try
        {
            var token = await routes.FreshRootAsync();
            using var answer = await routes.SendAsync(id, route.Operation, path, token, body, query);
            if (answer.Fault is { Kind: FaultKind.Internal }) failures.Add($"{name}: {answer.Fault}");
            if (!mayRepeat && answer.Fault?.Text.Contains(Canary, StringComparison.Ordinal) == true)
                failures.Add($"{name}: repeats the value: {answer.Fault.Text}");
        }
        catch (Exception e)
        {
            failures.Add($"{name}: {e.GetType().Name} {e.Message} {e.StackTrace?.Split('\n')[0].Trim()}");
            return;
        }
        if (!routes.AuditTypesOf(id).Order().SequenceEqual(["request", "response"]))
            failures.Add($"{name}: not audited");
    }
}
