using System.Text.Json.Nodes;
using Kist.Kernel.Pipeline;
using Xunit;

namespace Kist.Server.Tests.Engines.Sys;

/// <summary>OpenAPI, help and metrics.</summary>
public sealed class DescriptionTests
{
    [Fact]
    public async Task OpenApiHasEveryRouteOfEveryMount()
    {
        await using var node = await LiveNode.StartAsync();
        var api = JsonNode.Parse(await node.DataAsync(Operation.Read, "sys/internal/specs/openapi"))!;
        foreach (var mount in node.Kernel.Mounts.Current.All)
            foreach (var route in mount.Routes.Routes)
            {
                var path = "/" + mount.Path + route.Pattern.Replace("...}", "}").Replace("+}", "}");
                var method = api["paths"]![path]?[MethodOf(route.Operation)];
                Assert.True(method is not null, $"{route.Operation} {path} is missing");
                foreach (var field in route.Fields)
                    Assert.True(method.ToJsonString().Contains($"\"{field.Name}\"", StringComparison.Ordinal),
                        $"the field {field.Name} of {path} is missing");
            }
    }

    private static string MethodOf(Operation operation) => operation switch
    {
        Operation.Read or Operation.List => "get",
        Operation.Delete => "delete",
        Operation.Patch => "patch",
        _ => "post",
    };

    [Fact]
    public async Task OpenApiTellsNobodyOfMountsHeMayNotKnow()
    {
        await using var node = await LiveNode.StartAsync();
        await node.MountAsync("hidden/", "kv", "1");
        var api = await node.DataAsync(Operation.Read, "sys/internal/specs/openapi", "", "");
        Assert.DoesNotContain("hidden", api, StringComparison.Ordinal);
        Assert.DoesNotContain("/sys/", api, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sys/mounts/x/tune", "mounts/{path+}/tune")]
    [InlineData("sys/mounts/x/tune", "audit_non_hmac_request_keys")]
    [InlineData("sys", "mounts/{path+}/tune")]
    public async Task HelpIsWrittenFromTheRoutes(string path, string expected)
    {
        await using var node = await LiveNode.StartAsync();
        Assert.Contains(expected, await node.DataAsync(Operation.Help, path), StringComparison.Ordinal);
    }

    [Fact]
    public async Task MetricsNameNothingThatSomeoneChose()
    {
        await using var node = await LiveNode.StartAsync();
        await node.MountAsync("canary-mount/", "kv", "1");
        await node.DataAsync(Operation.Update, "canary-mount/canary-path", """{"canary-key":"canary-value"}""");
        await node.DataAsync(
            Operation.Update, "sys/quotas/rate-limit/canary-quota", """{"rate":1000,"path":"canary-mount/"}""");
        await node.FaultAsync(Operation.Read, "canary-mount/x", "", "canary-token");
        var text = await node.DataAsync(Operation.Read, "sys/metrics", "", LiveNode.Root, ("format", "prometheus"));
        Assert.DoesNotContain("canary", text, StringComparison.Ordinal);
        Assert.Contains("vault_core_handle_request_count", text, StringComparison.Ordinal);
        Assert.Contains("vault_core_refused_total{reason=\"denied\"} 1\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", await node.DataAsync(Operation.Read, "sys/metrics"), StringComparison.Ordinal);
    }
}
