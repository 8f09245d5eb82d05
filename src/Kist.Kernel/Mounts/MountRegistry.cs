using System.Security.Cryptography;
using System.Text.Json;
using Kist.Kernel.Barrier;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;

namespace Kist.Kernel.Mounts;

/// <summary>
/// Makes, changes, moves and removes mounts. The table that requests read is swapped whole after each change; every
/// change is one guarded batch, serialised over all nodes by a generation key.
/// </summary>
public sealed class MountRegistry
{
    private const string EntryPrefix = "mounts/";
    private const string GenerationKey = "mounts-generation";

    private readonly Node.Unsealed _kernel;
    private readonly Storage _core;
    private readonly Storage _data;
    private readonly SemaphoreSlim _changing = new(1, 1);
    private MountTable _current = MountTable.Empty;
    private long _generation = -1;       // the revision of the generation key that the table was built from

    internal MountRegistry(Node.Unsealed kernel, Storage core, Storage data)
    {
        _kernel = kernel;
        _core = core;
        _data = data;
    }

    /// <summary>The mounts as requests see them now.</summary>
    public MountTable Current => Volatile.Read(ref _current);

    /// <summary>The life of a lease or token that asks for none.</summary>
    public TimeSpan DefaultTtl(MountEntry entry) =>
        entry.DefaultLeaseTtl > TimeSpan.Zero ? entry.DefaultLeaseTtl
            : Min(_kernel.Settings.DefaultLeaseTtl, MaxTtl(entry));

    /// <summary>The longest life of a lease or token.</summary>
    public TimeSpan MaxTtl(MountEntry entry) =>
        entry.MaxLeaseTtl > TimeSpan.Zero ? entry.MaxLeaseTtl : _kernel.Settings.MaxLeaseTtl;

    /// <summary>Reads all entries and builds the table; engines of entries that did not change are kept.</summary>
    public async ValueTask LoadAsync(CancellationToken ct)
    {
        await _changing.WaitAsync(ct);
        try
        {
            await ReloadAsync(ct);
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Where changes of the mounts show, for those who wait for them.</summary>
    internal string GenerationStoreKey => _core.Prefix + GenerationKey;

    /// <summary>Builds the table again if any node has changed a mount since this one built it.</summary>
    internal async ValueTask FollowAsync(CancellationToken ct)
    {
        await _changing.WaitAsync(ct);
        try
        {
            if (await GenerationAsync(ct) != _generation) await ReloadAsync(ct);
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Mounts an engine. The entry's uuid and accessor are made here when empty.</summary>
    public async ValueTask<Fault?> EnableAsync(MountEntry entry, CancellationToken ct)
    {
        if (!_kernel.Engines.TryGetValue((entry.Type, entry.IsLogin), out var kind))
            return Fault.Invalid($"plugin not found in the catalog: {entry.Type}");
        await _changing.WaitAsync(ct);
        try
        {
            entry = WithIdentity(entry);
            do
            {
                await ReloadAsync(ct);
                if (Current.InTheWayOf(entry.Path) is { } other)
                    return Fault.Invalid($"path is already in use at {Shown(other.Entry)}");
                if (kind.Create(new EngineContext(entry, DataOf(entry), _kernel)) is not { } engine)
                    return Fault.Invalid($"nil backend of type \"{entry.Type}\" returned from factory");
                if (await engine.ConfigureAsync(entry, ct) is { } fault) return fault;
            }
            while (!await TryStoreAsync(entry, ct));
            await ReloadAsync(ct);
            return null;
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>
    /// Unmounts: first nobody reaches it any more, then its leases are revoked and its data deleted, then the entry
    /// goes. A crash in between leaves a tainted entry, and the next start goes on.
    /// </summary>
    public async ValueTask<Fault?> DisableAsync(string path, CancellationToken ct)
    {
        if (Current.At(path) is not { } mount) return null;
        await ChangeAsync(mount.Entry with { Tainted = true }, ct);
        await PurgeAsync(mount, ct);
        return null;
    }

    /// <summary>Replaces an entry after the engine has agreed to it.</summary>
    public async ValueTask<Fault?> TuneAsync(MountEntry entry, CancellationToken ct)
    {
        if (Current.WithUuid(entry.Uuid) is not { } mount) return Fault.Invalid("no mount entry found");
        if (await mount.Engine.ConfigureAsync(entry, ct) is { } fault) return fault;
        await ChangeAsync(entry, ct);
        return null;
    }

    /// <summary>Moves a mount. Its leases are revoked, since their ids begin with the old path.</summary>
    public async ValueTask<Fault?> RemountAsync(string from, string to, CancellationToken ct)
    {
        if (Current.At(from) is not { } mount) return Fault.Invalid($"no matching mount at \"{from}\"");
        if (InTheWayOf(mount, to) is { } taken) return taken;
        await _kernel.Leases.RevokePrefixAsync(from, force: false, ct);
        await _changing.WaitAsync(ct);
        try
        {
            do
            {
                await ReloadAsync(ct);
                if (InTheWayOf(mount, to) is { } other) return other;
                if (Current.WithUuid(mount.Entry.Uuid) is not { Entry.Tainted: false } now || now.Path != from)
                    return Fault.Invalid($"no matching mount at \"{from}\"");
                mount = now;
            }
            while (!await TryStoreAsync(mount.Entry with { Path = to }, ct));
            await ReloadAsync(ct);
            return null;
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Goes on with removals that a crash interrupted.</summary>
    public async ValueTask FinishRemovalsAsync(CancellationToken ct)
    {
        foreach (var mount in Current.All.Where(m => m.Entry.Tainted).ToList()) await PurgeAsync(mount, ct);
    }

    /// <summary>A mount can move up to where it lies in, but not below itself.</summary>
    private Fault? InTheWayOf(Mount mount, string path) =>
        Current.InTheWayOf(path, path.StartsWith(mount.Path, StringComparison.Ordinal) ? null : mount) is { } other
            ? Fault.Invalid($"existing mount at \"{other.Path}\"")
            : null;

    private async ValueTask PurgeAsync(Mount mount, CancellationToken ct)
    {
        await _kernel.Leases.RevokePrefixAsync(mount.Path, force: true, ct);
        await _data.Sub(mount.Entry.Uuid + "/").DeleteAllAsync("", ct);
        await _core.TransactAsync(async tx =>
        {
            await tx.GetAsync(GenerationKey);
            Bump(tx);
            tx.Delete(EntryPrefix + mount.Entry.Uuid);
        }, ct);
        await LoadAsync(ct);
    }

    private async ValueTask ChangeAsync(MountEntry entry, CancellationToken ct)
    {
        await _changing.WaitAsync(ct);
        try
        {
            await StoreAsync(entry, ct);
            await ReloadAsync(ct);
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>
    /// Stores an entry that was checked against the table as it is; false when another node has changed a mount since
    /// then, so that the check says nothing.
    /// </summary>
    private ValueTask<bool> TryStoreAsync(MountEntry entry, CancellationToken ct)
    {
        var checkedAgainst = _generation;
        return _core.TransactAsync(async tx =>
        {
            if (((await tx.GetAsync(GenerationKey))?.Revision ?? 0) != checkedAgainst) return false;
            Put(tx, entry);
            return true;
        }, ct);
    }

    private ValueTask StoreAsync(MountEntry entry, CancellationToken ct) => _core.TransactAsync(async tx =>
    {
        await tx.GetAsync(GenerationKey);
        Put(tx, entry);
    }, ct);

    /// <summary>
    /// Two nodes that change mounts at once have read the same generation, so one of them starts over.
    /// </summary>
    private static void Put(Transaction tx, MountEntry entry)
    {
        Bump(tx);
        tx.Put(EntryPrefix + entry.Uuid, JsonSerializer.SerializeToUtf8Bytes(entry, KernelJson.Default.MountEntry));
    }

    private static void Bump(Transaction tx) => tx.Put(GenerationKey, RandomNumberGenerator.GetBytes(16));

    private async ValueTask<long> GenerationAsync(CancellationToken ct)
    {
        using var stored = await _core.GetAsync(GenerationKey, ct);
        return stored?.Revision ?? 0;
    }

    private async ValueTask ReloadAsync(CancellationToken ct)
    {
        // Read first: a table that is older than it says would never be built again.
        var generation = await GenerationAsync(ct);
        var mounts = new List<Mount>();
        for (var after = ""; ;)
        {
            var keys = await _core.ScanAsync(EntryPrefix, after, 500, ct);
            foreach (var key in keys)
            {
                using var plain = await _core.GetAsync(key, ct);
                if (plain is null) continue;
                var entry = JsonSerializer.Deserialize(plain.Span, KernelJson.Default.MountEntry)!;
                if (Build(entry) is { } mount) mounts.Add(mount);
            }
            if (keys.Count < 500) break;
            after = keys[^1];
        }
        Volatile.Write(ref _current, new MountTable(mounts));
        _generation = generation;
        _kernel.Log.MountsLoaded(mounts.Count);
    }

    private Mount? Build(MountEntry entry)
    {
        var known = Current.WithUuid(entry.Uuid);
        if (known is not null && SameOptions(known.Entry, entry))
            return new Mount(entry, known.Engine, known.Routes, known.Storage);
        if (!_kernel.Engines.TryGetValue((entry.Type, entry.IsLogin), out var kind)
            || kind.Create(new EngineContext(entry, DataOf(entry), _kernel)) is not { } engine)
        {
            _kernel.Log.EngineMissing(entry.Path, entry.Type);
            return null;
        }
        return new Mount(entry, engine, new RouteTable(engine.Routes), DataOf(entry));
    }

    /// <summary>An engine is made anew when its options change (KV: version 1 becomes 2).</summary>
    private static bool SameOptions(MountEntry a, MountEntry b) =>
        a.Options?.GetValueOrDefault("version") == b.Options?.GetValueOrDefault("version");

    private Storage DataOf(MountEntry entry) => _data.Sub(entry.Uuid + "/");

    private static MountEntry WithIdentity(MountEntry entry) => entry with
    {
        Uuid = entry.Uuid.Length > 0 ? entry.Uuid : Guid.NewGuid().ToString(),
        Accessor = entry.Accessor.Length > 0 ? entry.Accessor : NewAccessor(entry),
    };

    private static string NewAccessor(MountEntry entry) =>
        $"{(entry.IsLogin ? "auth_" : "")}{entry.Type}_{RandomNumberGenerator.GetHexString(8, lowercase: true)}";

    private static string Shown(MountEntry entry) => entry.IsLogin ? entry.Path["auth/".Length..] : entry.Path;

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
