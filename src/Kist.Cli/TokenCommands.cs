using System.CommandLine;
using System.Text.Json;
using Kist.Cli.Client;
using Kist.Cli.Input;
using Kist.Cli.Output;
using Kist.Secrets;

namespace Kist.Cli;

/// <summary>`kist token`: create, look at, renew and revoke tokens.</summary>
internal static class TokenCommands
{
    public static Command Create() => new KistCommand("token", "Create, look up, renew and revoke tokens")
        .With(CreateToken(), Lookup(), Renew(), Revoke(), Capabilities(), TokenRoles.Create());

    private static KistCommand CreateToken()
    {
        var command = new KistCommand("create", "Create a token")
        {
            Examples =
            [
                "kist token create --policy app --ttl 8h",
                "kist token create --policy ci --period 24h --orphan --field token",
                "kist token create --policy app --wrap-ttl 5m       # hand it over, to be unwrapped once",
                "kist token create --role deploy",
            ],
        };
        var policies = command.Repeated("--policy", "NAME", "A policy of the token");
        var ttl = command.Option<string?>("--ttl", "TIME", "How long it lives, such as 30m or 8h");
        var maximum = command.Option<string?>("--explicit-max-ttl", "TIME", "Renewals end here");
        var period = command.Option<string?>("--period", "TIME", "May be renewed for ever, each time for so long");
        var uses = command.Option<int?>("--uses", "N", "It may be used so often");
        var display = command.Option<string?>("--display-name", "NAME", "How it appears in the audit log");
        var type = command.Option<string?>("--type", "TYPE", "service or batch");
        var role = command.Option<string?>("--role", "NAME", "Create it by the rules of a role");
        var alias = command.Option<string?>("--entity-alias", "NAME", "The identity it belongs to (with --role)");
        var meta = command.Repeated("--meta", "NAME=VALUE", "Metadata for the audit log");
        var orphan = command.Switch("--orphan", "It outlives the token that creates it");
        var bare = command.Switch("--no-default-policy", "Without the policy `default`");
        var fixedLife = command.Switch("--not-renewable", "It cannot be renewed");
        var wrap = command.Option<string?>("--wrap-ttl", "TIME", "Answer with a single-use wrapping token");
        var field = command.Option<string?>("--field", "NAME", "Print this bare value only: token or accessor");
        return command.Does((session, parsed) =>
        {
            if (JsonBody.CheckPairs("--meta", parsed.GetValue(meta)) is { } problem) return session.Fail(problem);
            using var body = new JsonBody()
                .With("policies", parsed.GetValue(policies)).With("ttl", parsed.GetValue(ttl))
                .With("explicit_max_ttl", parsed.GetValue(maximum)).With("period", parsed.GetValue(period))
                .With("num_uses", parsed.GetValue(uses)).With("display_name", parsed.GetValue(display))
                .With("type", parsed.GetValue(type)).With("entity_alias", parsed.GetValue(alias))
                .WithMap("meta", parsed.GetValue(meta)).With("no_default_policy", parsed.GetValue(bare));
            if (parsed.GetValue(fixedLife)) body.WithRaw("renewable", "false"u8);
            var path = parsed.GetValue(role) is { } named
                ? "auth/token/create/" + Uri.EscapeDataString(named)
                : parsed.GetValue(orphan) ? "auth/token/create-orphan" : "auth/token/create";
            using var answer = session.Send(
                new Request(HttpMethod.Post, path, body.Close()) { WrapTtl = parsed.GetValue(wrap) });
            return Print(session, answer, parsed.GetValue(field));
        });
    }

    /// <summary>Prints a token that was granted, or wrapped.</summary>
    public static int Print(Session session, Answer answer, string? field = null)
    {
        if (answer.Problem is null && field is not null)
        {
            var member = answer.Data.Member(field == "token" && answer.Data.Member("client_token").ValueKind
                is JsonValueKind.String ? "client_token" : field);
            if (member.ValueKind == JsonValueKind.Undefined)
                return session.Fail(new Problem("the answer has no such field", "--field token, or --json"));
            if (session.Json) return session.PrintJson(member);
            using var text = new SecretWriter(128);
            JsonText.WritePlain(member, text);
            session.Screen.WriteRaw(text.WrittenSpan);
            return 0;
        }
        return session.Finish(answer, () =>
        {
            var grant = answer.Data;
            using var table = new Table("KEY", "VALUE");
            if (grant.Member("client_token").ValueKind != JsonValueKind.String) table.Members(grant);
            else
                table.Cell("token").Cell(grant.Member("client_token"))
                    .Cell("accessor").Cell(grant.Member("accessor"))
                    .Cell("expires in").Cell(Times.Duration(grant.Number("lease_duration")))
                    .Cell("renewable").Cell(grant.Member("renewable"))
                    .Cell("policies").Cell(grant.Member("policies"))
                    .Cell("type").Cell(grant.Member("token_type"));
            session.Screen.Show(table);
        });
    }

    private static KistCommand Lookup()
    {
        var command = new KistCommand("lookup", "Show what is known about a token; your own when none is named")
        {
            Examples =
            [
                "kist token lookup",
                "kist token lookup -                               # asks for the token",
                "kist token lookup --accessor ACCESSOR",
            ],
        };
        var (token, accessor) = Which(command);
        return command.Does((session, parsed) =>
            On(session, parsed.GetValue(token), parsed.GetValue(accessor), "lookup", null,
                answer => session.PrintMembers(answer)));
    }

    private static KistCommand Renew()
    {
        var command = new KistCommand("renew", "Renew a token; your own when none is named")
        {
            Examples = ["kist token renew", "kist token renew --increment 8h"],
        };
        var (token, accessor) = Which(command);
        var increment = command.Option<string?>("--increment", "TIME", "For how long");
        return command.Does((session, parsed) => On(session, parsed.GetValue(token), parsed.GetValue(accessor),
            "renew", parsed.GetValue(increment), answer => Print(session, answer)));
    }

    private static KistCommand Revoke()
    {
        var command = new KistCommand("revoke", "Revoke a token and its children")
        {
            Examples =
            [
                "kist token revoke -", "kist token revoke --accessor ACCESSOR", "kist token revoke --self",
            ],
        };
        var (token, accessor) = Which(command);
        var self = command.Switch("--self", "Your own token");
        return command.Does((session, parsed) =>
            parsed.GetValue(token) is null && parsed.GetValue(accessor) is null && !parsed.GetValue(self)
                ? session.Fail(new Problem("which token is meant?", "--self, --accessor ACCESSOR, or - to be asked"))
                : On(session, parsed.GetValue(token), parsed.GetValue(accessor), "revoke", null,
                    answer => session.Finish(answer, () => session.Screen.Remark("Revoked"))));
    }

    private static KistCommand Capabilities()
    {
        var command = new KistCommand("capabilities", "Show what a token may do at a path")
        {
            Details = "PATH is a path of the API: kv version 2 keeps values under MOUNT/data/NAME.",
            Examples = ["kist token capabilities prod/data/database"],
        };
        var path = command.Required("PATH", "A path of the API");
        var (token, accessor) = Which(command);
        return command.Does((session, parsed) =>
        {
            if (ApiPath.Clean(parsed.GetValue(path)!, out var clean) is { } problem) return session.Fail(problem);
            if (Given(session, parsed.GetValue(token), out var other) is { } unread) return session.Fail(unread);
            using var body = new JsonBody().With("path", clean).With("token", other)
                .With("accessor", parsed.GetValue(accessor));
            var api = other is not null ? "sys/capabilities"
                : parsed.GetValue(accessor) is not null ? "sys/capabilities-accessor" : "sys/capabilities-self";
            using var answer = session.Send(HttpMethod.Post, api, body.Close());
            return session.Finish(answer, () =>
                session.Screen.Line(string.Join(", ", answer.Data.Member("capabilities").Strings())));
        });
    }

    private static int On(Session session, string? token, string? accessor, string verb, string? increment,
        Func<Answer, int> print)
    {
        if (token is not null && accessor is not null)
            return session.Fail(new Problem("a token and --accessor exclude each other"));
        if (Given(session, token, out var other) is { } problem) return session.Fail(problem);
        using var body = new JsonBody().With("token", other).With("accessor", accessor).With("increment", increment);
        var text = body.Close();
        var path = other is not null ? verb : accessor is not null ? verb + "-accessor" : verb + "-self";
        var asksOnly = verb == "lookup" && other is null && accessor is null;
        using var answer = asksOnly
            ? session.Send(HttpMethod.Get, "auth/token/" + path)
            : session.Send(HttpMethod.Post, "auth/token/" + path, text);
        return print(answer);
    }

    private static (Argument<string?> Token, Option<string?> Accessor) Which(KistCommand command) =>
        (command.Optional("TOKEN", "A token; - asks for it or reads it from standard input"),
            command.Option<string?>("--accessor", "ACCESSOR", "The token with this accessor"));

    /// <summary>The token that was typed, or asked for with <c>-</c>; null when there is none.</summary>
    public static Problem? Given(Session session, string? typed, out string? token)
    {
        token = typed;
        if (typed is null) return null;
        if (typed == "-")
        {
            var problem = Prompt.Text(session.Screen, "token", out var asked);
            token = asked;
            return problem;
        }
        session.Screen.Warn("a token on the command line stays in shell history and ps shows it; - asks for it");
        return null;
    }
}
