using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Kist.Cli.Client;
using Kist.Cli.Input;
using Kist.Cli.Output;
using Kist.Secrets;

namespace Kist.Cli;

/// <summary>`kist history`, `rollback`, `delete`, `undelete`, `destroy`: the versions of a secret.</summary>
internal static class VersionCommands
{
    public static Command History()
    {
        var command = new KistCommand("history", "Show the versions of a secret")
        {
            Examples = ["kist history prod/database"],
        };
        var path = command.Required("PATH", "MOUNT/NAME of the secret");
        return command.Does((session, parsed) =>
        {
            if (Mount.FindVersioned(session, parsed.GetValue(path)!, out var mount) is { } problem)
                return session.Fail(problem);
            using var answer = session.Send(HttpMethod.Get, mount.Metadata);
            if (answer.Status == 404) return session.Fail(NoSecret(mount));
            return session.Finish(answer, () => ShowHistory(session, answer.Data));
        });
    }

    public static Command Rollback()
    {
        var command = new KistCommand("rollback", "Save an older version again, as the newest")
        {
            Details = "The history stays: version 2 rolled back over version 5 becomes version 6.",
            Examples = ["kist rollback prod/database --version 2"],
        };
        var path = command.Required("PATH", "MOUNT/NAME of the secret");
        var version = command.Option<int>("--version", "N", "The version to return to");
        version.Required = true;
        return command.Does((session, parsed) =>
            RollBack(session, parsed.GetValue(path)!, parsed.GetValue(version)));
    }

    public static Command Delete()
    {
        var command = new KistCommand("delete", "Delete a secret's newest version, or some versions")
        {
            Details = "Deleted versions come back with `kist undelete`. --all removes the secret and its history.",
            Examples =
            [
                "kist delete prod/database",
                "kist delete prod/database --versions 1,2",
                "kist delete prod/database --all",
            ],
        };
        var path = command.Required("PATH", "MOUNT/NAME of the secret");
        var versions = Versions(command, required: false);
        var all = command.Switch("--all", "Remove every version and the history, for good");
        var yes = command.Switch("--yes", "Do not ask");
        return command.Does((session, parsed) =>
        {
            var some = parsed.GetValue(versions);
            if (!parsed.GetValue(all)) return DeleteSome(session, parsed.GetValue(path)!, some);
            if (some is { Length: > 0 })
                return session.Fail(new Problem("--all and --versions exclude each other: every version, or some?",
                    "kist delete PATH --versions 1,2"));
            return DeleteAll(session, parsed.GetValue(path)!, parsed.GetValue(yes));
        });
    }

    public static Command Undelete() => OnVersions("undelete", "Bring deleted versions back",
        "kist undelete prod/database --versions 3", "Brought back", dangerous: false);

    public static Command Destroy() => OnVersions("destroy", "Destroy versions for good: their data is erased",
        "kist destroy prod/database --versions 1,2", "Destroyed", dangerous: true);

    private static KistCommand OnVersions(string name, string summary, string example, string done, bool dangerous)
    {
        var command = new KistCommand(name, summary) { Examples = [example] };
        var path = command.Required("PATH", "MOUNT/NAME of the secret");
        var versions = Versions(command, required: true);
        var yes = dangerous ? command.Switch("--yes", "Do not ask") : null;
        return command.Does((session, parsed) =>
        {
            if (Parse(parsed.GetValue(versions)!, out var numbers) is { } wrong) return session.Fail(wrong);
            if (Mount.FindVersioned(session, parsed.GetValue(path)!, out var mount) is { } problem)
                return session.Fail(problem);
            var list = string.Join(", ", numbers);
            if (yes is not null && Prompt.Confirm(session.Screen,
                $"Destroy version {list} of {mount.Full} for good", parsed.GetValue(yes)) is { } refused)
                return session.Fail(refused);
            if (Missing(session, mount, numbers, name == "undelete") is { } missing) return session.Fail(missing);
            using var body = Body(numbers);
            var method = dangerous ? HttpMethod.Put : HttpMethod.Post;
            return session.Do(method, mount.Below(name), body, $"{done}: {mount.Full}, version {list}");
        });
    }

    private static void ShowHistory(Session session, JsonElement metadata)
    {
        var versions = new List<JsonProperty>();
        if (metadata.Member("versions") is { ValueKind: JsonValueKind.Object } all)
            foreach (var version in all.EnumerateObject()) versions.Add(version);
        versions.Sort(static (a, b) => Number(b.Name).CompareTo(Number(a.Name)));
        using var table = new Table("VERSION", "STATE", "SAVED", "DELETED");
        foreach (var version in versions)
        {
            var deleted = version.Value.Text("deletion_time");
            var state = version.Value.Flag("destroyed") ? "destroyed"
                : deleted.Length > 0 ? "deleted"
                : Number(version.Name) == metadata.Number("current_version") ? "current" : "";
            table.Cell(version.Name).Cell(state)
                .Cell(Times.Short(version.Value.Text("created_time"))).Cell(Times.Short(deleted));
        }
        session.Screen.Show(table);
    }

    private static int RollBack(Session session, string path, int version)
    {
        if (version < 1) return session.Fail(new Problem("--version is a number from 1 on"));
        if (Mount.FindVersioned(session, path, out var mount) is { } problem) return session.Fail(problem);
        using var old = GetCommand.Read(session, mount, version, out problem);
        if (problem is not null) return session.Fail(problem);
        // The newest version may be deleted: its number still comes with the 404.
        using var latest = session.Send(HttpMethod.Get, mount.Data);
        var current = latest.Data.Member("metadata").Number("version");
        if (current == 0) return session.Fail(latest.Problem ?? NoSecret(mount));
        if (current == version)
            return session.Fail(new Problem($"version {version} of {mount.Full} is the newest already"));
        var fields = JsonMarshal.GetRawUtf8Value(GetCommand.Fields(old, mount));
        return PutCommand.Save(session, mount, HttpMethod.Post, fields, current);
    }

    private static int DeleteAll(Session session, string path, bool yes)
    {
        if (Mount.FindSecret(session, path, out var mount) is { } problem) return session.Fail(problem);
        if (Prompt.Confirm(session.Screen, $"Remove {mount.Full} with all its versions for good", yes) is { } refused)
            return session.Fail(refused);
        if (Missing(session, mount, [], false) is { } missing) return session.Fail(missing);
        return session.Do(HttpMethod.Delete, mount.Metadata, null, $"Removed {mount.Full}");
    }

    private static int DeleteSome(Session session, string path, string[]? versions)
    {
        if (versions is not { Length: > 0 })
        {
            if ((Mount.FindSecret(session, path, out var whole) ?? Missing(session, whole, [], false)) is { } missing)
                return session.Fail(missing);
            return session.Do(HttpMethod.Delete, whole.Data, null, whole.Versioned
                ? $"Deleted the newest version of {whole.Full}; kist undelete brings it back (kist history shows which)"
                : $"Deleted {whole.Full}");
        }
        if (Parse(versions, out var numbers) is { } wrong) return session.Fail(wrong);
        var problem = Mount.FindVersioned(session, path, out var mount) ?? Missing(session, mount, numbers, false);
        if (problem is not null) return session.Fail(problem);
        using var body = Body(numbers);
        return session.Do(HttpMethod.Post, mount.Below("delete"), body,
            $"Deleted: {mount.Full}, version {string.Join(", ", numbers)}");
    }

    /// <summary>
    /// The server says yes to versions that are not there; a person has mistyped then. Whoever may not read the
    /// metadata is left to the server.
    /// </summary>
    private static Problem? Missing(Session session, Mount mount, List<int> numbers, bool mustHaveData)
    {
        if (!mount.Versioned) return null;
        using var answer = session.Send(HttpMethod.Get, mount.Metadata);
        if (answer.Status == 404) return NoSecret(mount);
        if (answer.Problem is { } problem) return answer.Status == 403 ? null : problem;
        foreach (var number in numbers)
        {
            var version = answer.Data.Member("versions").Member(number.ToString(CultureInfo.InvariantCulture));
            if (version.ValueKind == JsonValueKind.Undefined)
                return new Problem(
                    $"{mount.Full} has no version {number}", $"kist history {mount.Full}", Problem.Remote);
            if (mustHaveData && version.Flag("destroyed"))
                return new Problem($"version {number} of {mount.Full} is destroyed, its data is gone",
                    $"kist history {mount.Full}", Problem.Remote);
        }
        return null;
    }

    private static Option<string[]> Versions(KistCommand command, bool required)
    {
        var option = command.Repeated("--versions", "N,N…", "The versions meant");
        option.Required = required;
        return option;
    }

    /// <summary>Reads version numbers separated by commas.</summary>
    internal static Problem? Parse(string[] texts, out List<int> numbers)
    {
        numbers = [];
        foreach (var text in texts)
        {
            foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
            {
                if (Number(part) is not (> 0 and <= int.MaxValue and var number))
                    return new Problem("--versions are numbers from 1 on, separated by commas", "--versions 1,2");
                if (!numbers.Contains((int)number)) numbers.Add((int)number);
            }
        }
        return numbers.Count > 0 ? null : new Problem("--versions names no version", "--versions 1,2");
    }

    private static SecretWriter Body(List<int> versions)
    {
        var body = new SecretWriter(64);
        using var writer = new Utf8JsonWriter(body);
        writer.WriteStartObject();
        writer.WriteStartArray("versions");
        foreach (var version in versions) writer.WriteNumberValue(version);
        writer.WriteEndArray();
        writer.WriteEndObject();
        return body;
    }

    private static long Number(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    private static Problem NoSecret(Mount mount) =>
        new($"there is no secret {mount.Full}", $"kist list {mount.Parent}", Problem.Remote);
}
