using System.Text;
using System.Text.Json;
using Kist.Agent.Configuration;
using Kist.Agent.Link;
using Kist.Secrets;

namespace Kist.Agent.Logins;

/// <summary>What a login is made with, as it is on the disk now.</summary>
/// <param name="Path">The path that is asked; null: <paramref name="Token"/> is used as it is.</param>
/// <param name="Read">The files that were read, to be looked at again.</param>
internal sealed record Credentials(string? Path, SecretWriter? Body, string Token, IReadOnlyList<string> Read)
    : IDisposable
{
    public void Dispose() => Body?.Dispose();

    public override string ToString() => "[REDACTED]";
}

/// <summary>Reads the files that a method of login names.</summary>
internal static class CredentialFiles
{
    private const int MaxLength = 64 << 10;

    /// <summary>The credentials, or what is wrong with the files.</summary>
    public static async Task<(Credentials? Credentials, string? Error)> ReadAsync(
        MethodConfig method, ServerLink link, CancellationToken ct)
    {
        try
        {
            return method.Type switch
            {
                "token_file" => Token(method),
                "approle" => await RoleAsync(method, link, ct),
                "userpass" or "ldap" => Password(method),
                "jwt" => Jwt(method, method.Settings["path"]),
                "kubernetes" => Jwt(method, method.Settings["token_path"]),
                _ => Certificate(method),
            };
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return (null, $"{((e as FileNotFoundException)?.FileName) ?? "a file of the credentials"} does not exist");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return (null, $"the files of the credentials cannot be read: {e.Message}");
        }
    }

    /// <summary>Removes what may be read only once.</summary>
    public static void Remove(MethodConfig method)
    {
        foreach (var (flag, key, byDefault) in (ReadOnlySpan<(string, string, bool)>)
            [("remove_secret_id_file_after_reading", "secret_id_file_path", true),
                ("remove_password_after_reading", "password_file_path", false),
                ("remove_jwt_after_reading", "path", true)])
            if (method.Settings.TryGetValue(key, out var file)
                && (method.Settings.TryGetValue(flag, out var said) ? said == "true" : byDefault)
                && method.Type != "kubernetes") File.Delete(file);
    }

    private static (Credentials?, string?) Token(MethodConfig method)
    {
        var file = method.Settings["token_file_path"];
        if (Open(file) is { } open) return (null, open);
        var token = Text(file);
        foreach (var c in token)
            if (c is <= ' ' or > '~') return (null, $"{file} does not hold a token");
        return token.Length > 0 ? (new Credentials(null, null, token, [file]), null) : (null, $"{file} is empty");
    }

    private static async Task<(Credentials?, string?)> RoleAsync(
        MethodConfig method, ServerLink link, CancellationToken ct)
    {
        var files = new List<string> { method.Settings["role_id_file_path"] };
        var role = Text(files[0]);
        if (role.Length == 0) return (null, $"{files[0]} is empty");
        var secret = "";
        if (method.Settings.TryGetValue("secret_id_file_path", out var secretFile))
        {
            files.Add(secretFile);
            secret = Text(secretFile);
            if (secret.Length > 0 && method.Settings.TryGetValue("secret_id_response_wrapping_path", out var wrapping))
            {
                var (opened, error) = await UnwrapAsync(secret, wrapping, method, link, ct);
                if (opened is null) return (null, error);
                secret = opened;
            }
        }
        var body = Json(("role_id", role), ("secret_id", secret));
        return (new Credentials($"{method.Mount}/login", body, "", files), null);
    }

    // The path in the wrapping must be the expected one, or somebody has put another token there.
    private static async Task<(string?, string?)> UnwrapAsync(
        string token, string path, MethodConfig method, ServerLink link, CancellationToken ct)
    {
        using var asked = Json(("token", token));
        using var looked = await link.AskAsync(
            new Question(HttpMethod.Post, "sys/wrapping/lookup", "", asked) { Namespace = method.Namespace }, ct);
        if (!looked.IsGood) return (null, $"the wrapped secret id cannot be looked up: {looked.Explanation}");
        if (looked.Root.Get("data").Text("creation_path") != path)
            return (null, "the wrapped secret id was made at another path than secret_id_response_wrapping_path");
        using var opened = await link.AskAsync(
            new Question(HttpMethod.Post, "sys/wrapping/unwrap", token) { Namespace = method.Namespace }, ct);
        return opened.Root.Get("data").Text("secret_id") is { Length: > 0 } secret
            ? (secret, null)
            : (null, $"the wrapped secret id cannot be opened: {opened.Explanation}");
    }

    private static (Credentials?, string?) Password(MethodConfig method)
    {
        var file = method.Settings["password_file_path"];
        if (Open(file) is { } open) return (null, open);
        var path = $"{method.Mount}/login/{Uri.EscapeDataString(method.Settings["username"])}";
        return (new Credentials(path, Json(("password", Text(file))), "", [file]), null);
    }

    private static (Credentials?, string?) Jwt(MethodConfig method, string file)
    {
        var text = Text(file);
        return text.Length == 0
            ? (null, $"{file} is empty")
            : (new Credentials($"{method.Mount}/login", Json(("role", method.Settings["role"]), ("jwt", text)), "",
                [file]), null);
    }

    private static (Credentials?, string?) Certificate(MethodConfig method)
    {
        var name = method.Settings.GetValueOrDefault("name", "");
        var body = name.Length > 0 ? Json(("name", name)) : Json();
        return (new Credentials($"{method.Mount}/login", body, "", []), null);
    }

    // A token or password that others can read is no secret any more.
    private static string? Open(string file)
    {
        var mode = File.GetUnixFileMode(file);
        return (mode & (UnixFileMode.OtherRead | UnixFileMode.OtherWrite)) == 0
            ? null : $"{file} can be read or written by everyone on this machine: chmod 600 {file}";
    }

    private static string Text(string file)
    {
        using var reader = new StreamReader(file, Encoding.UTF8);
        var buffer = new char[MaxLength];
        return new string(buffer, 0, reader.ReadBlock(buffer)).Trim();
    }

    private static SecretWriter Json(params ReadOnlySpan<(string Name, string Value)> members)
    {
        var text = new SecretWriter(256);
        using var json = new Utf8JsonWriter(text);
        json.WriteStartObject();
        foreach (var (name, value) in members)
            if (value.Length > 0) json.WriteString(name, value);
        json.WriteEndObject();
        json.Flush();
        return text;
    }
}
