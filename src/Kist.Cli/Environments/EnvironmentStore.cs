using System.Text.Json;
using Kist.Cli.Client;
using Kist.Cli.Files;
using Kist.Cli.Output;
using Kist.Cli.References;
using Kist.Cli.Running;
using Kist.Formats.Dotenv;
using Kist.Formats.Sops;
using Kist.Secrets;

namespace Kist.Cli.Environments;

/// <summary>Saves values where an environment keeps them: as fields of a secret on its server, or in its file.
/// </summary>
internal static class EnvironmentStore
{
    /// <summary>Saves the values as fields of the secret at <paramref name="path"/>; other fields stay.</summary>
    /// <param name="overwrites">Whether a field that has another value may be changed.</param>
    public static Problem? Save(Session session, ProjectEnvironment environment, string path,
        IReadOnlyList<DotenvEntry> values, bool overwrites)
    {
        if (ApiPath.Clean(path, out var clean) is { } unclean) return unclean;
        path = environment.PathOf(clean);
        if (environment.Files.Count > 0) return ToFile(session, environment.Files[^1], path, values, overwrites);
        if (SecretSources.Open(session, environment, out var source) is { } closed) return closed;
        using (source) return ToServer(((ServerSource)source).Session, path, values, overwrites);
    }

    // With the version that was read, so that nobody's change in between is lost.
    private static Problem? ToServer(
        Session session, string path, IReadOnlyList<DotenvEntry> values, bool overwrites)
    {
        if (Mount.FindSecret(session, path, out var mount) is { } problem) return problem;
        using var latest = session.Send(HttpMethod.Get, mount.Data);
        if (latest.Problem is { } unread && latest.Status != 404) return unread;
        var fields = GetCommand.Fields(latest, mount);
        using var body = new SecretWriter(1024);
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            if (mount.Versioned)
            {
                json.WriteStartObject("options");
                json.WriteNumber("cas", latest.Data.Member("metadata").Number("version"));
                json.WriteEndObject();
                json.WriteStartObject("data");
            }
            if (fields.ValueKind == JsonValueKind.Object)
                foreach (var field in fields.EnumerateObject())
                {
                    if (values.FirstOrDefault(v => v.Name == field.Name) is not { } value) field.WriteTo(json);
                    else if (!overwrites && !IsSame(field.Value, value)) return Taken(value.Name, path);
                }
            foreach (var value in values) json.WriteString(value.Name, value.Value.Span);
            if (mount.Versioned) json.WriteEndObject();
            json.WriteEndObject();
        }
        using var answer = session.Send(HttpMethod.Post, mount.Data, body);
        return answer.Problem;
    }

    private static Problem? ToFile(
        Session session, string file, string path, IReadOnlyList<DotenvEntry> values, bool overwrites)
    {
        if (!File.Exists(file)) return ToDotenv(file, path, values, overwrites);
        var problem = SecretFile.Read(session, file, out var known);
        using (known)
        {
            if (problem is not null) return problem;
            if (!known.IsEncrypted && SopsFormats.OfPath(file) is SopsFormat.Dotenv or SopsFormat.Binary)
                return ToDotenv(file, path, values, overwrites);
            if (!overwrites)
                foreach (var value in values)
                    if (known.Values.TryGetValue($"{path}/{value.Name}", out var before)
                        && !before.FixedTimeEquals(value.Value.Span)) return Taken(value.Name, path);
            if (known.IsEncrypted) return ToEncrypted(session, file, path, values);
        }
        return new Problem($"{file} is not encrypted, and no .env: secrets are not written to it",
            $"kist file encrypt -i {file}");
    }

    private static Problem? ToEncrypted(Session session, string file, string path, IReadOnlyList<DotenvEntry> values)
    {
        var call = new FileCall(session, [file], new Dictionary<string, IReadOnlyList<string>>());
        if (!OpenFile.Open(call, file).Try(out var open, out var fault))
            return new Problem($"{fault}", file.EndsWith(".age", StringComparison.Ordinal)
                ? "a file that age encrypts as a whole cannot be changed: kist file encrypt makes one that can" : null);
        using (open)
        {
            if (open.Decrypt() is { } wrong) return new Problem(wrong.ToString());
            foreach (var value in values)
            {
                using var json = new SecretWriter(256);
                using (var writer = new Utf8JsonWriter(json)) writer.WriteStringValue(value.Value.Span);
                var keys = string.Concat(path.Split('/').Append(value.Name).Select(static k => $"[\"{k}\"]"));
                if (open.File.Format == SopsFormat.Dotenv) keys = $"[\"{Flat(path, value.Name)}\"]";
                if (!TreePath.Parse(keys).Try(out var way, out fault) || open.Tree!.Set(way, json.WrittenSpan).Fault
                    is { } unset && (fault = unset) is not null) return new Problem(fault.ToString());
            }
            if (!open.Encrypt().Try(out var bytes, out fault)) return new Problem(fault.ToString());
            return FileText.Write(file, bytes) is { } unwritten ? new Problem(unwritten.ToString()) : null;
        }
    }

    private static Problem? ToDotenv(string file, string path, IReadOnlyList<DotenvEntry> values, bool overwrites)
    {
        using var text = new SecretWriter(4096);
        DotenvFile? before = null;
        if (File.Exists(file))
        {
            if (EnvironmentExample.Read(file, out var content, out before) is { } unread) return unread;
            text.Write(content);
            if (content.Length > 0 && content[^1] != (byte)'\n') text.Write("\n"u8);
        }
        using (before)
            foreach (var value in values)
            {
                var name = Flat(path, value.Name);
                if (before?.Find(name) is { } same)
                {
                    if (same.Value.FixedTimeEquals(value.Value.Span)) continue;
                    if (!overwrites) return Taken(value.Name, path);
                }
                DotenvFile.TryWrite(name, value.Value.Span, text); // of two with a name the last counts
            }
        try
        {
            using var output = new ReplacedFile(file) { IsPrecious = true };
            output.Write(text.WrittenSpan);
            output.Commit();
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new Problem($"{file} cannot be written: {e.Message.TrimEnd('.')}");
        }
    }

    private static string Flat(string path, string field) => EnvironmentPlan.NameOf($"{path}/{field}", "");

    private static bool IsSame(JsonElement field, DotenvEntry value) =>
        field.ValueKind == JsonValueKind.String && field.ValueEquals(value.Value.Span);

    private static Problem Taken(string name, string path) =>
        new($"{path} has another value for {name} already", "--overwrite, or another path: --to MOUNT/PATH");
}
