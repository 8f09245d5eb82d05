using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Kist.Kernel.Barrier;
using Kist.Kernel.Pipeline;

namespace Kist.Kernel.Audit;

/// <summary>An audit sink that was enabled cannot be opened, so nothing may be served.</summary>
public sealed class AuditOpenException(string message) : Exception(message);

/// <summary>Makes the sink of one type from its options, or a fault that says which option is wrong.</summary>
public delegate IAuditSink? AuditSinkMaker(IReadOnlyDictionary<string, string> options, out Fault? fault);

/// <summary>
/// The audit sinks as the barrier keeps them: enabled once, opened again at every unseal. Also keeps the checkpoints'
/// key, the audited headers, and where each chain was last known to stand.
/// </summary>
public sealed class AuditRegistry : IAsyncDisposable
{
    private const string SinkFolder = "sinks/";
    private const string HeadFolder = "heads/";
    private const string SignerKey = "signer";
    private const string HeadersKey = "headers";
    private const string GenerationKey = "sinks-generation";

    private readonly Storage _storage;
    private readonly IReadOnlyDictionary<string, AuditSinkMaker> _makers;

    private readonly ConcurrentDictionary<string, ChainHead> _remembered = new();
    private readonly SemaphoreSlim _changing = new(1, 1);

    private readonly string _writer;
    private readonly TimeProvider _time;
    private readonly TimeSpan _patience;

    private AuditRegistry(Storage storage, string writer, AuditBroker broker,
        IReadOnlyDictionary<string, AuditSinkMaker> makers, TimeProvider time, TimeSpan patience)
    {
        _storage = storage;
        _writer = writer;
        _makers = makers;
        _time = time;
        _patience = patience;
        Broker = broker;
    }

    /// <summary>The broker that the pipeline writes to.</summary>
    public AuditBroker Broker { get; }

    /// <summary>
    /// Opens everything that is stored under <paramref name="storage"/>. A sink that cannot be opened is an exception:
    /// without it requests could pass unseen. <paramref name="writer"/> names who writes these chains: each node has
    /// its own.
    /// </summary>
    public static async ValueTask<AuditRegistry> OpenAsync(Storage storage, string writer, TimeProvider time,
        IReadOnlyDictionary<string, AuditSinkMaker> makers, AuditBounds? bounds, Action<string>? log,
        CancellationToken ct)
    {
        var broker = new AuditBroker(await LoadSignerAsync(storage, ct), time, bounds, log);
        var registry = new AuditRegistry(
            storage, writer, broker, makers, time, (bounds ?? new AuditBounds()).Patience);
        try
        {
            await registry.FollowAsync(ct);
            return registry;
        }
        catch
        {
            // Whoever tries again must find no file open and no timer running.
            await broker.DisposeAsync();
            throw;
        }
    }

    /// <summary>What changes of the registry begin with, for those who wait for them.</summary>
    internal IReadOnlyList<string> StorePrefixes => [_storage.Prefix + SinkFolder, _storage.Prefix + HeadersKey];

    /// <summary>
    /// Opens what is stored and not open, and closes what is not stored any more: another node may have changed it. A
    /// sink that cannot be opened is an exception.
    /// </summary>
    internal async ValueTask FollowAsync(CancellationToken ct)
    {
        await _changing.WaitAsync(ct);
        try
        {
            using (var headers = await _storage.GetAsync(HeadersKey, ct))
                if (headers is not null)
                    Broker.Headers = JsonSerializer.Deserialize(headers.Span, AuditJson.Default.ListAuditedHeader)!;
            var stored = await StoredAsync(_storage, ct);
            foreach (var gone in Broker.Sinks.Where(open => stored.All(entry => entry.Uuid != open.Uuid)))
                await Broker.DisableAsync(gone.Path);
            foreach (var entry in stored)
            {
                if (Broker.Sinks.Any(open => open.Uuid == entry.Uuid)) continue;
                if (await StartAsync(entry, ct) is { } fault)
                    throw new AuditOpenException($"the audit sink {entry.Path} cannot be opened: {fault.Message}");
            }
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>
    /// Enables a sink for good. Its uuid and hash key are made here. A fault when the type is unknown, an option is
    /// wrong, the name is taken or the medium does not take entries; nothing is stored then.
    /// </summary>
    public async ValueTask<Fault?> EnableAsync(AuditSinkEntry entry, CancellationToken ct)
    {
        entry = entry with
        {
            Path = entry.Path.EndsWith('/') ? entry.Path : entry.Path + "/",
            Uuid = Guid.NewGuid().ToString(),
            HashKey = RandomNumberGenerator.GetBytes(AuditKey.Bytes),
        };
        await _changing.WaitAsync(ct);
        try
        {
            if (await StartAsync(entry, ct) is { } fault) return fault;
            if (await StoreAsync(entry, ct)) return null;
            await Broker.DisableAsync(entry.Path);
            return Fault.Invalid($"path already in use: {entry.Path}");
        }
        catch
        {
            await Broker.DisableAsync(entry.Path);
            throw;
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Disables a sink for good; nothing happens when there is none of this name.</summary>
    public async ValueTask DisableAsync(string path, CancellationToken ct)
    {
        path = path.EndsWith('/') ? path : path + "/";
        await _changing.WaitAsync(ct);
        try
        {
            foreach (var entry in Broker.Sinks)
            {
                if (entry.Path != path) continue;
                await _storage.DeleteAsync(SinkFolder + entry.Uuid, ct);
                await _storage.DeleteAllAsync($"{HeadFolder}{entry.Uuid}/", ct);
                await Broker.DisableAsync(path);
            }
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Sets which request headers entries show.</summary>
    public async ValueTask SetHeadersAsync(IReadOnlyList<AuditedHeader> headers, CancellationToken ct)
    {
        await _changing.WaitAsync(ct);
        try
        {
            await _storage.PutAsync(HeadersKey,
                JsonSerializer.SerializeToUtf8Bytes([.. headers], AuditJson.Default.ListAuditedHeader), ct);
            Broker.Headers = headers;
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>
    /// Remembers in the barrier where each chain stands, so that a log that was cut or restored shows at the next
    /// start. Cheap when nothing happened; meant to be called every minute.
    /// </summary>
    public async ValueTask RememberAsync(CancellationToken ct)
    {
        foreach (var (sink, signed) in Broker.Anchors)
            if (signed is { } head) await RememberAsync(sink, head, ct);
    }

    /// <summary>Ends every chain with a checkpoint, remembers where each stands, and closes the sinks.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var entry in Broker.Sinks)
        {
            if (await Broker.DisableAsync(entry.Path) is not { } head) continue;
            try
            {
                await RememberAsync(entry, head, default);
            }
            catch (Exception e) when (e is Stores.StoreException or SealedException)
            {
                // The head is a second proof; the chain in the file stands without it.
            }
        }
        await Broker.DisposeAsync();
    }

    private async ValueTask RememberAsync(AuditSinkEntry sink, ChainHead head, CancellationToken ct)
    {
        if (_remembered.TryGetValue(sink.Uuid, out var known) && known == head) return;
        var record = JsonSerializer.SerializeToUtf8Bytes(head, AuditJson.Default.ChainHead);
        await _storage.PutAsync(HeadKey(sink), record, ct);
        _remembered[sink.Uuid] = head;
    }

    // Each node writes its own file, so each has its own chain.
    private string HeadKey(AuditSinkEntry sink) => $"{HeadFolder}{sink.Uuid}/{_writer}";

    private async ValueTask<Fault?> StartAsync(AuditSinkEntry entry, CancellationToken ct)
    {
        if (!_makers.TryGetValue(entry.Type, out var maker))
            return Fault.Invalid($"unknown backend type: \"{entry.Type}\"");
        var (sink, fault) = await MakeAsync(maker, entry.Options);
        if (sink is null) return fault;
        ChainHead? known = null;
        using (var head = await _storage.GetAsync(HeadKey(entry), ct))
            if (head is not null) known = JsonSerializer.Deserialize(head.Span, AuditJson.Default.ChainHead);
        fault = await Broker.EnableAsync(entry, sink, known, ct);
        if (fault is not null) await sink.DisposeAsync();
        return fault;
    }

    /// <summary>Opens the medium on a thread of its own: on a dead disk that may never come back.</summary>
    private async Task<(IAuditSink? Sink, Fault? Fault)> MakeAsync(
        AuditSinkMaker maker, IReadOnlyDictionary<string, string> options)
    {
        try
        {
            return await Task.Run(() => (maker(options, out var fault), fault)).WaitAsync(_patience, _time);
        }
        catch (TimeoutException)
        {
            return (null, Fault.Internal("the audit sink's medium cannot be opened: it does not answer"));
        }
    }

    /// <summary>Stores an entry; false when another node has enabled a sink of this name meanwhile.</summary>
    private async ValueTask<bool> StoreAsync(AuditSinkEntry entry, CancellationToken ct)
    {
        var record = JsonSerializer.SerializeToUtf8Bytes(entry, AuditJson.Default.AuditSinkEntry);
        try
        {
            return await _storage.TransactAsync(async tx =>
            {
                // Every node that enables a sink writes this key, so two of them cannot both find the name free.
                await tx.GetAsync(GenerationKey);
                foreach (var other in await StoredAsync(_storage, ct))
                    if (other.Path == entry.Path) return false;
                tx.Put(GenerationKey, RandomNumberGenerator.GetBytes(16));
                tx.Put(SinkFolder + entry.Uuid, record);
                return true;
            }, ct);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(record);
        }
    }

    private static async ValueTask<List<AuditSinkEntry>> StoredAsync(Storage storage, CancellationToken ct)
    {
        var entries = new List<AuditSinkEntry>();
        foreach (var key in await storage.ScanAsync(SinkFolder, "", 0, ct))
        {
            using var stored = await storage.GetAsync(key, ct);
            if (stored is null) continue;
            entries.Add(JsonSerializer.Deserialize(stored.Span, AuditJson.Default.AuditSinkEntry)!);
        }
        return entries;
    }

    private static async ValueTask<AuditSigner> LoadSignerAsync(Storage storage, CancellationToken ct)
    {
        using (var stored = await storage.GetAsync(SignerKey, ct))
            if (stored is not null) return AuditSigner.Import(stored.Span);
        return await storage.TransactAsync(async tx =>
        {
            if (await tx.GetAsync(SignerKey) is { } other) return AuditSigner.Import(other.Span);
            var signer = AuditSigner.Create();
            var key = signer.ExportPrivateKey();
            tx.Put(SignerKey, key);
            CryptographicOperations.ZeroMemory(key);
            return signer;
        }, ct);
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(AuditSinkEntry))]
[JsonSerializable(typeof(List<AuditedHeader>))]
[JsonSerializable(typeof(ChainHead))]
internal sealed partial class AuditJson : JsonSerializerContext;
