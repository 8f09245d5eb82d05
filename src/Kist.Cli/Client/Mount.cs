using System.Text.Json;
using Kist.Cli.Output;

namespace Kist.Cli.Client;

/// <summary>Where a typed path leads: the mount, and the name below it.</summary>
/// <param name="Path">The mount with its last slash: <c>prod/</c>.</param>
/// <param name="Versioned">Whether it is kv version 2.</param>
/// <param name="Name">What follows the mount; empty for the mount itself.</param>
internal sealed record Mount(string Path, bool Versioned, string Name)
{
    /// <summary>The secret as people type it.</summary>
    public string Full => Path + Name;

    /// <summary>The folder above it, for <c>kist list</c>.</summary>
    public string Parent => Name.Contains('/') ? Path + Name[..Name.LastIndexOf('/')] : Path.TrimEnd('/');

    /// <summary>The API path of the secret's data.</summary>
    public string Data => Below("data");

    /// <summary>The API path of the secret's (or folder's) metadata: what lists read.</summary>
    public string Metadata => Below("metadata");

    /// <summary>The API path under one of kv version 2's words; kv version 1 has the plain path only.</summary>
    public string Below(string word) =>
        ApiPath.Encode(Versioned ? Name.Length == 0 ? Path + word : $"{Path}{word}/{Name}" : Full.TrimEnd('/'));

    /// <summary>Asks the server which mount holds <paramref name="typed"/>.</summary>
    public static Problem? Find(Session session, string typed, out Mount mount) =>
        Find(session, typed, out mount, out _);

    /// <summary>As above; <paramref name="status"/> is that of the answer, 0 where none came.</summary>
    public static Problem? Find(Session session, string typed, out Mount mount, out int status)
    {
        mount = new Mount("", false, "");
        status = 0;
        if (ApiPath.Clean(typed, out var path) is { } unclean) return unclean;
        using var answer = session.Send(HttpMethod.Get, "sys/internal/ui/mounts/" + ApiPath.Encode(path));
        status = answer.Status;
        if (answer.Status == 403 && !Hints.IsBadToken(answer))
            return new Problem($"no mount holds {path}, or this token may see nothing in it",
                "kist list   (shows the mounts this token sees)", Problem.Remote);
        if (answer.Problem is { } problem) return problem;
        var at = answer.Data.Text("path");
        if (at.Length == 0 || !(path + "/").StartsWith(at, StringComparison.Ordinal))
            return new Problem("the server names no mount for this path", "kist list", Problem.Remote);
        mount = new Mount(at, IsVersioned(answer.Data), path.Length > at.Length ? path[at.Length..] : "");
        return null;
    }

    /// <summary>As <see cref="Find(Session, string, out Mount)"/>, and there must be a name below the mount.</summary>
    public static Problem? FindSecret(Session session, string typed, out Mount mount) =>
        Find(session, typed, out mount) is { } problem
            ? problem
            : mount.Name.Length > 0
                ? null
                : new Problem($"{mount.Path} is a mount; a secret in it needs a name",
                    $"kist list {mount.Path.TrimEnd('/')}");

    /// <summary>As <see cref="FindSecret"/>, and the mount must keep versions.</summary>
    public static Problem? FindVersioned(Session session, string typed, out Mount mount) =>
        FindSecret(session, typed, out mount) is { } problem
            ? problem
            : mount.Versioned
                ? null
                : new Problem($"{mount.Path} is kv version 1, which keeps no versions",
                    $"kist mount tune {mount.Path.TrimEnd('/')} --option version=2");

    /// <summary>Whether a mount's entry says kv version 2.</summary>
    public static bool IsVersioned(JsonElement entry) => entry.Member("options").Text("version") == "2";
}
