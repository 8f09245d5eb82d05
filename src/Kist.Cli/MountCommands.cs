using System.CommandLine;
using System.Text.Json;
using Kist.Cli.Client;
using Kist.Cli.Input;
using Kist.Cli.Output;

namespace Kist.Cli;

/// <summary>`kist mount`: secrets engines, and with --auth login methods.</summary>
internal static class MountCommands
{
    public static Command Create() => new KistCommand("mount", "Manage secrets engines and login methods")
        .With(List(), Enable(), Disable(), Tune());

    private static KistCommand List()
    {
        var command = new KistCommand("list", "List what is mounted")
        {
            Examples = ["kist mount list", "kist mount list --auth"],
        };
        var auth = Auth(command);
        return command.Does((session, parsed) =>
        {
            using var answer = session.Send(HttpMethod.Get, Root(parsed.GetValue(auth)).TrimEnd('/'));
            if (session.Whole && answer.Problem is null) return session.PrintJson(answer.Data);
            return session.Finish(answer, () =>
            {
                using var table = new Table("PATH", "TYPE", "VERSION", "DESCRIPTION");
                foreach (var mount in answer.Data.EnumerateObject())
                    if (mount.Value.ValueKind == JsonValueKind.Object)
                        table.Cell(mount.Name).Cell(mount.Value.Text("type"))
                            .Cell(mount.Value.Member("options").Text("version")).Cell(mount.Value.Text("description"));
                session.Screen.Show(table);
            });
        });
    }

    private static KistCommand Enable()
    {
        var command = new KistCommand("enable", "Mount a secrets engine, or a login method with --auth")
        {
            Examples =
            [
                "kist mount enable kv --path prod --version 2",
                "kist mount enable userpass --auth",
            ],
        };
        var type = command.Required("TYPE", "The kind, such as kv");
        var path = command.Option<string?>("--path", "PATH", "Where, if not under the kind's name");
        var version = command.Option<int?>("--version", "N", "The kind's version: 1 or 2 for kv (else 2)");
        var options = command.Repeated("--option", "NAME=VALUE", "An option of the engine");
        var tuning = new Tuning(command);
        var auth = Auth(command);
        return command.Does((session, parsed) =>
        {
            var kind = parsed.GetValue(type)!;
            if (ApiPath.Clean(parsed.GetValue(path) ?? kind, out var name) is { } problem) return session.Fail(problem);
            if (JsonBody.CheckPairs("--option", parsed.GetValue(options)) is { } wrong) return session.Fail(wrong);
            var pairs = new List<string>(parsed.GetValue(options) ?? []);
            var number = parsed.GetValue(version) ?? (kind == "kv" ? 2 : null);
            if (number is not null) pairs.Add($"version={number}");
            using var config = tuning.Body(parsed);
            using var body = new JsonBody().With("type", kind).With("description", parsed.GetValue(tuning.Description))
                .WithMap("options", [.. pairs]).WithRaw("config", config.Close().WrittenSpan);
            return session.Do(HttpMethod.Post, Root(parsed.GetValue(auth)) + ApiPath.Encode(name), body.Close(),
                $"{kind} is mounted at {name}/");
        });
    }

    private static KistCommand Disable()
    {
        var command = new KistCommand("disable", "Unmount, and erase everything in it")
        {
            Examples = ["kist mount disable old", "kist mount disable userpass --auth --yes"],
        };
        var path = command.Required("PATH", "The mount");
        var yes = command.Switch("--yes", "Do not ask");
        var auth = Auth(command);
        return command.Does((session, parsed) =>
        {
            if (ApiPath.Clean(parsed.GetValue(path)!, out var name) is { } problem) return session.Fail(problem);
            if (Prompt.Confirm(session.Screen, $"Unmount {name}/ and erase everything in it for good",
                parsed.GetValue(yes)) is { } refused) return session.Fail(refused);
            if (session.Look(Root(parsed.GetValue(auth)).TrimEnd('/'), name + "/", Missing(name)) is { } missing)
                return session.Fail(missing);
            return session.Do(
                HttpMethod.Delete, Root(parsed.GetValue(auth)) + ApiPath.Encode(name), null, $"{name}/ is unmounted");
        });
    }

    private static KistCommand Tune()
    {
        var command = new KistCommand("tune", "Show or change a mount's settings")
        {
            Details = "Without an option the settings are shown.",
            Examples = ["kist mount tune prod", "kist mount tune prod --max-ttl 24h --description \"production\""],
        };
        var path = command.Required("PATH", "The mount");
        var options = command.Repeated("--option", "NAME=VALUE", "An option of the engine");
        var tuning = new Tuning(command);
        var auth = Auth(command);
        return command.Does((session, parsed) =>
        {
            if (ApiPath.Clean(parsed.GetValue(path)!, out var name) is { } problem) return session.Fail(problem);
            if (JsonBody.CheckPairs("--option", parsed.GetValue(options)) is { } wrong) return session.Fail(wrong);
            using var body = tuning.Body(parsed).With("description", parsed.GetValue(tuning.Description))
                .WithMap("options", parsed.GetValue(options));
            var text = body.Close();
            var api = $"{Root(parsed.GetValue(auth))}{ApiPath.Encode(name)}/tune";
            if (!text.WrittenSpan.SequenceEqual("{}"u8))
                return session.Do(HttpMethod.Post, api, text, $"{name}/ is changed");
            using var answer = session.Send(HttpMethod.Get, api);
            return Hints.Errors(answer.Root).StartsWith("cannot fetch sysview", StringComparison.Ordinal)
                ? session.Fail(Missing(name))
                : session.PrintMembers(answer);
        });
    }

    private static Problem Missing(string name) =>
        new($"nothing is mounted at {name}/", "kist mount list, or kist mount list --auth", Problem.Remote);

    private static Option<bool> Auth(KistCommand command) =>
        command.Switch("--auth", "Login methods rather than secrets engines");

    private static string Root(bool auth) => auth ? "sys/auth/" : "sys/mounts/";

    /// <summary>The settings that a mount is made with and can be changed to.</summary>
    private sealed class Tuning(KistCommand command)
    {
        private readonly Option<string?> _ttl =
            command.Option<string?>("--default-ttl", "TIME", "How long its leases live by default");

        private readonly Option<string?> _max = command.Option<string?>("--max-ttl", "TIME", "How long at most");

        private readonly Option<string?> _visible = command.Option<string?>(
            "--listing-visibility", "WORD", "unauth: shown before login; hidden");

        public Option<string?> Description { get; } =
            command.Option<string?>("--description", "TEXT", "What it is for");

        public JsonBody Body(ParseResult parsed) => new JsonBody()
            .With("default_lease_ttl", parsed.GetValue(_ttl)).With("max_lease_ttl", parsed.GetValue(_max))
            .With("listing_visibility", parsed.GetValue(_visible));
    }
}
