using System.CommandLine;
using System.Text.Json;
using Kist.Cli.Client;
using Kist.Cli.Input;
using Kist.Cli.Output;
using Kist.Secrets;

namespace Kist.Cli;

/// <summary>`kist audit`: where the audit log goes, and what stands in it.</summary>
internal static class AuditCommands
{
    public static Command Create() => new KistCommand("audit", "Manage the audit log")
        .With(List(), Enable(), Disable(), Hash(), AuditVerifyCommand.Create());

    private static KistCommand List() =>
        new KistCommand("list", "List the audit sinks") { Examples = ["kist audit list"] }.Does((session, _) =>
        {
            using var answer = session.Send(HttpMethod.Get, "sys/audit");
            if (session.Whole && answer.Problem is null) return session.PrintJson(answer.Data);
            return session.Finish(answer, () =>
            {
                using var table = new Table("PATH", "TYPE", "DESCRIPTION", "OPTIONS");
                foreach (var sink in answer.Data.EnumerateObject())
                    if (sink.Value.ValueKind == JsonValueKind.Object)
                        table.Cell(sink.Name).Cell(sink.Value.Text("type"))
                            .Cell(sink.Value.Text("description")).Cell(sink.Value.Member("options"));
                session.Screen.Show(table);
            });
        });

    private static KistCommand Enable()
    {
        var command = new KistCommand("enable", "Add an audit sink: from then on nothing is answered unlogged")
        {
            Examples = ["kist audit enable file file_path=/var/log/kist/audit.log"],
        };
        var type = command.Required("TYPE", "The kind of sink, such as file");
        var options = command.Rest("OPTION", "NAME=VALUE: file_path, mode, hmac_accessor, log_raw, prefix …");
        var path = command.Option<string?>("--path", "PATH", "Its name, if not the kind's");
        var description = command.Option<string?>("--description", "TEXT", "What it is for");
        return command.Does((session, parsed) =>
        {
            var pairs = parsed.GetValue(options)!;
            if (JsonBody.CheckPairs("option", pairs) is { } wrong) return session.Fail(wrong);
            if (ApiPath.Clean(parsed.GetValue(path) ?? parsed.GetValue(type)!, out var name) is { } problem)
                return session.Fail(problem);
            using var body = new JsonBody().With("type", parsed.GetValue(type))
                .With("description", parsed.GetValue(description)).WithMap("options", pairs);
            return session.Do(HttpMethod.Put, "sys/audit/" + ApiPath.Encode(name), body.Close(),
                $"Audit sink {name} is on");
        });
    }

    private static KistCommand Disable()
    {
        var command = new KistCommand("disable", "Remove an audit sink") { Examples = ["kist audit disable file"] };
        var path = command.Required("PATH", "The sink's name");
        var yes = command.Switch("--yes", "Do not ask");
        return command.Does((session, parsed) =>
        {
            if (ApiPath.Clean(parsed.GetValue(path)!, out var name) is { } problem) return session.Fail(problem);
            if (Prompt.Confirm(session.Screen, $"Remove the audit sink {name}", parsed.GetValue(yes)) is { } refused)
                return session.Fail(refused);
            if (session.Look("sys/audit", name + "/", new Problem($"there is no audit sink {name}", "kist audit list",
                Problem.Remote)) is { } missing) return session.Fail(missing);
            return session.Do(
                HttpMethod.Delete, "sys/audit/" + ApiPath.Encode(name), null, $"Audit sink {name} is off");
        });
    }

    private static KistCommand Hash()
    {
        var command = new KistCommand("hash", "Show how a value appears in a sink's log, to search for it there")
        {
            Examples = ["kist audit hash file", "grep \"$(kist audit hash file < value.txt)\" audit.log"],
        };
        var path = command.Required("PATH", "The sink's name");
        return command.Does((session, parsed) =>
        {
            if (ApiPath.Clean(parsed.GetValue(path)!, out var name) is { } problem) return session.Fail(problem);
            var unread = Prompt.Secret(session.Screen, "value", out var value);
            using var secret = value;
            if (unread is not null) return session.Fail(unread);
            using var body = new JsonBody().With("input", value.WrittenSpan);
            using var answer = session.Send(HttpMethod.Post, "sys/audit-hash/" + ApiPath.Encode(name), body.Close());
            return session.Finish(answer, () => session.Screen.Line(answer.Data.Text("hash")));
        });
    }
}
