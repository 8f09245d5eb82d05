using Kist.Kernel.Events;
using Kist.Kernel.Mounts;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;
using Kist.Secrets;

namespace Kist.Server.Engines.Kv;

/// <summary>
/// KV version 2 (Vault's API page "KV secrets engine - version 2"): writing adds a version, older ones stay readable
/// until they are destroyed or pushed out. This file is its table of routes and what the parts share; data, metadata,
/// states of versions and settings have a file each.
/// </summary>
internal sealed partial class VersionedEngine : IEngine
{
    private static readonly Field<string> s_path = Fields.Text("path", "Location of the secret.");
    private static readonly Field<long> s_version = Fields.Number("version", "Version to read; 0: the current one.");
    private static readonly Field<ReadOnlyMemory<byte>> s_data = Fields.Json("data", "The map of names and values.");
    private static readonly Field<ReadOnlyMemory<byte>> s_options =
        Fields.Json("options", "Options of the write: cas, the version that it must replace.");
    private static readonly Field<long> s_depth = Fields.Number("depth", "How deep to show names; 0: all.");
    private static readonly Field<IReadOnlyList<long>> s_versions =
        Fields.Numbers("versions", "Numbers of the versions.");
    private static readonly Field<string> s_after = Fields.Text("after", "List only names after this one.");
    private static readonly Field<long> s_limit = Fields.Number("limit", "List at most so many names; 0: all.");
    private static readonly Field<bool> s_casRequired = Fields.Flag("cas_required", "Whether writes must give cas.");
    private static readonly Field<long> s_maxVersions = Fields.Number("max_versions", "How many versions are kept.");
    private static readonly Field<TimeSpan> s_deleteAfter =
        Fields.Duration("delete_version_after", "How long after its writing a version is deleted.");
    private static readonly Field<IReadOnlyDictionary<string, string>> s_custom =
        Fields.Map("custom_metadata", "Notes about the secret: names and texts.");
    private static readonly Field<ReadOnlyMemory<byte>> s_customPatch =
        Fields.Json("custom_metadata", "Changes to the notes about the secret; null removes one.");

    private readonly EngineContext _context;
    private readonly SecretFolder _folder;

    public VersionedEngine(EngineContext context)
    {
        _context = context;
        _folder = new SecretFolder(context.Storage);
        Routes =
        [
            new(Operation.Read, "data/{path...}", ReadDataAsync, "Reads a version of a secret.", s_path, s_version),
            new(Operation.Update, "data/{path...}", WriteDataAsync, "Writes a new version.", s_path, s_data, s_options)
                { Exists = ExistsAsync },
            new(Operation.Patch, "data/{path...}", PatchDataAsync, "Adds a version that changes a part.",
                s_path, s_data, s_options),
            new(Operation.Delete, "data/{path...}", DeleteCurrentAsync, "Deletes the current version.", s_path),
            new(Operation.Read, "subkeys/{path...}", ReadSubkeysAsync, "Shows the names in a version without values.",
                s_path, s_version, s_depth),
            new(Operation.Read, "metadata/{path...}", ReadMetadataAsync, "Reads what is known of a secret.", s_path),
            new(Operation.List, "metadata/{path...}", ListAsync, "Lists the names in a folder.",
                s_path, s_after, s_limit),
            new(Operation.List, "detailed-metadata/{path...}", ListDetailedAsync,
                "Lists the names in a folder with what is known of each secret.", s_path, s_after, s_limit),
            new(Operation.Update, "metadata/{path...}", WriteMetadataAsync, "Sets how a secret is kept.",
                s_path, s_casRequired, s_maxVersions, s_deleteAfter, s_custom) { Exists = ExistsAsync },
            new(Operation.Patch, "metadata/{path...}", PatchMetadataAsync, "Changes a part of how a secret is kept.",
                s_path, s_casRequired, s_maxVersions, s_deleteAfter, s_customPatch),
            new(Operation.Delete, "metadata/{path...}", DeleteMetadataAsync, "Removes a whole secret.", s_path),
            new(Operation.Update, "delete/{path...}", DeleteVersionsAsync, "Deletes versions.", s_path, s_versions),
            new(Operation.Update, "undelete/{path...}", UndeleteAsync, "Brings deleted versions back.",
                s_path, s_versions),
            new(Operation.Update, "destroy/{path...}", DestroyAsync, "Removes the data of versions for ever.",
                s_path, s_versions),
            new(Operation.Read, "fingerprints/{path...}", FingerprintAsync,
                "Makes keyed fingerprints of the values below a path, by which a scan finds copies of them.",
                s_path, s_after, s_limit),
            new(Operation.Read, "config", ReadConfigAsync, "Reads the mount's settings."),
            new(Operation.Update, "config", WriteConfigAsync, "Changes the mount's settings.",
                s_casRequired, s_maxVersions, s_deleteAfter),
            .. Elsewhere("config/{path...}"),
            .. Elsewhere("{path...}"),
        ];
    }

    /// <inheritdoc/>
    public IReadOnlyList<Route> Routes { get; }

    private DateTimeOffset Now => _context.Kernel.Clock.GetUtcNow();

    /// <inheritdoc/>
    public ValueTask<Fault?> ConfigureAsync(MountEntry entry, CancellationToken ct) =>
        new(KvKinds.VersionOf(entry.Type, entry.Options) switch
        {
            "2" => null,
            "1" => Fault.Invalid("cannot downgrade mount from version 2"),
            _ => KvKinds.UnknownVersion,
        });

    /// <inheritdoc/>
    public string? PathOfKey(string key) => SecretFolder.PathOfKey(key) is { } path ? "data/" + path : null;

    /// <inheritdoc/>
    public async ValueTask<ChangeEvent?> DescribeChangeAsync(string key, CancellationToken ct)
    {
        using var plain = await _folder.Secrets.GetAsync(SecretFolder.PathOfKey(key)!, ct);
        if (plain is null) return new ChangeEvent("kv-v2/metadata-delete", PathOfKey(key)!);
        if (!new SecretView(plain.Span).TryCurrent(out var current))
            return new ChangeEvent("kv-v2/metadata-write", PathOfKey(key)!, 0);
        var readable = SecretVersion.From(current, null).IsReadableAt(Now);
        return new ChangeEvent(
            readable ? "kv-v2/data-write" : "kv-v2/data-delete", PathOfKey(key)!, current.Number);
    }

    /// <summary>All other paths, which people reach who think of version 1: 404 with a word on what to do.</summary>
    private static Route[] Elsewhere(string pattern)
    {
        const string summary = "Tells that this is a versioned mount.";
        return
        [
            new(Operation.Read, pattern, RefusePath, summary, s_path),
            new(Operation.List, pattern, RefusePath, summary, s_path),
            new(Operation.Update, pattern, RefusePath, summary, s_path),
            new(Operation.Delete, pattern, RefusePath, summary, s_path),
        ];
    }

    private static ValueTask<Response> RefusePath(Call call) => new(new Response { Status = 404 }.Warn(
        "Invalid path for a versioned K/V secrets engine: data lies under data/, names and settings under metadata/. "
        + "On the command line use \"kist get\", or \"vault kv get\" with Vault's."));

    private async ValueTask<bool> ExistsAsync(Probe probe)
    {
        using var plain = await _folder.Secrets.GetRecentAsync(probe.Captures[0], probe.Aborted);
        return plain is not null;
    }

    private async ValueTask<KvConfig> ConfigAsync(CancellationToken ct)
    {
        using var plain = await _folder.Storage.GetAsync(KvConfig.Key, ct);
        return plain is null ? default : KvConfig.Read(plain.Span);
    }

    private static Response NotFoundWith(SecretWriter data) => new Response { Status = 404 }.With(data);

    private static Fault? TryStore(Kernel.Barrier.Transaction tx, string path, SecretRecord record)
    {
        using var bytes = new SecretWriter(record.Payload.Length + 512);
        record.WriteTo(bytes);
        if (bytes.WrittenCount > Kernel.Barrier.Storage.MaxValueBytes) return SecretFolder.TooLarge(bytes.WrittenCount);
        tx.Put(SecretFolder.SecretKey(path), bytes.WrittenSpan);
        return null;
    }
}
