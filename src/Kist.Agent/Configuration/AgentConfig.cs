using System.Net;
using Kist.Kernel.Hcl;
using Kist.Kernel.Node;
using Kist.Server.Configuration;

namespace Kist.Agent.Configuration;

/// <summary>What an agent's configuration says, checked and typed. Immutable; a reload reads a new one.</summary>
public sealed record AgentConfig
{
    /// <summary>The server.</summary>
    public UpstreamConfig Upstream { get; init; } = new();

    /// <summary>How to log in; null: callers bring tokens of their own.</summary>
    public MethodConfig? Method { get; init; }

    /// <summary>Where the token is written.</summary>
    public IReadOnlyList<SinkConfig> Sinks { get; init; } = [];

    /// <summary>Where to listen.</summary>
    public IReadOnlyList<AgentListener> Listeners { get; init; } = [];

    /// <summary>Whose token a request is sent with.</summary>
    public TokenUse TokenUse { get; init; }

    /// <summary>What is remembered; null: nothing is.</summary>
    public CacheConfig? Cache { get; init; }

    /// <summary>What is rendered.</summary>
    public IReadOnlyList<TemplateConfig> Templates { get; init; } = [];

    /// <summary>Variables of the program that <see cref="Exec"/> names.</summary>
    public IReadOnlyList<TemplateConfig> Variables { get; init; } = [];

    /// <summary>The program that runs with the variables; null: none.</summary>
    public ExecConfig? Exec { get; init; }

    /// <summary>What holds for all templates.</summary>
    public TemplateSettings TemplateSettings { get; init; } = new();

    /// <summary>Whether the agent ends when it has logged in and rendered everything once.</summary>
    public bool ExitAfterAuth { get; init; }

    /// <summary>The file that holds the process id; null: none.</summary>
    public string? PidFile { get; init; }

    /// <summary>How much is logged.</summary>
    public LogLevel LogLevel { get; init; } = LogLevel.Info;

    /// <summary>Whether the log is JSON.</summary>
    public bool LogsJson { get; init; }

    /// <summary>What the file says that has no effect here.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];
}

/// <summary>Whose token goes with a request.</summary>
public enum TokenUse
{
    /// <summary>The caller's, or none.</summary>
    Callers,
    /// <summary>The caller's, or the agent's where the caller has none.</summary>
    AgentsForNone,
    /// <summary>The agent's, whatever the caller sends.</summary>
    AgentsAlways,
}

/// <summary>The server; null: as for the other commands (KIST_ADDR and its like).</summary>
public sealed record UpstreamConfig
{
    public Uri? Address { get; init; }
    public string? Namespace { get; init; }
    public string? CaFile { get; init; }
    public string? CaFolder { get; init; }
    public string? ClientCertificate { get; init; }
    public string? ClientKey { get; init; }
    public string? ServerName { get; init; }
    public bool? SkipVerify { get; init; }
    public TimeSpan? Timeout { get; init; }

    /// <summary>How often a failed question is asked again before it counts as failed; a negative number: never.
    /// </summary>
    public int Retries { get; init; } = 12;
}

/// <summary>How the agent logs in.</summary>
/// <param name="Type">token_file, approle, userpass, ldap, jwt, kubernetes or cert.</param>
/// <param name="Mount">The path of the login, such as <c>auth/approle</c>.</param>
public sealed record MethodConfig(string Type, string Mount)
{
    /// <summary>The method's own keys, checked.</summary>
    public required IReadOnlyDictionary<string, string> Settings { get; init; }

    /// <summary>The namespace of the login; null: the server's.</summary>
    public string? Namespace { get; init; }

    /// <summary>The pause before a failed login is tried again, to begin with.</summary>
    public TimeSpan LeastPause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest pause.</summary>
    public TimeSpan MostPause { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Whether the agent ends when a login fails.</summary>
    public bool ExitsOnError { get; init; }

    /// <summary>Whether new credentials on the disk make it log in again.</summary>
    public bool ReadsAgain { get; init; } = true;
}

/// <summary>A file that gets the token.</summary>
/// <param name="WrapTtl">Not zero: the file gets a single-use token around it that lives so long.</param>
public sealed record SinkConfig(string Path, UnixFileMode Mode, TimeSpan WrapTtl);

/// <summary>Where the agent listens: an address, or a socket in the file system.</summary>
public sealed record AgentListener(IPEndPoint? EndPoint, string? SocketPath)
{
    /// <summary>TLS settings, for an address with a certificate; null: none.</summary>
    public ListenerConfig? Tls { get; init; }

    /// <summary>The mode of the socket.</summary>
    public UnixFileMode SocketMode { get; init; } = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>The user that owns the socket, by name or number; null: the agent's.</summary>
    public string? SocketUser { get; init; }

    /// <summary>The group of the socket.</summary>
    public string? SocketGroup { get; init; }

    /// <summary>Whether only requests with <c>X-Vault-Request: true</c> are answered, which no web page can send.
    /// </summary>
    public bool NeedsRequestHeader { get; init; }

    /// <summary>Whether only the metrics are answered.</summary>
    public bool OnlyMetrics { get; init; }

    /// <summary>Whether <c>/agent/v1/quit</c> ends the agent.</summary>
    public bool CanQuit { get; init; }
}

/// <summary>What is remembered, and for how long.</summary>
public sealed record CacheConfig
{
    /// <summary>How long an answer may be given while the server tells of changes: a policy that no longer permits the
    /// read is noticed by then.</summary>
    public TimeSpan MaxAge { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long an answer may be given while nobody tells of changes.</summary>
    public TimeSpan MaxAgeUntold { get; init; }

    /// <summary>How long the last answer may be given while the server is away.</summary>
    public TimeSpan MaxStale { get; init; } = TimeSpan.FromHours(1);

    /// <summary>The encrypted file; null: none.</summary>
    public PersistConfig? Persist { get; init; }
}

/// <summary>The encrypted file of the last known answers.</summary>
/// <param name="KeyFile">An age identity that opens it, readable by its owner alone; made where it is missing.</param>
public sealed record PersistConfig(string Path, string KeyFile)
{
    /// <summary>How old the file may be to be used.</summary>
    public TimeSpan MaxAge { get; init; } = TimeSpan.FromHours(24);

    /// <summary>Whether a file that cannot be opened ends the agent; else it starts without.</summary>
    public bool ExitsOnError { get; init; }
}

/// <summary>One template.</summary>
/// <param name="Place">Where it stands in the configuration, for texts.</param>
public sealed record TemplateConfig(string Place)
{
    /// <summary>The file that holds it; null: <see cref="Contents"/> is it.</summary>
    public string? Source { get; init; }

    /// <summary>The template itself.</summary>
    public string? Contents { get; init; }

    /// <summary>The file that it is rendered to; of a variable: its name.</summary>
    public required string Destination { get; init; }

    /// <summary>Whether it is text with <c>kist://</c> references rather than a template.</summary>
    public bool IsPlain { get; init; }

    public string LeftDelimiter { get; init; } = "{{";
    public string RightDelimiter { get; init; } = "}}";
    public bool FailsOnMissingKey { get; init; }

    /// <summary>Whether folders on the way to the destination are made.</summary>
    public bool MakesFolders { get; init; } = true;

    /// <summary>The file's mode; null: that of the file that is there, else 0600.</summary>
    public UnixFileMode? Mode { get; init; }

    public string? User { get; init; }
    public string? Group { get; init; }

    /// <summary>Whether the old content is kept beside, with <c>.bak</c>.</summary>
    public bool Backup { get; init; }

    /// <summary>The command after a change: one text is for the shell; null: none.</summary>
    public IReadOnlyList<string>? Command { get; init; }

    /// <summary>How long the command may take.</summary>
    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The folder outside of which the template reads no files; null: it reads any.</summary>
    public string? Sandbox { get; init; }

    /// <summary>How long to wait for further changes before it is rendered.</summary>
    public TimeSpan WaitLeast { get; init; }

    /// <summary>How long further changes may put it off.</summary>
    public TimeSpan WaitMost { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Destination;
}

/// <summary>What holds for all templates.</summary>
public sealed record TemplateSettings
{
    /// <summary>How often secrets without a lease are read again, where the server does not tell of changes.</summary>
    public TimeSpan StaticInterval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Whether the agent ends when a secret cannot be read after all retries.</summary>
    public bool ExitsOnRetryFailure { get; init; }

    /// <summary>The part of a lease after which it is read anew.</summary>
    public double LeaseThreshold { get; init; } = 0.90;
}

/// <summary>The program that runs with secrets in its environment.</summary>
public sealed record ExecConfig(IReadOnlyList<string> Command)
{
    /// <summary>Whether it is started again when a value changes.</summary>
    public bool Restarts { get; init; } = true;

    /// <summary>What ends it: the signal's number.</summary>
    public int StopSignal { get; init; } = 15;
}
