using System.CommandLine;
using Kist.Cli.Input;
using Kist.Cli.Output;
using Kist.Secrets;

namespace Kist.Cli;

/// <summary>`kist token roles`: rules by which tokens are created.</summary>
internal static class TokenRoles
{
    public static Command Create() => new KistCommand("roles", "Manage the rules by which tokens are created")
        .With(List(), Read(), Write(), Delete());

    private static KistCommand List() =>
        new KistCommand("list", "List the roles") { Examples = ["kist token roles list"] }.Does((session, _) =>
        {
            using var answer = session.Send(HttpMethod.Get, "auth/token/roles?list=true");
            return session.PrintNames(answer, "There are no roles; kist token roles write NAME … makes one");
        });

    private static KistCommand Read()
    {
        var command = new KistCommand("read", "Show a role") { Examples = ["kist token roles read deploy"] };
        var name = command.Required("NAME", "The role");
        return command.Does((session, parsed) =>
        {
            using var answer = session.Send(HttpMethod.Get, Path(parsed.GetValue(name)!));
            return session.PrintMembers(answer, Missing(parsed.GetValue(name)!));
        });
    }

    private static KistCommand Write()
    {
        var command = new KistCommand("write", "Save a role")
        {
            Examples = ["kist token roles write deploy allowed_policies=app,ci orphan=true token_period=24h"],
        };
        var name = command.Required("NAME", "The role");
        var fields = command.Rest("FIELD", "NAME=VALUE, as the API documents them", atLeastOne: true);
        return command.Does((session, parsed) =>
        {
            using var body = new SecretWriter(256);
            return FieldArguments.Write(session.Screen, parsed.GetValue(fields)!, false, body) is { } problem
                ? session.Fail(problem)
                : session.Do(HttpMethod.Post, Path(parsed.GetValue(name)!), body,
                    $"Saved the role {parsed.GetValue(name)}");
        });
    }

    private static KistCommand Delete()
    {
        var command = new KistCommand("delete", "Delete a role") { Examples = ["kist token roles delete deploy"] };
        var name = command.Required("NAME", "The role");
        return command.Does((session, parsed) =>
        {
            var role = parsed.GetValue(name)!;
            return session.Look(Path(role), null, Missing(role)) is { } missing
                ? session.Fail(missing)
                : session.Do(HttpMethod.Delete, Path(role), null, $"Deleted the role {role}");
        });
    }

    private static Problem Missing(string name) =>
        new($"there is no role {name}", "kist token roles list", Problem.Remote);

    private static string Path(string name) => "auth/token/roles/" + Uri.EscapeDataString(name);
}
