using System.Reflection;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;
using Kist.Server.Fronts.Vault;
using Xunit;

namespace Kist.Server.Tests.Routes;

/// <summary>
/// Walks every route of every engine (security.md D04, D06): nobody comes in without a token or without rights, except
/// where a committed list says so, and every answer has its two lines in the audit. The lists may only shrink.
/// </summary>
public sealed class RouteAccessTests(EveryRoute routes) : IClassFixture<EveryRoute>
{
    private static readonly string[] OpenRoutes = ListOf("open-routes.txt");

    [Fact] // D04: a new open route fails here until it is written down
    public void TheRoutesThatAreOpenToAnyoneAreThoseOfTheList()
    {
        var open = routes.All.Where(r => r.Route.Access is Access.Open)
            .Select(r => EveryRoute.NameOf(r.Mount, r.Route));

        Assert.Equal(OpenRoutes, open.Order(StringComparer.Ordinal));
    }

    [Fact] // D04: the same for the paths that answer while sealed
    public void ThePathsThatAnswerWhileSealedAreThoseOfTheList()
    {
        var known = new NodePaths(routes.Node, routes.Pipeline).Known;

        Assert.Equal(ListOf("sealed-paths.txt"), known.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task WithoutATokenNoOtherRouteRuns()
    {
        foreach (var (mount, route, path) in routes.All)
        {
            if (route.Access is Access.Open) continue;
            var id = Guid.NewGuid();

            using var answer = await routes.SendAsync(id, route.Operation, path, null, BodyOf(route));

            var name = EveryRoute.NameOf(mount, route);
            Assert.True(answer.Fault is { Kind: FaultKind.Denied or FaultKind.Invalid }, name);
            // A gate may speak first; it knows only the wrapping token that the request names.
            if (route.Gate is null) Assert.Same(Fault.NoToken, answer.Fault);
            AssertAudited(id, name);
        }
    }

    [Fact]
    public async Task WithATokenThatMayNothingNoOtherRouteRuns()
    {
        var token = await routes.PowerlessAsync();
        foreach (var (mount, route, path) in routes.All)
        {
            if (route.Access is Access.Open) continue;
            var id = Guid.NewGuid();

            using var answer = await routes.SendAsync(id, route.Operation, path, token, BodyOf(route));

            var name = EveryRoute.NameOf(mount, route);
            Assert.True(answer.Fault is not null, name);
            if (route.Gate is null) Assert.True(answer.Fault.Kind is FaultKind.Denied, $"{name}: {answer.Fault.Text}");
            AssertAudited(id, name);
        }
    }

    [Fact] // B: a token that is none
    public async Task WithATokenThatNobodyKnowsNoOtherRouteRuns()
    {
        foreach (var token in (string[])["kst.000000000000000000000000000000000", "root", "kstb.AAAA", "\0", "é"])
            foreach (var (mount, route, path) in routes.All)
            {
                if (route.Access is Access.Open) continue;

                using var answer = await routes.SendAsync(Guid.NewGuid(), route.Operation, path, token, BodyOf(route));

                Assert.True(answer.Fault is { Kind: FaultKind.Denied or FaultKind.Invalid },
                    EveryRoute.NameOf(mount, route));
            }
    }

    [Fact] // D06
    public async Task EveryCapabilityButSudoOpensNoRouteThatNeedsSudo()
    {
        var token = await routes.TokenAsync(
            """path "*" { capabilities = ["create", "read", "update", "patch", "delete", "list"] }""");
        foreach (var (mount, route, path) in routes.All)
        {
            if (route.Access is not Access.Sudo) continue;

            using var answer = await routes.SendAsync(Guid.NewGuid(), route.Operation, path, token, BodyOf(route));

            Assert.True(answer.Fault is { Kind: FaultKind.Denied }, EveryRoute.NameOf(mount, route));
        }
    }

    [Fact] // D02: whatever else allows it
    public async Task ADenialClosesEveryRouteThatIsNotOpen()
    {
        var token = await routes.TokenAsync(
            """path "*" { capabilities = ["create", "read", "update", "patch", "delete", "list", "sudo"] }""",
            """path "*" { capabilities = ["deny"] }""");
        foreach (var (mount, route, path) in routes.All)
        {
            if (route.Access is Access.Open) continue;

            using var answer = await routes.SendAsync(Guid.NewGuid(), route.Operation, path, token, BodyOf(route));

            Assert.True(answer.Fault is not null, EveryRoute.NameOf(mount, route));
        }
    }

    [Fact]
    public void ThereAreRoutesToWalk() => Assert.InRange(routes.All.Count(), 100, 5_000);

    private void AssertAudited(Guid id, string name)
    {
        Assert.True(routes.AuditTypesOf(id).Order().SequenceEqual(["request", "response"]), $"{name} left no trace");
    }

    private static string? BodyOf(Route route) => route.Operation is Operation.Update or Operation.Patch ? "{}" : null;

    private static string[] ListOf(string file)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(
            "Kist.Server.Tests.Routes.Data." + file)!;
        using var reader = new StreamReader(stream);
        const StringSplitOptions clean = StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries;
        return [.. reader.ReadToEnd().Split('\n', clean)
            .Where(line => line[0] != '#').Order(StringComparer.Ordinal)];
    }
}
