using System.CommandLine;
using Kist.Cli.Client;
using Kist.Cli.Input;
using Kist.Cli.Output;
using Kist.Secrets;

namespace Kist.Cli;

/// <summary>`kist wrap` and `unwrap`: hand something over so that only the first reader gets it.</summary>
internal static class WrapCommands
{
    public static Command Wrap()
    {
        var command = new KistCommand("wrap", "Put fields behind a token that opens once")
        {
            Examples = ["kist wrap password=- --ttl 10m", "kist wrap - < fields.json"],
        };
        var fields = command.Rest("FIELD", "NAME=VALUE, NAME=-, NAME=@FILE; or - or @FILE.json", atLeastOne: true);
        var ttl = command.Option<string?>("--ttl", "TIME", "How long it can be opened (else 5m)");
        var field = command.Option<string?>("--field", "NAME", "Print this bare value only, such as token");
        return command.Does((session, parsed) =>
        {
            using var body = new SecretWriter(256);
            if (FieldArguments.Write(session.Screen, parsed.GetValue(fields)!, true, body) is { } problem)
                return session.Fail(problem);
            using var answer = session.Send(new Request(HttpMethod.Post, "sys/wrapping/wrap", body)
            {
                WrapTtl = parsed.GetValue(ttl) ?? "5m",
            });
            return TokenCommands.Print(session, answer, parsed.GetValue(field));
        });
    }

    public static Command Unwrap()
    {
        var command = new KistCommand("unwrap", "Open what was wrapped; it opens once")
        {
            Examples = ["kist unwrap", "kist unwrap - < token.txt"],
        };
        var token = command.Optional("TOKEN", "The wrapping token; - asks for it or reads it (the default)");
        return command.Does((session, parsed) =>
        {
            if (TokenCommands.Given(session, parsed.GetValue(token) ?? "-", out var wrapping) is { } problem)
                return session.Fail(problem);
            if (!TokenFile.IsToken(wrapping!)) return session.Fail(new Problem("this is not a token"));
            using var answer = session.Send(
                new Request(HttpMethod.Post, "sys/wrapping/unwrap") { Token = wrapping });
            return answer.Data.Member("client_token").ValueKind == System.Text.Json.JsonValueKind.String
                ? TokenCommands.Print(session, answer)
                : session.PrintMembers(answer);
        });
    }
}
