using System.Security.Cryptography;
using Kist.Kernel.Audit;
using Kist.Kernel.Barrier;
using Kist.Kernel.Identity;
using Kist.Kernel.Leases;
using Kist.Kernel.Mounts;
using Kist.Kernel.Policies;
using Kist.Kernel.Policies.Passwords;
using Kist.Kernel.Quotas;
using Kist.Kernel.Routes;
using Kist.Kernel.Tokens;
using Kist.Kernel.Wrapping;

namespace Kist.Kernel.Node;

/// <summary>
/// Everything that exists only while the node is unsealed, built by <see cref="OpenAsync"/> and dropped whole on
/// seal. What holds a reference to it after that finds a barrier without keys.
/// </summary>
public sealed class Unsealed : IAsyncDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _streams = new();
    private ChoreRunner? _chores;
    private Membership? _membership;
    private ECDsa? _wrapKey;

    private Unsealed(Node node, Barrier.Barrier barrier, string clusterId)
    {
        Node = node;
        Barrier = barrier;
        ClusterId = clusterId;
        StreamsEnd = _streams.Token;
        Core = barrier.View("kernel/");
        TokenStorage = barrier.View("token/");
        Data = barrier.View("mount/");
        Rekey = new Rekey(this, isRecovery: false);
        RecoveryRekey = new Rekey(this, isRecovery: true);
        RootGeneration = new RootGeneration(this);
    }

    /// <summary>The node this belongs to.</summary>
    public Node Node { get; }

    /// <summary>The barrier with its keys.</summary>
    public Barrier.Barrier Barrier { get; }

    /// <summary>Names the cluster: shown in <c>sys/health</c>, made at initialisation.</summary>
    public string ClusterId { get; }

    /// <summary>The name shown in <c>sys/health</c>.</summary>
    public string ClusterName => Settings.ClusterName ?? "kist-cluster-" + ClusterId[..8];

    /// <summary>The replacement of the root key and of the unseal keys.</summary>
    public Rekey Rekey { get; }

    /// <summary>The replacement of the recovery keys.</summary>
    public Rekey RecoveryRekey { get; }

    /// <summary>The making of a root token by those who hold the keys.</summary>
    public RootGeneration RootGeneration { get; }

    /// <summary>The kernel's own keys. Engines never see them, except <c>sys/</c>.</summary>
    public Storage Core { get; }

    /// <summary>The configuration as it is now.</summary>
    public Settings Settings => Node.Settings;

    /// <summary>The clock.</summary>
    public TimeProvider Clock => Node.Clock;

    /// <summary>Where events go.</summary>
    public NodeLog Log => Node.Log;

    /// <summary>The kinds of engine that can be mounted, by type and whether they are logins.</summary>
    public IReadOnlyDictionary<(string Type, bool IsLogin), EngineKind> Engines => Node.Engines;

    /// <summary>Keeps everything below in step with other nodes.</summary>
    public ChangeFeed Feed { get; private set; } = null!;

    /// <summary>What a client sends back so as never to see the past.</summary>
    public StateIndex State { get; private set; } = null!;

    /// <summary>The nodes on this store.</summary>
    public NodeRoster Roster => _membership!.Roster;

    /// <summary>The mounts.</summary>
    public MountRegistry Mounts { get; private set; } = null!;

    /// <summary>The tokens.</summary>
    public TokenStore Tokens { get; private set; } = null!;

    /// <summary>The leases.</summary>
    public LeaseStore Leases { get; private set; } = null!;

    /// <summary>The policies.</summary>
    public PolicyStore Policies { get; private set; } = null!;

    /// <summary>Entities and groups.</summary>
    public IdentityStore Identity { get; private set; } = null!;

    /// <summary>The rate limits.</summary>
    public QuotaStore Quotas { get; private set; } = null!;

    /// <summary>Which web pages may call.</summary>
    public CorsStore Cors { get; private set; } = null!;

    /// <summary>The password policies.</summary>
    public PasswordPolicyStore PasswordPolicies { get; private set; } = null!;

    /// <summary>Response wrapping.</summary>
    public WrappingStore Wrapping { get; private set; } = null!;

    /// <summary>The audit.</summary>
    public AuditRegistry Audit { get; private set; } = null!;

    /// <summary>The storage of all cubbyholes: one folder per token, named by its keyed hash.</summary>
    public Storage Cubbyholes { get; private set; } = null!;

    /// <summary>Cancelled when streams of events must end: the node seals or stops.</summary>
    public CancellationToken StreamsEnd { get; }

    internal Storage TokenStorage { get; }

    internal Storage Data { get; }

    internal WrapJwt WrapTokens { get; private set; } = null!;

    /// <summary>Builds everything over an open barrier and starts the chores. Reads no leases and no
    /// secrets.</summary>
    internal static async ValueTask<Unsealed> OpenAsync(Node node, Barrier.Barrier barrier, CancellationToken ct)
    {
        var core = barrier.View("kernel/");
        var feed = await ChangeFeed.OpenAsync(node.Store, node.Clock, node.Log, ct);
        var clusterId = await ClusterIdAsync(core, ct);
        var kernel = new Unsealed(node, barrier, clusterId) { Feed = feed };
        var hashKey = await TokenStore.LoadKeyAsync(core, "token-hash-key", ct);
        var batchKey = await TokenStore.LoadKeyAsync(core, "batch-token-key", ct);
        kernel.State = new StateIndex(feed, clusterId, hashKey);
        kernel.Tokens = new TokenStore(kernel, kernel.TokenStorage, hashKey, batchKey);
        kernel.Leases = new LeaseStore(kernel, barrier.View("lease/"));
        kernel.Policies = new PolicyStore(core.Sub("policy/"));
        kernel.Identity = new IdentityStore(kernel, barrier.View("identity/"));
        kernel.Wrapping = new WrappingStore(kernel);
        kernel.Quotas = await QuotaStore.LoadAsync(kernel, core.Sub("quota/"), ct);
        kernel.Cors = await CorsStore.LoadAsync(core, ct);
        kernel.PasswordPolicies = new PasswordPolicyStore(core.Sub("password-policy/"));
        // A store of one process has one set of chains, whatever machine it is moved to.
        var writer = node.Store.IsShared ? node.Settings.NodeId : "alone";
        kernel.Audit = await AuditRegistry.OpenAsync(core.Sub("audit/"), writer, node.Clock,
            node.Parts.Sinks(node.Settings), new AuditBounds { Patience = node.Settings.AuditPatience },
            text => node.Log.Note(LogLevel.Error, text), ct);
        try
        {
            await kernel.OpenMountsAsync(core, ct);
            return kernel;
        }
        catch
        {
            // Whoever tries again must find no audit file open.
            await kernel.Audit.DisposeAsync();
            throw;
        }
    }

    private async ValueTask OpenMountsAsync(Storage core, CancellationToken ct)
    {
        _wrapKey = await LoadWrapKeyAsync(core, ct);
        WrapTokens = new WrapJwt(_wrapKey, () => Node.Settings.ApiAddress, Node.Clock);
        Mounts = new MountRegistry(this, core, Data);
        await BuiltInMounts.EnsureAsync(this, core, ct);
        await Mounts.LoadAsync(ct);
        Cubbyholes = Mounts.Current.At("cubbyhole/")?.Storage
            ?? throw new MalformedRecordException("the built-in mount cubbyhole/ is missing");
        Feed.Start(Coherence.FollowersOf(this));
        _membership = new Membership(this);
        _chores = new ChoreRunner(this, _membership.Leadership, _stopping.Token);
    }

    /// <summary>Stops the chores, closes the audit, zeroes the keys.</summary>
    public async ValueTask DisposeAsync()
    {
        await _streams.CancelAsync();
        await _stopping.CancelAsync();
        if (_chores is not null) await _chores.DisposeAsync();
        if (_membership is not null) await _membership.DisposeAsync();
        await Feed.DisposeAsync();
        Rekey.Dispose();
        RecoveryRekey.Dispose();
        RootGeneration.Dispose();
        await Audit.DisposeAsync();
        _wrapKey?.Dispose();
        Barrier.Dispose();
        _stopping.Dispose();
        _streams.Dispose();
    }

    /// <summary>Ends the streams of events, whose requests would otherwise be waited for when the node stops.</summary>
    internal void EndStreams() => _streams.Cancel();

    private static async ValueTask<string> ClusterIdAsync(Storage core, CancellationToken ct) =>
        new Guid((await TokenStore.LoadKeyAsync(core, "cluster-id", ct)).AsSpan(0, 16)).ToString();

    private static async ValueTask<ECDsa> LoadWrapKeyAsync(Storage core, CancellationToken ct)
    {
        var pkcs8 = await core.TransactAsync(async tx =>
        {
            if (await tx.GetAsync("wrap-jwt-key") is { } known) return known.Span.ToArray();
            using var made = ECDsa.Create(ECCurve.NamedCurves.nistP521);
            var bytes = made.ExportPkcs8PrivateKey();
            tx.Put("wrap-jwt-key", bytes);
            return bytes;
        }, ct);
        var key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(pkcs8, out _);
        CryptographicOperations.ZeroMemory(pkcs8);
        return key;
    }
}
