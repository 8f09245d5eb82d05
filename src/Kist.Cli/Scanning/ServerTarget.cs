using System.Text.Json;
using Kist.Cli.Client;
using Kist.Cli.Output;
using Kist.Secrets;

namespace Kist.Cli.Scanning;

/// <summary>A secret on the server, each value a field of it.</summary>
internal sealed class ServerTarget(Session session, string path) : IFixTarget
{
    private readonly Dictionary<string, SecretBuffer> _fields = new(StringComparer.Ordinal);
    private Mount _mount = null!;
    private long _version;

    public string Name => $"kist://{path}";
    public string RunWith => $"kist run --from {path} -- COMMAND";

    public Problem? Open()
    {
        if (ApiPath.Clean(path, out _) is { } unclean) return unclean;
        if (Mount.FindVersioned(session, path, out _mount) is { } problem) return problem;
        using var latest = session.Send(HttpMethod.Get, _mount.Data);
        if (latest.Status == 404) return null;
        if (latest.Problem is { } unread) return unread;
        _version = latest.Data.Member("metadata").Number("version");
        foreach (var field in latest.Data.Member("data").EnumerateObject())
        {
            var text = field.Value.ValueKind == JsonValueKind.String ? field.Value.GetString()!
                : field.Value.GetRawText();
            _fields[field.Name] = SecretBuffer.Copy(System.Text.Encoding.UTF8.GetBytes(text));
        }
        return null;
    }

    public bool IsStore(string file) => false;

    public string Add(string name, ReadOnlySpan<byte> value)
    {
        var free = name;
        for (var number = 2; _fields.TryGetValue(free, out var taken); number++)
        {
            if (taken.FixedTimeEquals(value)) return free;
            free = $"{name}_{number}";
        }
        _fields[free] = SecretBuffer.Copy(value);
        return free;
    }

    // With the version that was read, so that nobody's change in between is lost.
    public Problem? Save()
    {
        using var body = new SecretWriter(1024);
        using (var writer = new Utf8JsonWriter(body))
        {
            writer.WriteStartObject();
            writer.WriteStartObject("options");
            writer.WriteNumber("cas", _version);
            writer.WriteEndObject();
            writer.WriteStartObject("data");
            foreach (var (name, value) in _fields) writer.WriteString(name, value.Span);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }
        using var answer = session.Send(HttpMethod.Post, _mount.Data, body);
        return answer.Problem;
    }

    public void Dispose()
    {
        foreach (var value in _fields.Values) value.Dispose();
    }
}
