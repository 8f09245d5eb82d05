using System.CommandLine;
using System.Text.Json;
using Kist.Cli.Client;
using Kist.Cli.Output;
using Kist.Secrets;

namespace Kist.Cli;

/// <summary>`kist get`: a secret, or one field of it.</summary>
internal static class GetCommand
{
    public static Command Create()
    {
        var command = new KistCommand("get", "Show a secret, or the bare value of one field")
        {
            Details = """
                With FIELD the bare value is printed: exactly its bytes into a pipe or file, and a newline after it on
                a terminal only. Without FIELD a table is shown, or with --json the fields and the version's metadata.
                """,
            Examples =
            [
                "kist get prod/database",
                "kist get prod/database password",
                "export PGPASSWORD=\"$(kist get prod/database password)\"",
                "kist get prod/database --version 2 --json",
            ],
        };
        var path = command.Required("PATH", "MOUNT/NAME of the secret");
        var field = command.Optional("FIELD", "The field whose bare value to print");
        var version = command.Option<int?>("--version", "N", "An older version than the newest");
        var named = command.Option<string?>("--field", "FIELD", "The same as FIELD");
        return command.Does((session, parsed) => Get(session, parsed.GetValue(path)!,
            parsed.GetValue(field) ?? parsed.GetValue(named), parsed.GetValue(version)));
    }

    private static int Get(Session session, string path, string? field, int? version)
    {
        if (version < 1) return session.Fail(new Problem("--version is a number from 1 on"));
        var problem = version is null
            ? Mount.FindSecret(session, path, out var mount)
            : Mount.FindVersioned(session, path, out mount);
        if (problem is not null) return session.Fail(problem);
        using var answer = Read(session, mount, version, out problem);
        if (problem is not null) return session.Fail(problem);
        session.ShowWarnings(answer);
        var fields = Fields(answer, mount);
        if (field is not null) return One(session, mount, fields, field);
        if (session.Json) return session.PrintJson(answer);
        using var table = new Table("FIELD", "VALUE");
        session.Screen.Show(table.Members(fields));
        var metadata = answer.Data.Member("metadata");
        if (mount.Versioned)
            session.Screen.Remark(
                $"\nversion {metadata.Number("version")}, saved {Times.Short(metadata.Text("created_time"))}");
        return 0;
    }

    /// <summary>Reads a version (the newest when null); what is missing or deleted is the problem.</summary>
    public static Answer Read(Session session, Mount mount, long? version, out Problem? problem)
    {
        var answer = session.Send(HttpMethod.Get, mount.Data + (version is null ? "" : $"?version={version}"));
        problem = answer.Problem;
        var metadata = answer.Data.Member("metadata");
        if (answer.Status == 404) problem = Missing(mount, version, metadata);
        else if (problem is null && Fields(answer, mount).ValueKind != JsonValueKind.Object)
            problem = mount.Versioned
                ? Missing(mount, version, metadata)
                : new Problem($"{mount.Full} holds no fields", $"kist read {mount.Full} --json", Problem.Remote);
        return answer;
    }

    /// <summary>The fields of a secret inside an answer.</summary>
    public static JsonElement Fields(Answer answer, Mount mount) =>
        mount.Versioned ? answer.Data.Member("data") : answer.Data;

    /// <summary>Why a version has no data, as its metadata says.</summary>
    public static Problem Missing(Mount mount, long? version, JsonElement metadata)
    {
        var number = metadata.Number("version");
        if (metadata.Flag("destroyed"))
            return new Problem($"version {number} of {mount.Full} is destroyed", $"kist history {mount.Full}",
                Problem.Remote);
        if (metadata.Text("deletion_time") is { Length: > 0 } deleted)
            return new Problem($"version {number} of {mount.Full} was deleted at {Times.Short(deleted)}",
                $"kist undelete {mount.Full} --versions {number}", Problem.Remote);
        return version is null
            ? new Problem($"there is no secret {mount.Full}", $"kist list {mount.Parent}", Problem.Remote)
            : new Problem($"{mount.Full} has no version {version}", $"kist history {mount.Full}", Problem.Remote);
    }

    private static int One(Session session, Mount mount, JsonElement fields, string field)
    {
        if (!fields.TryGetProperty(field, out var value))
        {
            var names = new List<string>();
            foreach (var member in fields.EnumerateObject()) names.Add(member.Name);
            names.Sort(StringComparer.Ordinal);
            return session.Fail(new Problem($"{mount.Full} has no field {field}",
                names.Count > 0 ? $"its fields are {string.Join(", ", names)}" : null));
        }
        if (session.Json) return session.PrintJson(value);
        using var text = new SecretWriter(256);
        JsonText.WriteValue(value, text);
        session.Screen.WriteRaw(text.WrittenSpan);
        return 0;
    }
}
