using System.Text.Json;
using Kist.Secrets;

namespace Kist.Client.Logins;

/// <summary>A login by a request to a login method of the server: its fields, and a token as the answer.</summary>
public sealed class PostedLogin : ILogin
{
    private readonly string _path;
    private readonly Action<Utf8JsonWriter> _body;

    private PostedLogin(string name, string path, Action<Utf8JsonWriter> body) =>
        (Name, _path, _body) = (name, path, body);

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public bool HasAnother => false;

    /// <summary>User name and password; <paramref name="password"/> is taken over.</summary>
    public static PostedLogin UserPass(string user, SecretBytes password, string mount = "userpass") =>
        new($"{mount} as {user}", $"auth/{mount}/login/{user}", json => Write(json, "password", password));

    /// <summary>An AppRole's role id and, where the role asks for one, secret id, which are taken over.</summary>
    public static PostedLogin AppRole(SecretBytes roleId, SecretBytes? secretId, string mount = "approle") =>
        new(mount, $"auth/{mount}/login", json =>
        {
            Write(json, "role_id", roleId);
            if (secretId is not null) Write(json, "secret_id", secretId);
        });

    /// <summary>
    /// A signed token of somebody the server trusts, read from <paramref name="file"/> at each login because it is
    /// replaced now and then: jwt and kubernetes (where the file is
    /// <c>/var/run/secrets/kubernetes.io/serviceaccount/token</c>).
    /// </summary>
    public static PostedLogin SignedToken(string mount, string role, string file) =>
        new($"{mount} as {role}", $"auth/{mount}/login", json =>
        {
            json.WriteString("role", role);
            json.WriteString("jwt", File.ReadAllBytes(file).AsSpan().Trim(" \t\r\n"u8));
        });

    /// <summary>Any other login method: the path below <c>v1/</c>, and what to write into the object it takes.
    /// </summary>
    public static PostedLogin At(string path, Action<Utf8JsonWriter> body) => new(path, path, body);

    /// <inheritdoc/>
    public async Task<(SecretBytes Token, TimeSpan? Duration, bool IsRenewable)> LogInAsync(
        LoginExchange exchange, CancellationToken ct)
    {
        try
        {
            using var answer = await exchange(_path, _body, ct);
            if (answer.Token is { } grant) return (grant.Token, grant.Duration, grant.IsRenewable);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new KistException(KistFailure.Settings, $"{Name}: what to log in with cannot be read", e);
        }
        throw new KistException(KistFailure.Server, $"{Name}: the answer to the login holds no token");
    }

    private static void Write(Utf8JsonWriter json, string name, SecretBytes value) => value.Use((json, name),
        static (secret, to) =>
        {
            to.json.WriteString(to.name, secret);
            return true;
        });
}
