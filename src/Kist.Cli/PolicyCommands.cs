using System.CommandLine;
using System.Text;
using Kist.Cli.Client;
using Kist.Cli.Input;
using Kist.Cli.Output;
using Kist.Secrets;

namespace Kist.Cli;

/// <summary>`kist policy`: what tokens may do.</summary>
internal static class PolicyCommands
{
    private const string Root = "sys/policies/acl/";

    public static Command Create() => new KistCommand("policy", "Manage policies: what tokens may do")
        .With(List(), Read(), Write(), Delete(), Format());

    private static KistCommand List()
    {
        var command = new KistCommand("list", "List the names of policies") { Examples = ["kist policy list"] };
        return command.Does((session, _) =>
        {
            using var answer = session.Send(HttpMethod.Get, Root.TrimEnd('/') + "?list=true");
            return session.PrintNames(answer, "There are no policies");
        });
    }

    private static KistCommand Read()
    {
        var command = new KistCommand("read", "Print a policy") { Examples = ["kist policy read app > app.hcl"] };
        var name = command.Required("NAME", "The policy");
        return command.Does((session, parsed) => WithName(session, parsed.GetValue(name)!, path =>
        {
            using var answer = session.Send(HttpMethod.Get, path);
            if (answer.Status == 404) return session.Fail(Missing(parsed.GetValue(name)!));
            return session.Finish(answer, () =>
            {
                using var text = new SecretWriter(1024);
                JsonText.WritePlain(answer.Data.Member("policy"), text);
                if (!text.WrittenSpan.EndsWith("\n"u8)) text.Write("\n"u8);
                session.Screen.Write(text.WrittenSpan);
            });
        }));
    }

    private static KistCommand Write()
    {
        var command = new KistCommand("write", "Save a policy from a file or standard input")
        {
            Details = """
                A policy in HCL lists paths and what may be done there:

                  path "prod/data/database" {
                    capabilities = ["read"]
                  }
                """,
            Examples =
            [
                "kist policy write app app.hcl",
                "kist policy read app | sed s/dev/prod/ | kist policy write app-prod -",
            ],
        };
        var name = command.Required("NAME", "The policy");
        var file = command.Required("FILE", "HCL or JSON; - for standard input");
        return command.Does((session, parsed) => WithName(session, parsed.GetValue(name)!, path =>
        {
            using var text = new SecretWriter(4096);
            if (ReadText(parsed.GetValue(file)!, text) is { } problem) return session.Fail(problem);
            using var body = new JsonBody().With("policy", text.WrittenSpan);
            return session.Do(HttpMethod.Put, path, body.Close(), $"Saved the policy {parsed.GetValue(name)}");
        }));
    }

    private static KistCommand Delete()
    {
        var command = new KistCommand("delete", "Delete a policy") { Examples = ["kist policy delete app"] };
        var name = command.Required("NAME", "The policy");
        return command.Does((session, parsed) => WithName(session, parsed.GetValue(name)!, path =>
            session.Look(path, null, Missing(parsed.GetValue(name)!)) is { } missing
                ? session.Fail(missing)
                : session.Do(HttpMethod.Delete, path, null, $"Deleted the policy {parsed.GetValue(name)}")));
    }

    private static Problem Missing(string name) =>
        new($"there is no policy {name}", "kist policy list", Problem.Remote);

    private static KistCommand Format()
    {
        var command = new KistCommand("fmt", "Format a policy file in place, or standard input to standard output")
        {
            Details = "Comments stay. --check writes nothing; its exit code 1 says that the format is different.",
            Examples = ["kist policy fmt app.hcl", "kist policy fmt - < app.hcl", "kist policy fmt --check app.hcl"],
        };
        var file = command.Required("FILE", "The file; - for standard input");
        var check = command.Switch("--check", "Only say whether the format is right");
        return command.Does((session, parsed) => FormatFile(session, parsed.GetValue(file)!, parsed.GetValue(check)));
    }

    private static int FormatFile(Session session, string file, bool check)
    {
        using var bytes = new SecretWriter(4096);
        if (ReadText(file, bytes) is { } problem) return session.Fail(problem);
        var text = Encoding.UTF8.GetString(bytes.WrittenSpan);
        if (PolicyText.Format(text, out var formatted) is { } broken) return session.Fail(broken);
        if (check && text != formatted)
            return session.Fail(new Problem($"{file} is not formatted", $"kist policy fmt {file}"));
        if (file != "-" && text != formatted && Replace(session, file, formatted) is { } unwritten)
            return session.Fail(unwritten);
        if (session.Json)
        {
            using var json = new JsonBody().With("policy", formatted);
            session.Screen.Line(json.Close());
        }
        else if (file == "-" && !check) session.Screen.Write(Encoding.UTF8.GetBytes(formatted));
        return 0;
    }

    private static Problem? Replace(Session session, string file, string text)
    {
        try
        {
            File.WriteAllText(file, text);
            session.Screen.Remark($"Formatted {file}");
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new Problem($"the file {file} cannot be written", "check its mode");
        }
    }

    private static Problem? ReadText(string file, SecretWriter to) =>
        file == "-" ? Prompt.ReadAll(to) : FieldArguments.ReadFile(file, to);

    private static int WithName(Session session, string name, Func<string, int> body) =>
        ApiPath.Clean(name, out var clean) is { } problem
            ? session.Fail(problem)
            : body(Root + ApiPath.Encode(clean));
}
