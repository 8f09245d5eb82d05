using Kist.Kernel.Pipeline;

namespace Kist.Kernel.Audit;

/// <summary>
/// Sends every entry to every enabled sink. An entry counts as written when at least one sink took it; when sinks are
/// enabled and none did, the request must fail. With no sink enabled there is no audit and nothing fails.
/// </summary>
public sealed class AuditBroker : IAsyncDisposable
{
    // A line buffer of one thread is kept between entries unless one entry made it larger than this.
    private const int MaxKeptBuffer = 262_144;

    [ThreadStatic]
    private static LineBuffer? t_buffer;

    private readonly AuditSigner _signer;
    private readonly TimeProvider _time;
    private readonly AuditBounds _bounds;
    private readonly Action<string> _log;
    private readonly SemaphoreSlim _changing = new(1);
    private AuditLane[] _lanes = [];
    private AuditedHeaders _headers = AuditedHeaders.None;

    /// <summary>A broker without sinks.</summary>
    /// <param name="signer">Signs checkpoints; the broker disposes it.</param>
    /// <param name="time">The clock.</param>
    /// <param name="bounds">Limits of each sink's queue; null: the defaults.</param>
    /// <param name="log">Takes one line when a sink fails or works again.</param>
    public AuditBroker(AuditSigner signer, TimeProvider time, AuditBounds? bounds = null, Action<string>? log = null)
    {
        _signer = signer;
        _time = time;
        _bounds = bounds ?? new AuditBounds();
        _log = log ?? (static _ => { });
    }

    /// <summary>The enabled sinks.</summary>
    public IReadOnlyList<AuditSinkEntry> Sinks => Array.ConvertAll(Volatile.Read(ref _lanes), lane => lane.Entry);

    /// <summary>How each enabled sink is doing, and why.</summary>
    public IReadOnlyList<AuditSinkHealth> Health => Array.ConvertAll(Volatile.Read(ref _lanes), lane => lane.Health());

    /// <summary>
    /// For each sink the last line that a signature covers. Kept outside of the log, it proves later that the log's
    /// tail was not cut off.
    /// </summary>
    public IReadOnlyList<(AuditSinkEntry Sink, ChainHead? Signed)> Anchors =>
        Array.ConvertAll(Volatile.Read(ref _lanes), lane => (lane.Entry, lane.Signed));

    /// <summary>The request headers that entries show.</summary>
    public IReadOnlyList<AuditedHeader> Headers
    {
        get => Volatile.Read(ref _headers).All;
        set => Volatile.Write(ref _headers, new AuditedHeaders(value));
    }

    /// <summary>The public key that checkpoints are signed with, as PEM.</summary>
    public string PublicKeyPem => _signer.PublicKeyPem;

    /// <summary>Writes the entry of a request, before its work. A fault when no sink took it.</summary>
    public ValueTask<Fault?> WriteRequestAsync(in AuditEntry entry) => WriteAsync(entry, default, EntryKind.Request);

    /// <summary>Writes the entry of an answer, before it leaves. A fault when no sink took it.</summary>
    public ValueTask<Fault?> WriteResponseAsync(in AuditEntry entry) => WriteAsync(entry, default, EntryKind.Response);

    /// <summary>
    /// Writes both entries of a request whose work changes nothing, in one go, before the answer leaves. A fault when
    /// no sink took them.
    /// </summary>
    public ValueTask<Fault?> WritePairAsync(in AuditEntry request, in AuditEntry response) =>
        WriteAsync(request, response, EntryKind.Pair);

    /// <summary>The keyed hash of <paramref name="input"/> in the sink's lines; null when there is no such
    /// sink.</summary>
    public string? Hash(string path, string input)
    {
        foreach (var lane in Volatile.Read(ref _lanes))
        {
            if (lane.Entry.Path != path) continue;
            using var text = new LineBuffer(128);
            lane.Format.Key.Write(text, input);
            return System.Text.Encoding.ASCII.GetString(text.Written);
        }
        return null;
    }

    /// <summary>
    /// Starts to write to <paramref name="sink"/>, which the broker then owns. Writes a checkpoint and Vault's test
    /// entry first; a fault when the options are wrong, the name is taken or the medium does not take the entry.
    /// </summary>
    /// <param name="entry">Name, options and hash key.</param>
    /// <param name="sink">The medium.</param>
    /// <param name="known">Where the chain was last known to stand; null: unknown.</param>
    /// <param name="ct">Ends the attempt.</param>
    public async ValueTask<Fault?> EnableAsync(
        AuditSinkEntry entry, IAuditSink sink, ChainHead? known = null, CancellationToken ct = default)
    {
        await _changing.WaitAsync(ct);
        try
        {
            if (AuditFormat.TryCreate(entry, out var fault) is not { } format) return fault;
            if (Array.Exists(_lanes, lane => lane.Entry.Path == entry.Path))
                return Fault.Invalid($"path already in use: {entry.Path}");
            var writer = new LaneWriter(entry.Path, format, sink, _signer, _bounds, _time);
            var lane = new AuditLane(entry, format, writer, _bounds, _time, _log);
            if (await lane.OpenAsync(known, ct) is { } failure)
                return Fault.Invalid($"sanity check failed; unable to open {entry.Path}: {failure.Message}");
            if (!await WriteTestEntryAsync(lane))
            {
                await lane.CloseAsync();
                return Fault.Invalid($"sanity check failed; {entry.Path} does not take entries");
            }
            Volatile.Write(ref _lanes, [.. _lanes, lane]);
            return null;
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Ends a sink with a last checkpoint; where its chain stands then, or null when there is no such
    /// sink.</summary>
    public async ValueTask<ChainHead?> DisableAsync(string path)
    {
        await _changing.WaitAsync();
        try
        {
            var lane = Array.Find(_lanes, lane => lane.Entry.Path == path);
            if (lane is null) return null;
            Volatile.Write(ref _lanes, Array.FindAll(_lanes, other => other != lane));
            return await lane.CloseAsync();
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Opens every sink's medium again, for log rotation. The exceptions of those that failed are
    /// logged.</summary>
    public async ValueTask ReopenAsync()
    {
        foreach (var lane in Volatile.Read(ref _lanes))
            if (await lane.OrderAsync(LaneOrderKind.Reopen) is { } failure)
                _log($"audit sink {lane.Entry.Path} could not be opened again: {failure.Message}");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var lane in Interlocked.Exchange(ref _lanes, [])) await lane.CloseAsync();
        _signer.Dispose();
    }

    private async ValueTask<bool> WriteTestEntryAsync(AuditLane lane)
    {
        RequestPath.TryCreate("sys/audit/test", out var path, out _);
        var request = new Request { Id = Guid.NewGuid(), Operation = Operation.Update, Path = path };
        var entry = new AuditEntry { Request = request, Time = _time.GetUtcNow() };
        return await Append(lane, entry, default, EntryKind.Request) is null;
    }

    private ValueTask<Fault?> WriteAsync(in AuditEntry first, in AuditEntry second, EntryKind kind)
    {
        var lanes = Volatile.Read(ref _lanes);
        if (lanes.Length == 0) return default;
        return lanes.Length > 1
            ? WriteToAllAsync(lanes, first, second, kind)
            : Append(lanes[0], first, second, kind);
    }

    private ValueTask<Fault?> Append(
        AuditLane lane, in AuditEntry first, in AuditEntry second, EntryKind kind)
    {
        var buffer = t_buffer ??= new LineBuffer(4096);
        buffer.Truncate(0);
        var headers = Volatile.Read(ref _headers);
        if (kind is EntryKind.Pair) AuditLines.WritePair(buffer, lane.Format, headers, first, second);
        else if (kind is EntryKind.Request) AuditLines.WriteRequest(buffer, lane.Format, headers, first);
        else AuditLines.WriteResponse(buffer, lane.Format, headers, first);
        var written = lane.AppendAsync(buffer.Written, kind is EntryKind.Pair ? 2 : 1, Refused(kind));
        buffer.Reset(MaxKeptBuffer, lane.Format.Raw);
        return written;
    }

    private ValueTask<Fault?> WriteToAllAsync(
        AuditLane[] lanes, in AuditEntry first, in AuditEntry second, EntryKind kind)
    {
        var writes = new ValueTask<Fault?>[lanes.Length];
        for (var i = 0; i < lanes.Length; i++)
            writes[i] = Append(lanes[i], first, second, kind);
        return AnyAsync(writes, kind);
    }

    private static async ValueTask<Fault?> AnyAsync(ValueTask<Fault?>[] writes, EntryKind kind)
    {
        var any = false;
        foreach (var write in writes) any |= await write is null;
        return any ? null : Refused(kind);
    }

    private static readonly Fault s_responseRefused = Fault.Internal(
        "failed to audit response, cannot continue: no audit sink took the entry (sys/health says why)");

    private static readonly Fault s_requestRefused = Fault.Internal(
        "failed to audit request, cannot continue: no audit sink took the entry (sys/health says why)");

    private static Fault Refused(EntryKind kind) => kind is EntryKind.Response ? s_responseRefused : s_requestRefused;

    private enum EntryKind
    {
        Request,
        Response,
        Pair,
    }
}
