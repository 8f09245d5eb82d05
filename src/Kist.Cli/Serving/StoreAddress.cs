using Kist.Cli.Output;
using Kist.Kernel.Stores;
using Kist.Server;
using Kist.Server.Configuration;

namespace Kist.Cli.Serving;

/// <summary>How people name a store on the command line.</summary>
internal static class StoreAddress
{
    /// <summary>What help says of it.</summary>
    public const string Forms = "sqlite:FOLDER, postgres://…, or a server's configuration file";

    /// <summary>Reads <c>sqlite:FOLDER</c>, a <c>postgres://</c> URL, or a configuration file.</summary>
    public static Problem? Parse(string text, out StorageConfig? storage)
    {
        storage = null;
        if (text.StartsWith("postgres://", StringComparison.Ordinal)
            || text.StartsWith("postgresql://", StringComparison.Ordinal))
        {
            storage = Postgres(new Dictionary<string, string> { ["connection_url"] = text });
            return Catalog.Problem(storage) is { } wrong ? new Problem(wrong) : null;
        }
        if (text.StartsWith("sqlite:", StringComparison.Ordinal))
        {
            var path = text["sqlite:".Length..];
            if (path.StartsWith("//", StringComparison.Ordinal)) path = path[2..];
            storage = new StorageConfig("sqlite", path);
            return path.Length > 0 ? null : new Problem("sqlite: needs a folder behind it", "sqlite:/var/lib/kist");
        }
        if (!File.Exists(text) && !Directory.Exists(text))
            return new Problem($"{text} is no store and no configuration file", Forms);
        var (config, _, problem) = ConfigFiles.Read([text]);
        if (problem is not null) return problem;
        storage = WithEnvironment(config!.Storage);
        return storage.Type == "inmem"
            ? new Problem("a store in memory is gone with its server", "back it up and restore it through the server")
            : null;
    }

    /// <summary>A storage that another program's configuration describes.</summary>
    public static Problem? Of(string type, IReadOnlyDictionary<string, string> stanza, out StorageConfig? storage)
    {
        storage = type switch
        {
            "sqlite" or "file" when stanza.TryGetValue("path", out var path) => new StorageConfig("sqlite", path),
            "postgresql" => Postgres(stanza),
            _ => null,
        };
        if (storage is null) return new Problem($"a storage of type \"{type}\" cannot be moved",
            "sqlite with a path, or postgresql with a connection_url");
        return storage.Type == "postgresql" && Catalog.Problem(storage) is { } wrong ? new Problem(wrong) : null;
    }

    /// <summary>Opens a store for one command. The problem says what stands in the way.</summary>
    public static Problem? Open(StorageConfig storage, bool mustExist, Screen screen, out IStore? store)
    {
        store = null;
        if (mustExist && !Catalog.Exists(storage)) return new Problem($"there is no store in {storage.Folder}");
        try
        {
            store = Catalog.StoreNow(storage, screen.Warn);
            return null;
        }
        catch (StoreException e)
        {
            return ProblemOf(e);
        }
    }

    /// <summary>The words for a store that fails a command.</summary>
    public static Problem ProblemOf(StoreException e) => new(e.Message, e.Kind switch
    {
        StoreFailure.InUse => "stop the server that uses it",
        StoreFailure.Full => "make room on the storage's disk",
        StoreFailure.Corrupt => "restore the storage from a backup",
        StoreFailure.Refused => "check the database, its user and password, the table",
        _ => "check the path, its owner and disk, or the database's address and user",
    });

    /// <summary>What libpq reads, and the names that Vault has for it.</summary>
    public static Dictionary<string, string> EnvironmentOfPostgres() =>
        Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>()
            .Where(entry => entry.Key is string name
                && (name.StartsWith("PG", StringComparison.Ordinal)
                    || name.StartsWith("VAULT_PG_", StringComparison.Ordinal)))
            .ToDictionary(entry => (string)entry.Key, entry => (string?)entry.Value ?? "");

    /// <summary>A configuration's storage, with the process's environment.</summary>
    public static StorageConfig WithEnvironment(StorageConfig storage) =>
        storage with { Environment = EnvironmentOfPostgres() };

    // What the command line says wins over Vault's variables, which are meant for the server.
    private static StorageConfig Postgres(IReadOnlyDictionary<string, string> stanza)
    {
        var environment = EnvironmentOfPostgres();
        environment.Remove("VAULT_PG_CONNECTION_URL");
        if (stanza.ContainsKey("table")) environment.Remove("VAULT_PG_TABLE");
        return new StorageConfig("postgresql", null) { Stanza = stanza, Environment = environment };
    }
}
