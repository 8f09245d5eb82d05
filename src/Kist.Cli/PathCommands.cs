using System.CommandLine;
using System.Text;
using System.Text.Json;
using Kist.Cli.Client;
using Kist.Cli.Input;
using Kist.Cli.Output;
using Kist.Secrets;

namespace Kist.Cli;

/// <summary>`kist read`, `write`, `delete-path`: any path of the API, for what has no command of its own.</summary>
internal static class PathCommands
{
    public static Command Read()
    {
        var command = new KistCommand("read", "Read any path of the API")
        {
            Examples =
            [
                "kist read sys/health --json",
                "kist read prod/data/database version=2",
                "kist read identity/entity/name --list",
            ],
        };
        var path = command.Required("PATH", "Below /v1/");
        var query = command.Rest("PARAMETER", "NAME=VALUE, sent in the query");
        var list = command.Switch("--list", "List instead of read");
        var field = command.Option<string?>("--field", "FIELD", "Print the bare value of this field only");
        return command.Does((session, parsed) =>
        {
            if (ApiPath.Clean(parsed.GetValue(path)!, out var clean) is { } problem) return session.Fail(problem);
            if (JsonBody.CheckPairs("parameter", parsed.GetValue(query)) is { } wrong) return session.Fail(wrong);
            var api = ApiPath.Encode(clean) + Query(parsed.GetValue(query)!, parsed.GetValue(list));
            using var answer = session.Send(HttpMethod.Get, api);
            return parsed.GetValue(field) is { } name && answer.Problem is null
                ? session.PrintField(answer.Data, name)
                : session.PrintMembers(answer);
        });
    }

    public static Command Write()
    {
        var command = new KistCommand("write", "Write to any path of the API")
        {
            Examples =
            [
                "kist write auth/userpass/users/alice password=- policies=app",
                "kist write sys/quotas/rate-limit/all rate=500",
            ],
        };
        var path = command.Required("PATH", "Below /v1/");
        var fields = command.Rest("FIELD", "NAME=VALUE, NAME=-, NAME=@FILE; or - or @FILE.json for all fields");
        var wrap = command.Option<string?>("--wrap-ttl", "TIME", "Answer with a single-use wrapping token");
        var field = command.Option<string?>("--field", "FIELD", "Print the bare value of this field only");
        command.Switch("--force", "No effect: a write without fields is taken anyway", "-f");
        return command.Does((session, parsed) =>
        {
            if (ApiPath.Clean(parsed.GetValue(path)!, out var clean) is { } problem) return session.Fail(problem);
            using var body = new SecretWriter(256);
            if (FieldArguments.Write(session.Screen, parsed.GetValue(fields)!, false, body) is { } wrong)
                return session.Fail(wrong);
            using var answer = session.Send(new Request(HttpMethod.Put, ApiPath.Encode(clean), body)
            {
                WrapTtl = parsed.GetValue(wrap),
            });
            return parsed.GetValue(field) is { } name && answer.Problem is null
                ? session.PrintField(answer.Data, name)
                : Print(session, answer);
        });
    }

    public static Command Delete()
    {
        var command = new KistCommand("delete-path", "Delete any path of the API")
        {
            Examples = ["kist delete-path auth/userpass/users/alice"],
        };
        var path = command.Required("PATH", "Below /v1/");
        return command.Does((session, parsed) =>
            ApiPath.Clean(parsed.GetValue(path)!, out var clean) is { } problem
                ? session.Fail(problem)
                : session.Do(HttpMethod.Delete, ApiPath.Encode(clean), null, "Deleted"));
    }

    private static int Print(Session session, Answer answer)
    {
        if (answer.Problem is not null || answer.Root.ValueKind != JsonValueKind.Undefined)
            return session.PrintMembers(answer);
        if (session.Json) return session.PrintJson(answer);
        session.Screen.Remark("Done");
        return 0;
    }

    private static string Query(string[] parameters, bool list)
    {
        var query = new StringBuilder();
        foreach (var parameter in parameters)
        {
            var at = parameter.IndexOf('=');
            query.Append(query.Length == 0 ? '?' : '&').Append(Uri.EscapeDataString(parameter[..at]))
                .Append('=').Append(Uri.EscapeDataString(parameter[(at + 1)..]));
        }
        if (list) query.Append(query.Length == 0 ? '?' : '&').Append("list=true");
        return query.ToString();
    }
}
