using System.CommandLine;
using System.Text.Json;
using Kist.Cli.Client;
using Kist.Cli.Output;
using Kist.Secrets;

namespace Kist.Cli;

/// <summary>`kist list`: mounts, folders and names; never values.</summary>
internal static class ListCommand
{
    private const int MaxDepth = 64;

    public static Command Create()
    {
        var command = new KistCommand("list", "List the names of secrets, or the mounts that hold them")
        {
            Details = "Names that end in / are folders. Values are never read.",
            Examples = ["kist list", "kist list prod", "kist list prod/apps -r"],
        };
        var path = command.Optional("PATH", "A mount or a folder in it; left out: the mounts");
        var recursive = command.Switch("--recursive", "Go into folders, and print whole paths", "-r");
        return command.Does((session, parsed) => parsed.GetValue(path) is { } given
            ? Names(session, given, parsed.GetValue(recursive))
            : Mounts(session, parsed.GetValue(recursive)));
    }

    private static int Mounts(Session session, bool recursive)
    {
        using var answer = session.Send(HttpMethod.Get, "sys/internal/ui/mounts");
        if (answer.Problem is { } problem) return session.Fail(problem);
        var mounts = new List<JsonProperty>();
        if (answer.Data.Member("secret") is { ValueKind: JsonValueKind.Object } all)
            foreach (var mount in all.EnumerateObject())
                if (mount.Value.Text("type") is "kv" or "generic") mounts.Add(mount);
        mounts.Sort(static (a, b) => string.CompareOrdinal(a.Name, b.Name));
        if (recursive) return Everything(session, mounts);
        if (session.Json) return PrintMounts(session, mounts);
        if (mounts.Count == 0)
            return session.Fail(new Problem("this token sees no mount with secrets",
                "kist login, or kist mount enable kv --path NAME", Problem.Remote));
        using var table = new Table("MOUNT", "KIND", "DESCRIPTION");
        foreach (var mount in mounts)
            table.Cell(mount.Name).Cell(Mount.IsVersioned(mount.Value) ? "kv v2" : "kv v1")
                .Cell(mount.Value.Text("description"));
        session.Screen.Show(table);
        return 0;
    }

    private static int PrintMounts(Session session, List<JsonProperty> mounts)
    {
        using var text = new SecretWriter(1024);
        using (var writer = new Utf8JsonWriter(text))
        {
            writer.WriteStartObject();
            foreach (var mount in mounts) mount.WriteTo(writer);
            writer.WriteEndObject();
        }
        using var document = JsonDocument.Parse(text.WrittenMemory);
        return session.PrintJson(document.RootElement);
    }

    private static int Everything(Session session, List<JsonProperty> mounts)
    {
        var found = new List<string>();
        foreach (var entry in mounts)
        {
            var mount = new Mount(entry.Name, Mount.IsVersioned(entry.Value), "");
            if (Walk(session, mount, entry.Name, found, 0) is { } problem) return session.Fail(problem);
        }
        return session.PrintNames(found, "There are no secrets");
    }

    private static int Names(Session session, string path, bool recursive)
    {
        if (Mount.Find(session, path, out var mount) is { } problem) return session.Fail(problem);
        var found = new List<string>();
        if (recursive)
        {
            var folder = mount.Name.Length > 0 ? mount.Full + "/" : mount.Path;
            problem = Walk(session, mount, folder, found, 0);
        }
        else problem = Keys(session, mount, out found);
        if (problem is not null) return session.Fail(problem);
        // A folder is there as long as something is in it; a mount may be empty.
        if (found.Count == 0 && mount.Name.Length > 0)
            return session.Fail(new Problem($"there is nothing in {mount.Full.TrimEnd('/')}",
                $"kist put {mount.Full.TrimEnd('/')}/NAME FIELD=-", Problem.Remote));
        return session.PrintNames(
            found, $"There is nothing in {mount.Path} yet; kist put {mount.Path}NAME FIELD=- puts something there");
    }

    private static Problem? Walk(Session session, Mount mount, string prefix, List<string> found, int depth)
    {
        if (depth > MaxDepth) return new Problem($"folders are nested deeper than {MaxDepth} at {prefix}");
        if (Keys(session, mount, out var keys) is { } problem) return problem;
        foreach (var key in keys)
        {
            if (!key.EndsWith('/')) found.Add(prefix + key);
            else
            {
                var below = mount with { Name = (mount.Name.Length > 0 ? mount.Name + "/" : "") + key[..^1] };
                if (Walk(session, below, prefix + key, found, depth + 1) is { } deeper) return deeper;
            }
        }
        return null;
    }

    private static Problem? Keys(Session session, Mount mount, out List<string> keys)
    {
        using var answer = session.Send(HttpMethod.Get, mount.Metadata + "/?list=true");
        keys = answer.Data.Member("keys").Strings();
        return answer.Status == 404 ? null : answer.Problem;
    }
}
