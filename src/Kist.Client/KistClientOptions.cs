using Kist.Client.Logins;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kist.Client;

/// <summary>Where the server is, who this process is to it, and how long to wait.</summary>
public sealed class KistClientOptions
{
    /// <summary>The address when none is given: <c>http://127.0.0.1:8200</c>.</summary>
    public static Uri DefaultAddress { get; } = new("http://127.0.0.1:8200");

    /// <summary>
    /// The server or a local agent: <c>https://kist.example:8200</c>, or <c>unix:///run/kist/agent.sock</c> for a
    /// Unix socket.
    /// </summary>
    public Uri Address { get; set; } = DefaultAddress;

    /// <summary>The namespace that all paths lie in; null: the root.</summary>
    public string? Namespace { get; set; }

    /// <summary>A PEM file with the authorities to trust instead of the system's; null: the system's.</summary>
    public string? CaCertificate { get; set; }

    /// <summary>How a token is got. Null: requests go out without one, which an agent adds its own to.</summary>
    public ILogin? Login { get; set; }

    /// <summary>The longest that one call takes, with all its retries. 30 s unless set.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How often a request is sent again when the server is away, busy or changing its leader.</summary>
    public int Retries { get; set; } = 5;

    /// <summary>How long a cached secret is taken as it is when the server does not push changes; a tenth of it is
    /// left to chance, so that a fleet does not ask at once. 5 minutes unless set.</summary>
    public TimeSpan CacheFor { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How long the same while the server pushes changes. What a server may not push is noticed then: a mount
    /// that was disabled, a right that was withdrawn (Kist pushes both). 1 hour unless set.</summary>
    public TimeSpan CacheWhilePushed { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How old a cached secret may be to stand in while the server is away. 24 hours unless set; zero: never.
    /// </summary>
    public TimeSpan StaleFor { get; set; } = TimeSpan.FromHours(24);

    /// <summary>Whether to be told of changes by the server's feed, where it has one and the token may follow it.
    /// </summary>
    public bool Push { get; set; } = true;

    /// <summary>Where the client says what happens to it in the background.</summary>
    public ILoggerFactory Logging { get; set; } = NullLoggerFactory.Instance;

    /// <summary>The clock. All waiting goes by its timestamps, so that a change of the time of day means nothing.
    /// </summary>
    public TimeProvider Clock { get; set; } = TimeProvider.System;

    /// <summary>
    /// From the environment: <c>KIST_AGENT_ADDR</c> or <c>KIST_ADDR</c>, <c>KIST_TOKEN</c> or
    /// <c>KIST_TOKEN_FILE</c>, <c>KIST_CACERT</c>, <c>KIST_NAMESPACE</c>, each else <c>VAULT_…</c>; else the token
    /// that <c>kist login</c> or <c>vault login</c> left in the home folder. Throws <see cref="KistException"/> when a
    /// variable holds something else.
    /// </summary>
    public static KistClientOptions FromEnvironment() => EnvironmentSettings.Read(EnvironmentSettings.Variable);
}
