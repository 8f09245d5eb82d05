using Kist.Kernel.Audit;
using Kist.Kernel.Node;
using Kist.Kernel.Routes;
using Kist.Kernel.Seals;
using Kist.Kernel.Stores;
using Kist.Server.Configuration;

namespace Kist.Server;

/// <summary>The only file that names every plug-in. Removing one is deleting its folder, its tests and its line
/// here.</summary>
public static class Catalog
{
    // Initialised before Engines, which contains them: an engine that is built leaves its list.
    private static readonly IEnumerable<EngineKind> AnnouncedEngines =
        from type in (string[])
            ["transit", "pki", "ssh", "totp", "database", "aws", "azure", "gcp", "consul", "rabbitmq", "ldap"]
        select Server.Engines.Announced.AnnouncedEngine.Kind(type, isLogin: false);

    private static readonly IEnumerable<EngineKind> AnnouncedLogins =
        from type in (string[])
            ["approle", "jwt", "oidc", "kubernetes", "cert", "ldap", "github", "radius", "aws", "azure", "gcp"]
        select Server.Engines.Announced.AnnouncedEngine.Kind(type, isLogin: true);

    /// <summary>The kinds of engine and login.</summary>
    public static IReadOnlyList<EngineKind> Engines { get; } =
    [
        Server.Engines.Kv.KvKinds.Kv,
        Server.Engines.Kv.KvKinds.Generic,
        Server.Engines.Kv.KvKinds.KvV1,
        Server.Engines.Kv.KvKinds.KvV2,
        Server.Engines.Cubbyhole.CubbyholeEngine.Kind,
        Server.Engines.Sys.SysEngine.Kind,
        Server.Engines.Identity.IdentityEngine.Kind,
        Logins.Token.TokenLogin.Kind,
        Logins.UserPass.UserPassLogin.Kind,
        .. AnnouncedEngines,
        .. AnnouncedLogins,
    ];

    /// <summary>The kinds of audit sink.</summary>
    public static IReadOnlyDictionary<string, AuditSinkMaker> Sinks(Settings settings) =>
        new Dictionary<string, AuditSinkMaker>
        {
            ["file"] = new Server.Sinks.File.FileSinks(settings.AuditFolders, settings.NodeId).Make,
        };

    /// <summary>
    /// Opens the store that the configuration names. Throws <see cref="StoreException"/>, but waits for a database that
    /// is only away: such a store throws when it is used, until the database is there.
    /// </summary>
    public static IStore Store(StorageConfig storage, Action<string> warn) => storage.Type == "postgresql"
        ? Server.Stores.Postgres.PostgresStore.OpenOrWait(
            Server.Stores.Postgres.PostgresStoreOptions.From(storage.Stanza, storage.Environment, warn))
        : StoreNow(storage, warn);

    /// <summary>As <see cref="Store"/>, but a database that is away is a <see cref="StoreException"/>.</summary>
    public static IStore StoreNow(StorageConfig storage, Action<string> warn) => storage.Type switch
    {
        "inmem" => new MemoryStore(),
        "postgresql" => Server.Stores.Postgres.PostgresStore.Open(
            Server.Stores.Postgres.PostgresStoreOptions.From(storage.Stanza, storage.Environment, warn)),
        _ => Server.Stores.Sqlite.SqliteStore.Open(
            new Server.Stores.Sqlite.SqliteStoreOptions { Directory = storage.Folder, Warn = warn }),
    };

    /// <summary>Whether files of a store are there; always so for stores without. Opens and makes nothing.</summary>
    public static bool Exists(StorageConfig storage) =>
        storage.Path is null || Server.Stores.Sqlite.SqliteStore.Exists(storage.Folder);

    /// <summary>Whether another process owns the store that the configuration names. Opens and makes nothing.</summary>
    public static bool IsInUse(StorageConfig storage) =>
        storage.Path is not null && Server.Stores.Sqlite.SqliteStore.IsInUse(storage.Folder);

    /// <summary>What is wrong with the storage stanza, found without opening anything; null: nothing is.</summary>
    public static string? Problem(StorageConfig storage) =>
        Server.Stores.Postgres.PostgresStoreOptions.Problem(storage.Stanza, storage.Environment);

    /// <summary>The seal that opens by itself, as the configuration names it; null for Shamir shares.</summary>
    public static ISeal? Seal(SealStanza? seal, IStore store, StorageConfig storage) => seal switch
    {
        { Type: "keyfile", Path: { } path } => new Server.Seals.KeyFile.KeyFileSeal(
            path, store, storage.Path is null ? null : storage.Folder),
        _ => null,
    };

    /// <summary>The front that answers on the listeners.</summary>
    internal static Fronts.Vault.VaultFront Front(Node node) => new(node);
}
