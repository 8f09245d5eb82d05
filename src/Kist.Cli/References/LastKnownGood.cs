using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Kist.Cli.Client;
using Kist.Cli.Output;
using Kist.Secrets;

namespace Kist.Cli.References;

/// <summary>
/// What a server answered last, for the time when it is away: one file for each server and environment in
/// <c>~/.cache/kist</c>, encrypted (AES-256-GCM) with a key that lies in <c>~/.config/kist</c> and never leaves the
/// machine. Only where <c>last-known-good</c> in <c>.kist/config.toml</c> allows it, and for as long as it says.
/// </summary>
internal sealed class LastKnownGood
{
    private const int KeyBytes = 32, NonceBytes = 12, TagBytes = 16;
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly string _file;
    private readonly string _key;
    private readonly byte[] _context;
    private readonly TimeSpan _limit;

    public LastKnownGood(string server, string? space, string environment, TimeSpan limit)
    {
        var name = SHA256.HashData(Encoding.UTF8.GetBytes($"{server}\n{space}\n{environment}"));
        _context = name;
        _limit = limit;
        _key = Path.Combine(Path.GetDirectoryName(
            TokenFile.DefaultPath(static n => n == "KIST_TOKEN_FILE" ? null : Environment.GetEnvironmentVariable(n)))!,
            "last-known-good.key");
        var cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { } xdg && Path.IsPathRooted(xdg)
            ? xdg : Path.Combine(TokenFile.Home(Environment.GetEnvironmentVariable), ".cache");
        _file = Path.Combine(cache, "kist", "last-known-good", Convert.ToHexStringLower(name.AsSpan(0, 16)));
    }

    /// <summary>A secret, and when it was read.</summary>
    internal sealed record Kept(DateTimeOffset At, IReadOnlyList<SecretField> Fields);

    /// <summary>Reads what was kept and is young enough; empty where there is nothing, or nothing whole.</summary>
    public Dictionary<string, Kept> Load()
    {
        try
        {
            if (!File.Exists(_file) || !File.Exists(_key)) return [];
            var sealedText = File.ReadAllBytes(_file);
            if (sealedText.Length < NonceBytes + TagBytes) return [];
            using var plain = SecretBuffer.Rent(sealedText.Length - NonceBytes - TagBytes);
            using var key = SecretBuffer.Copy(File.ReadAllBytes(_key));
            if (key.Length != KeyBytes) return [];
            using var aes = new AesGcm(key.Span, TagBytes);
            aes.Decrypt(sealedText.AsSpan(0, NonceBytes), sealedText.AsSpan(NonceBytes, plain.Length),
                sealedText.AsSpan(NonceBytes + plain.Length), plain.Span, _context);
            using var document = JsonDocument.Parse(plain.Memory);
            return Secrets(document.RootElement);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException
            or JsonException or KeyNotFoundException or FormatException or InvalidOperationException)
        {
            // What cannot be read is not there: the server's absence is what is reported.
            return [];
        }
    }

    /// <summary>Keeps secrets that were read just now, beside those that other runs have read. False: they cannot be
    /// kept.</summary>
    public bool Save(IEnumerable<(string Name, IReadOnlyList<SecretField> Fields)> secrets)
    {
        var all = Load();
        var now = TimeProvider.System.GetUtcNow();
        foreach (var (name, fields) in secrets) all[name] = new Kept(now, fields);
        using var plain = new SecretWriter(4096);
        using (var json = new Utf8JsonWriter(plain)) Write(json, all);
        try
        {
            using var key = Key();
            var sealedText = new byte[NonceBytes + plain.WrittenCount + TagBytes];
            RandomNumberGenerator.Fill(sealedText.AsSpan(0, NonceBytes));
            using var aes = new AesGcm(key.Span, TagBytes);
            aes.Encrypt(sealedText.AsSpan(0, NonceBytes), plain.WrittenSpan,
                sealedText.AsSpan(NonceBytes, plain.WrittenCount), sealedText.AsSpan(NonceBytes + plain.WrittenCount),
                _context);
            MakeFolder(_file);
            using var file = new ReplacedFile(_file) { IsPrecious = true };
            file.Write(sealedText);
            file.Commit();
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private Dictionary<string, Kept> Secrets(JsonElement root)
    {
        var secrets = new Dictionary<string, Kept>(StringComparer.Ordinal);
        foreach (var secret in root.EnumerateObject())
        {
            var at = secret.Value[0].GetDateTimeOffset();
            var age = TimeProvider.System.GetUtcNow() - at;
            // A clock that went back must not make old values young for ever.
            if (age < TimeSpan.FromMinutes(-5) || age > _limit) continue;
            var fields = new List<SecretField>();
            foreach (var field in secret.Value[1].EnumerateObject())
            {
                using var value = new SecretWriter(256);
                JsonText.WriteValue(field.Value[1], value);
                fields.Add(new SecretField(
                    field.Name, SecretBuffer.Copy(value.WrittenSpan), field.Value[0].GetBoolean()));
            }
            secrets[secret.Name] = new Kept(at, fields);
        }
        return secrets;
    }

    private static void Write(Utf8JsonWriter json, Dictionary<string, Kept> secrets)
    {
        json.WriteStartObject();
        foreach (var (name, kept) in secrets)
        {
            json.WriteStartArray(name);
            json.WriteStringValue(kept.At);
            json.WriteStartObject();
            foreach (var field in kept.Fields)
            {
                json.WriteStartArray(field.Name);
                json.WriteBooleanValue(field.IsText);
                json.WriteStringValue(field.Value.Span);
                json.WriteEndArray();
            }
            json.WriteEndObject();
            json.WriteEndArray();
        }
        json.WriteEndObject();
    }

    private SecretBuffer Key()
    {
        if (File.Exists(_key) && SecretBuffer.Copy(File.ReadAllBytes(_key)) is { Length: KeyBytes } known) return known;
        var key = SecretBuffer.Rent(KeyBytes);
        RandomNumberGenerator.Fill(key.Span);
        MakeFolder(_key);
        using var file = new ReplacedFile(_key) { IsPrecious = true };
        file.Write(key.Span);
        file.Commit();
        return key;
    }

    private static void MakeFolder(string file)
    {
        var folder = Path.GetDirectoryName(file)!;
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(folder);
        else Directory.CreateDirectory(folder, Owner | UnixFileMode.UserExecute);
    }
}
