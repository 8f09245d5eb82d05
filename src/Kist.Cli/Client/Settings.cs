using Kist.Cli.Output;
using Kist.Kernel.Routes;

namespace Kist.Cli.Client;

/// <summary>
/// Where the server is and how to reach it; from options, then KIST_*, then VAULT_*, then defaults. An agent that a
/// variable names (KIST_AGENT_ADDR, VAULT_AGENT_ADDR) goes before the server, as with Vault's program.
/// </summary>
internal sealed record Settings
{
    public const string DefaultAddress = "http://127.0.0.1:8200";
    /// <summary>The variables that may name the server, the first before the others.</summary>
    public static readonly string[] AddressNames = ["KIST_AGENT_ADDR", "KIST_ADDR", "VAULT_AGENT_ADDR", "VAULT_ADDR"];

    private const string SocketScheme = "unix://";
    private const int DefaultTimeoutSeconds = 60;

    /// <summary>Where the server is; with a <see cref="Socket"/> only what its requests name as host.</summary>
    public required Uri Address { get; init; }

    /// <summary>The Unix socket on which an agent or a server listens; null: the address' host and port.</summary>
    public string? Socket { get; init; }

    /// <summary>The server as people know it.</summary>
    public string Shown => Socket is null ? Address.GetLeftPart(UriPartial.Authority) : SocketScheme + Socket;

    public string? Token { get; init; }
    public string? Namespace { get; init; }
    public string? CaCertificate { get; init; }
    public bool SkipVerify { get; init; }
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(DefaultTimeoutSeconds);

    /// <summary>What the command line said; null means: not said.</summary>
    internal sealed record Options(
        string? Address, string? TokenFile, string? CaCertificate, string? Namespace, bool SkipVerify, int? Timeout);

    /// <summary>Resolves the settings; <paramref name="environment"/> reads a variable or gives null.</summary>
    public static Problem? Resolve(Options options, Func<string, string?> environment, out Settings settings)
    {
        settings = new Settings { Address = new Uri(DefaultAddress) };
        var address = options.Address ?? NamedAddress(environment) ?? DefaultAddress;
        string? socket = null;
        if (address.StartsWith(SocketScheme + "/", StringComparison.Ordinal))
            (socket, address) = (address[SocketScheme.Length..], "http://127.0.0.1");
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https")
            || uri.UserInfo.Length > 0 || uri.Query.Length > 0)
            return new Problem("the server's address is not a URL such as https://kist.example:8200",
                "--address URL, or KIST_ADDR=URL; unix:///PATH for a socket");
        var timeout = options.Timeout;
        if (timeout is null && Either(environment, "CLIENT_TIMEOUT") is { } text)
        {
            if (!TryParseSeconds(text, out var seconds))
                return new Problem("KIST_CLIENT_TIMEOUT (or VAULT_CLIENT_TIMEOUT) is not a number of seconds",
                    "KIST_CLIENT_TIMEOUT=30");
            timeout = seconds;
        }
        if (timeout is <= 0) return new Problem("--timeout must be 1 second or more");
        var problem = ResolveToken(options, environment, out var token);
        settings = new Settings
        {
            Address = uri,
            Socket = socket,
            Token = token,
            Namespace = options.Namespace ?? Either(environment, "NAMESPACE"),
            CaCertificate = options.CaCertificate ?? Either(environment, "CACERT"),
            SkipVerify = options.SkipVerify || GoBool.Parse(Either(environment, "SKIP_VERIFY")) is true,
            Timeout = TimeSpan.FromSeconds(timeout ?? DefaultTimeoutSeconds),
        };
        return problem;
    }

    // The most explicit source wins: option, Kist's variables, Vault's variable, the file that `kist login` wrote.
    private static Problem? ResolveToken(Options options, Func<string, string?> environment, out string? token)
    {
        token = null;
        if (options.TokenFile is { } named) return TokenFile.Read(named, mustExist: true, out token);
        if (NotEmpty(environment("KIST_TOKEN")) is { } kist) return Take(kist, out token);
        if (NotEmpty(environment("KIST_TOKEN_FILE")) is { } file)
            return TokenFile.Read(file, mustExist: false, out token);
        if (NotEmpty(environment("VAULT_TOKEN")) is { } vault) return Take(vault, out token);
        return TokenFile.Read(TokenFile.DefaultPath(environment), mustExist: false, out token);
    }

    private static Problem? Take(string text, out string? token)
    {
        token = text.Trim();
        if (TokenFile.IsToken(token)) return null;
        token = null;
        return new Problem("the token in KIST_TOKEN or VAULT_TOKEN holds characters that no token has",
            "unset it, or kist login");
    }

    private static string? NamedAddress(Func<string, string?> environment)
    {
        foreach (var name in AddressNames)
            if (NotEmpty(environment(name)) is { } address) return address;
        return null;
    }

    private static string? Either(Func<string, string?> environment, string name) =>
        NotEmpty(environment("KIST_" + name)) ?? NotEmpty(environment("VAULT_" + name));

    private static string? NotEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private static bool TryParseSeconds(string text, out int seconds) =>
        (seconds = GoDuration.TryParse(text, out var time) && time < TimeSpan.FromDays(1)
            ? (int)Math.Ceiling(time.TotalSeconds)
            : -1) >= 0;
}
