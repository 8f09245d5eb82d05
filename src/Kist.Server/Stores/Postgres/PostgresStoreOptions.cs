using System.Globalization;
using Kist.Kernel.Stores;

namespace Kist.Server.Stores.Postgres;

/// <summary>Where the database is and how the store uses it.</summary>
public sealed record PostgresStoreOptions
{
    private static readonly string[] s_known =
    [
        "connection_url", "table", "max_parallel", "ha_enabled", "ha_table", "max_idle_connections",
        "max_connect_retries", "skip_create_table",
    ];

    /// <summary>
    /// A <c>postgres://</c> URL or <c>keyword=value</c> text as libpq reads them; what it leaves open comes from the
    /// PG… environment. Empty: all of it does.
    /// </summary>
    public string ConnectionUrl { get; init; } = "";

    /// <summary>
    /// The table of the entries, perhaps with its schema in front. The store's other tables begin with its name.
    /// </summary>
    public string Table { get; init; } = "kist_store";

    /// <summary>Connections for reading. Two more are used: one for writing, one for the changes of others.</summary>
    public int MaxParallel { get; init; } = 16;

    /// <summary>
    /// The change log in the database keeps this many commits; a node that is further behind starts over.
    /// </summary>
    public int KeptRevisions { get; init; } = 16_384;

    /// <summary>How long a commit whose outcome is unknown is looked up before its callers get an error.</summary>
    public TimeSpan PatienceForOutcome { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The variables that fill up <see cref="ConnectionUrl"/>: PGHOST, PGPASSWORD and the like.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <inheritdoc/>
    public override string ToString() => "[REDACTED]"; // the URL may hold a password

    /// <summary>Gets one sentence for the operator, such as that the connection is not encrypted.</summary>
    public Action<string> Warn { get; init; } = static _ => { };

    /// <summary>
    /// Options from the keys of a <c>storage "postgresql"</c> stanza, which are Vault's
    /// (https://developer.hashicorp.com/vault/docs/configuration/storage/postgresql). VAULT_PG_CONNECTION_URL and
    /// VAULT_PG_TABLE win over the stanza, as there. Call <see cref="Problem"/> first.
    /// </summary>
    public static PostgresStoreOptions From(
        IReadOnlyDictionary<string, string> stanza, IReadOnlyDictionary<string, string> environment,
        Action<string> warn)
    {
        // ha_enabled and the like need nothing here: every node writes.
        foreach (var key in stanza.Keys.Where(key => !s_known.Contains(key)))
            warn($"storage \"postgresql\": \"{key}\" is not known and has no effect");
        var (options, problem) = Read(stanza, environment);
        return problem is null
            ? options with { Warn = warn }
            : throw new StoreException(StoreFailure.Unavailable, $"storage \"postgresql\": {problem}");
    }

    /// <summary>What is wrong with a stanza; null: nothing is. Names keys, never values.</summary>
    public static string? Problem(
        IReadOnlyDictionary<string, string> stanza, IReadOnlyDictionary<string, string> environment) =>
        Read(stanza, environment).Problem;

    private static (PostgresStoreOptions Options, string? Problem) Read(
        IReadOnlyDictionary<string, string> stanza, IReadOnlyDictionary<string, string> environment)
    {
        string? Find(string variable, string key) =>
            environment.GetValueOrDefault(variable) ?? stanza.GetValueOrDefault(key);
        var options = new PostgresStoreOptions
        {
            Environment = environment, ConnectionUrl = Find("VAULT_PG_CONNECTION_URL", "connection_url") ?? "",
        };
        if (Find("VAULT_PG_TABLE", "table") is { } table)
            options = options with { Table = table };
        if (!Tables.TryParse(options.Table, out _))
            return (options, "table must be a name of letters, digits and _, or schema.name, of 48 bytes at most");
        if (stanza.TryGetValue("max_parallel", out var text))
        {
            if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var most)
                || most is < 1 or > 1_000)
                return (options, "max_parallel must be a number from 1 to 1000");
            options = options with { MaxParallel = most };
        }
        Postgres.ConnectionUrl.TryParse(options.ConnectionUrl, environment, out _, out var problem);
        return (options, problem);
    }
}
