using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Kist.Agent.Configuration;
using Kist.Agent.Link;
using Kist.Formats.Age;
using Kist.Secrets;

namespace Kist.Agent.Answers;

/// <summary>
/// The agent's last known answers in a file, so that programs start while the server is away. It is an age file
/// (age-encryption.org) for the identity in the key file, which is made where it is missing; the format is
/// <c>docs/decisions/agent.md</c>.
/// </summary>
internal sealed class KnownGoodFile : IDisposable
{
    private const int Format = 1;
    private readonly PersistConfig _config;
    private readonly LinkSettings _server;
    private readonly IReadOnlyList<IAgeIdentity> _identities;

    private KnownGoodFile(PersistConfig config, LinkSettings server, IReadOnlyList<IAgeIdentity> identities) =>
        (_config, _server, _identities) = (config, server, identities);

    /// <summary>Reads or makes the key. The error names the file.</summary>
    public static (KnownGoodFile? File, string? Error) Open(PersistConfig config, LinkSettings server)
    {
        try
        {
            if (!File.Exists(config.KeyFile)) MakeKey(config.KeyFile);
            if (Path.GetDirectoryName(Path.GetFullPath(config.Path)) is { } folder && !Directory.Exists(folder))
                Directory.CreateDirectory(folder, WrittenFile.OwnerOnly | UnixFileMode.UserExecute);
            var mode = File.GetUnixFileMode(config.KeyFile);
            if ((mode & ~(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute)) != 0)
                return (null, $"{config.KeyFile} can be used by others: chmod 600 {config.KeyFile}");
            var key = File.ReadAllBytes(config.KeyFile);
            var parsed = AgeIdentity.ParseLines(key, config.KeyFile);
            CryptographicOperations.ZeroMemory(key);
            return parsed.Try(out var identities, out var fault)
                ? (new KnownGoodFile(config, server, identities), null)
                : (null, fault.Message);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return (null, $"{config.KeyFile} cannot be read or made: {e.Message}");
        }
    }

    /// <summary>Puts what the file holds into the memory. What stands in the way; null: nothing.</summary>
    public string? Load(AnswerCache cache, MountTable mounts, TimeProvider clock)
    {
        try
        {
            if (!File.Exists(_config.Path)) return null;
            var bytes = File.ReadAllBytes(_config.Path);
            if (!AgeFile.Decrypt(bytes, _identities).Try(out var plain, out var fault))
                return $"{_config.Path} cannot be opened: {fault.Message}";
            using var opened = plain;
            using var document = JsonDocument.Parse(opened.Memory);
            return Take(document.RootElement, cache, mounts, clock.GetUtcNow());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"{_config.Path} cannot be read: {e.Message}";
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            return $"{_config.Path} does not hold what an agent writes";
        }
    }

    /// <summary>Writes what the memory holds. What stands in the way; null: nothing.</summary>
    public string? Save(AnswerCache cache, MountTable mounts, TimeProvider clock)
    {
        try
        {
            using var plain = new SecretWriter(4096);
            Write(plain, cache, mounts, clock.GetUtcNow());
            var recipients = new List<IAgeRecipient>();
            foreach (var identity in _identities)
            {
                if (!identity.Recipients().Try(out var recipient, out var wrong)) return wrong.Message;
                recipients.AddRange(recipient);
            }
            var encrypted = AgeFile.Encrypt(plain.WrittenSpan, recipients);
            if (!encrypted.Try(out var bytes, out var fault)) return fault.Message;
            WrittenFile.Write(_config.Path, bytes, WrittenFile.OwnerOnly);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"{_config.Path} cannot be written: {e.Message}";
        }
    }

    public void Dispose()
    {
        foreach (var identity in _identities) identity.Dispose();
    }

    private static void MakeKey(string path)
    {
        using var identity = X25519Identity.Generate();
        using var text = new SecretWriter(256);
        text.Write(Encoding.ASCII.GetBytes($"# public key: {identity.Recipient}\n"));
        identity.Write(text);
        text.Write("\n"u8);
        WrittenFile.Write(path, text.WrittenSpan, WrittenFile.OwnerOnly);
    }

    // Of another server, or too old: as if there were none.
    private string? Take(JsonElement root, AnswerCache cache, MountTable mounts, DateTimeOffset now)
    {
        if (root.Number("format") != Format) return $"{_config.Path} has a format that is not known";
        if (root.Text("server") != _server.Address.ToString()) return $"{_config.Path} is of another server";
        // A clock that was set back makes nothing older.
        var age = now - DateTimeOffset.Parse(root.Text("saved"), CultureInfo.InvariantCulture);
        if (age < TimeSpan.Zero) age = TimeSpan.Zero;
        if (age > _config.MaxAge) return $"{_config.Path} is older than {_config.MaxAge.TotalHours:0.#} h";
        foreach (var mount in root.GetProperty("mounts").EnumerateArray())
            mounts.Add(mount.Text("namespace"), new MountInfo(mount.Text("path"), (int)mount.Number("version")));
        foreach (var answer in root.GetProperty("answers").EnumerateArray())
        {
            var body = answer.GetProperty("body").GetBytesFromBase64();
            var key = new AnswerKey(AnswerKey.Agent, answer.Text("namespace"), answer.Text("target"));
            cache.Keep(key, new KeptAnswer(SecretBytes.Copy(body), answer.Text("content_type"), answer.Text("name"))
            {
                Asked = TimeProvider.System.GetTimestamp(), AgeWhenAsked = age + Seconds(answer, "age"),
                MaxStale = _config.MaxAge, IsOutdated = true,
            }, cache.LastChange);
            CryptographicOperations.ZeroMemory(body);
        }
        return null;
    }

    private void Write(SecretWriter text, AnswerCache cache, MountTable mounts, DateTimeOffset now)
    {
        using var json = new Utf8JsonWriter(text);
        json.WriteStartObject();
        json.WriteNumber("format", Format);
        json.WriteString("server", _server.Address.ToString());
        json.WriteString("saved", now.ToString("O", CultureInfo.InvariantCulture));
        json.WriteStartArray("mounts");
        foreach (var (space, mount) in mounts.Known)
        {
            json.WriteStartObject();
            json.WriteString("namespace", space);
            json.WriteString("path", mount.Path);
            json.WriteNumber("version", mount.Version);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteStartArray("answers");
        cache.ForOwn((key, answer) =>
        {
            json.WriteStartObject();
            json.WriteString("namespace", key.Namespace);
            json.WriteString("target", key.Target);
            json.WriteString("name", answer.Name);
            json.WriteString("content_type", answer.ContentType);
            json.WriteNumber("age", (long)answer.Age.TotalSeconds);
            answer.Body.Use(json, static (body, json) => { json.WriteBase64String("body", body); return true; });
            json.WriteEndObject();
        });
        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
    }

    private static TimeSpan Seconds(JsonElement json, string name) => TimeSpan.FromSeconds(json.Number(name));
}
