using System.CommandLine;
using System.Text.Json;
using Kist.Cli.Client;
using Kist.Cli.Input;
using Kist.Cli.Output;
using Kist.Secrets;

namespace Kist.Cli;

/// <summary>`kist put`: a new version of a secret.</summary>
internal static class PutCommand
{
    public static Command Create()
    {
        var command = new KistCommand("put", "Save a secret as a new version")
        {
            Details = """
                A field's value is text. How to give it:
                  NAME=-       asked for at the terminal and not shown, else read from standard input
                               (one last newline is dropped)
                  NAME=@FILE   the exact bytes of a file
                  NAME=VALUE   as it is, with a warning: shell history and ps keep it
                  NAME=\-      and NAME=\@x: a value that starts with - or @
                  -            all fields as one JSON object from standard input; @FILE.json the same from a file
                """,
            Examples =
            [
                "kist put prod/database url=postgres://db/app password=-",
                "kist put prod/tls key=@server.key cert=@server.pem",
                "pwgen -s 32 1 | kist put prod/api token=-",
                "kist put prod/app @app.json",
                "kist put prod/database password=- --patch         # keeps the other fields",
                "kist put prod/database password=- --cas 3         # only if version 3 is the newest",
            ],
        };
        var path = command.Required("PATH", "MOUNT/NAME of the secret");
        var fields = command.Rest("FIELD", "NAME=VALUE, NAME=-, NAME=@FILE; or - or @FILE.json for all fields");
        var cas = command.Option<int?>("--cas", "N", "Save only if version N is the newest (0: only if there is none)");
        var patch = command.Switch("--patch", "Change the given fields and keep the others; JSON null removes one");
        return command.Does((session, parsed) => Put(
            session, parsed.GetValue(path)!, parsed.GetValue(fields)!, parsed.GetValue(cas), parsed.GetValue(patch)));
    }

    private static int Put(Session session, string path, string[] arguments, int? cas, bool patch)
    {
        if (arguments.Length == 0)
            return session.Fail(new Problem("nothing to save: no field is given", $"kist put {path} NAME=-"));
        if (cas < 0) return session.Fail(new Problem("--cas is a version number, or 0 for \"there is none yet\""));
        if (ApiPath.Clean(path, out _) is { } unclean) return session.Fail(unclean);
        using var fields = new SecretWriter(1024);
        if (FieldArguments.Write(session.Screen, arguments, warnAboutLiterals: true, fields) is { } wrong)
            return session.Fail(wrong);
        var problem = patch || cas is not null
            ? Mount.FindVersioned(session, path, out var mount)
            : Mount.FindSecret(session, path, out mount);
        if (problem is not null) return session.Fail(problem);
        if (patch) return Patch(session, mount, fields, cas);
        return mount.Versioned
            ? Save(session, mount, HttpMethod.Post, fields.WrittenSpan, cas)
            : session.Do(HttpMethod.Post, mount.Data, fields, $"Saved {mount.Full}");
    }

    /// <summary>Saves <paramref name="fields"/>, a JSON object, as the next version.</summary>
    public static int Save(Session session, Mount mount, HttpMethod method, ReadOnlySpan<byte> fields, long? cas)
    {
        using var body = Body(fields, cas);
        using var answer = session.Send(method, mount.Data, body);
        return Finish(session, mount, answer);
    }

    private static SecretWriter Body(ReadOnlySpan<byte> fields, long? cas)
    {
        var body = new SecretWriter(fields.Length + 64);
        using var writer = new Utf8JsonWriter(body);
        writer.WriteStartObject();
        if (cas is { } version)
        {
            writer.WriteStartObject("options");
            writer.WriteNumber("cas", version);
            writer.WriteEndObject();
        }
        writer.WritePropertyName("data");
        writer.WriteRawValue(fields, skipInputValidation: true);
        writer.WriteEndObject();
        return body;
    }

    private static int Finish(Session session, Mount mount, Answer answer) => session.Finish(answer,
        () => session.Screen.Remark($"Saved {mount.Full}, version {answer.Data.Number("version")}"));

    private static int Patch(Session session, Mount mount, SecretWriter fields, long? cas)
    {
        using var body = Body(fields.WrittenSpan, cas);
        using var answer = session.Send(HttpMethod.Patch, mount.Data, body);
        if (answer.Status == 404)
            return session.Fail(GetCommand.Missing(mount, null, answer.Data.Member("metadata")) is var missing
                && answer.Data.Member("metadata").ValueKind == JsonValueKind.Undefined
                    ? missing with { Hint = $"kist put {mount.Full} without --patch makes it" }
                    : missing);
        return answer.Status is 405 or 415 ? Merge(session, mount, fields, cas) : Finish(session, mount, answer);
    }

    // For servers that cannot patch: read, merge here, and save only if nobody else has saved meanwhile.
    private static int Merge(Session session, Mount mount, SecretWriter fields, long? cas)
    {
        using var latest = session.Send(HttpMethod.Get, mount.Data);
        if (latest.Problem is { } problem) return session.Fail(problem);
        using var changes = JsonDocument.Parse(fields.WrittenMemory);
        using var merged = new SecretWriter(1024);
        using (var writer = new Utf8JsonWriter(merged))
        {
            writer.WriteStartObject();
            foreach (var kept in latest.Data.Member("data").EnumerateObject())
                if (!changes.RootElement.TryGetProperty(kept.Name, out _)) kept.WriteTo(writer);
            foreach (var change in changes.RootElement.EnumerateObject())
                if (change.Value.ValueKind != JsonValueKind.Null) change.WriteTo(writer);
            writer.WriteEndObject();
        }
        var version = cas ?? latest.Data.Member("metadata").Number("version");
        return Save(session, mount, HttpMethod.Post, merged.WrittenSpan, version);
    }
}
