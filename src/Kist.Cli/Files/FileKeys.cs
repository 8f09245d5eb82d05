using Kist.Cli.Age;
using Kist.Formats.Sops;
using Kist.Formats.Sops.Keys;

namespace Kist.Cli.Files;

/// <summary>The keys that this call may use: those of this machine, and those of key services.</summary>
internal sealed class FileKeys : IDisposable
{
    private static readonly string[] s_kinds = ["age", "pgp", "hc_vault", "kms", "gcp_kms", "azure_kv", "hckms"];
    private readonly List<IDisposable> _owned = [];

    private FileKeys(IReadOnlyList<ISopsKeySource> sources, IReadOnlyList<string> order) =>
        (Sources, Order) = (sources, order);

    public IReadOnlyList<ISopsKeySource> Sources { get; }

    /// <summary>Which kinds are tried first.</summary>
    public IReadOnlyList<string> Order { get; }

    public static SopsOutcome<FileKeys> Of(FileCall call)
    {
        var order = (call.Text(FileFlag.Order) ?? "age,pgp").Split(',');
        foreach (var kind in order)
            if (order.Count(k => k == kind) > 1)
                return new SopsFault(SopsExit.DuplicateKeyType, $"Duplicate decryption key type: {kind}");
        var local = call.IsOn(FileFlag.LocalKeys) ? Local(call) : [];
        var services = new List<KeyServiceClient>();
        foreach (var uri in call.All(FileFlag.KeyServices))
        {
            if (uri.Length == 0) continue;
            if (!KeyServiceClient.Of(uri).Try(out var client, out var fault)) return fault;
            services.Add(client);
        }
        var sources = new List<ISopsKeySource>();
        foreach (var kind in s_kinds)
        {
            List<ISopsKeySource> ofKind = [.. local.Where(s => s.Kind == kind)];
            foreach (var service in services) ofKind.Add(new RemoteKeySource(kind, service));
            if (ofKind.Count > 0) sources.Add(ofKind.Count == 1 ? ofKind[0] : new KeySourceChain(kind, ofKind));
        }
        var keys = new FileKeys(sources, order);
        keys._owned.AddRange(local.OfType<IDisposable>());
        keys._owned.AddRange(services);
        return keys;
    }

    /// <summary>What reaches keys on this machine.</summary>
    public static ISopsKeySource[] Local(FileCall call)
    {
        var host = new KeyHost
        {
            Environment = KeyHost.ProcessEnvironment(), Age = TerminalHost.Create(call.Screen, null),
        };
        return [new AgeKeySource(host), new PgpKeySource(host), new VaultKeySource(host), new KmsKeySource(host)];
    }

    /// <summary>The data key of a file.</summary>
    public SopsOutcome<DataKey> Open(SopsMetadata metadata) =>
        DataKey.UnwrapAsync(metadata, Sources, Order, CancellationToken.None).AsTask().GetAwaiter().GetResult();

    /// <summary>The metadata with the data key encrypted to each of its keys.</summary>
    public SopsOutcome<SopsMetadata> Wrap(DataKey key, SopsMetadata metadata) =>
        key.WrapAsync(metadata, Sources, CancellationToken.None).AsTask().GetAwaiter().GetResult();

    public void Dispose()
    {
        foreach (var one in _owned) one.Dispose();
    }
}
