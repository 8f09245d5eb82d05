using System.Text.Json;
using Kist.Secrets;

namespace Kist.Client.Logins;

/// <summary>Posts to a path of the server without a token: what a login does.</summary>
public delegate Task<KistResponse> LoginExchange(string path, Action<Utf8JsonWriter> body, CancellationToken ct);

/// <summary>A way to get a token. The client asks for one when it has none, and again when it is not valid any more.
/// </summary>
public interface ILogin
{
    /// <summary>What it is, for messages: <c>userpass as app</c>.</summary>
    string Name { get; }

    /// <summary>Whether it would give another token than the last time, such as one from a file that was replaced.
    /// </summary>
    bool HasAnother { get; }

    /// <summary>
    /// Gets a token, with its duration if that is known (else the client asks for it). Throws
    /// <see cref="KistException"/> when there is none to be had.
    /// </summary>
    Task<(SecretBytes Token, TimeSpan? Duration, bool IsRenewable)> LogInAsync(
        LoginExchange exchange, CancellationToken ct);
}
