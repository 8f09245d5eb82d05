using System.Text.Json;
using Kist.Kernel.Barrier;
using Kist.Kernel.Events;
using Kist.Kernel.Mounts;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;
using Kist.Secrets;

namespace Kist.Server.Engines.Kv;

/// <summary>KV version 1 (Vault's API page "KV secrets engine - version 1"): a path holds one map, and writing
/// replaces it.</summary>
internal sealed class UnversionedEngine : IEngine
{
    private static readonly Field<string> s_path = Fields.Text("path", "Location of the secret.");
    private static readonly Field<string> s_after = Fields.Text("after", "List only names after this one.");
    private static readonly Field<long> s_limit = Fields.Number("limit", "List at most so many names; 0: all.");
    private static readonly Field<TimeSpan> s_ttl = Fields.Duration("ttl", "When to read the secret again.");

    private readonly EngineContext _context;
    private readonly SecretFolder _folder;

    public UnversionedEngine(EngineContext context)
    {
        _context = context;
        _folder = new SecretFolder(context.Storage);
        Routes =
        [
            new(Operation.Read, "{path...}", ReadAsync, "Reads the secret at a path.", s_path),
            new(Operation.List, "{path...}", ListAsync, "Lists the names in a folder.", s_path, s_after, s_limit),
            new(Operation.Update, "{path...}", WriteAsync, "Writes the secret at a path.", s_path)
                { Exists = ExistsAsync },
            new(Operation.Delete, "{path...}", DeleteAsync, "Deletes the secret at a path.", s_path),
        ];
    }

    /// <inheritdoc/>
    public IReadOnlyList<Route> Routes { get; }

    /// <inheritdoc/>
    public ValueTask<Fault?> ConfigureAsync(MountEntry entry, CancellationToken ct) =>
        new(KvKinds.VersionOf(entry.Type, entry.Options) is "1" or "2" ? null : KvKinds.UnknownVersion);

    /// <inheritdoc/>
    public string? PathOfKey(string key) => SecretFolder.PathOfKey(key);

    /// <inheritdoc/>
    public async ValueTask<ChangeEvent?> DescribeChangeAsync(string key, CancellationToken ct)
    {
        using var plain = await _folder.Secrets.GetAsync(PathOfKey(key)!, ct);
        return new ChangeEvent(plain is null ? "kv-v1/delete" : "kv-v1/write", PathOfKey(key)!);
    }

    private async ValueTask<bool> ExistsAsync(Probe probe)
    {
        using var plain = await _folder.Secrets.GetRecentAsync(probe.Captures[0], probe.Aborted);
        return plain is not null;
    }

    private async ValueTask<Response> ReadAsync(Call call)
    {
        using var plain = await _folder.Secrets.GetRecentAsync(call.Get(s_path), call.Aborted);
        return plain is null ? Response.None : Answer(plain, call);
    }

    private Response Answer(Kernel.Barrier.Plain plain, Call call)
    {
        var secret = new SecretView(plain.Span);
        if (!secret.TryCurrent(out var version) || secret.Payload.IsEmpty) return Response.None;
        var data = new SecretWriter(secret.Payload.Length + 16);
        KvJson.WriteMap(data, secret.Payload, version.Kind);
        var ttl = TtlIn(secret.Payload, version.Kind) ?? _context.Kernel.Mounts.DefaultTtl(call.Mount.Entry);
        return new Response { ShownLeaseDuration = ttl, MadeOf = plain.Revision }.With(data);
    }

    /// <summary>The secret's own wish for how long clients keep it: its field <c>ttl</c>, else <c>lease</c>.</summary>
    private static TimeSpan? TtlIn(ReadOnlySpan<byte> payload, PayloadKind kind)
    {
        if (kind is not PayloadKind.Map || (payload.IndexOf("ttl"u8) < 0 && payload.IndexOf("lease"u8) < 0
            && payload.IndexOf((byte)'\\') < 0)) return null;
        var json = new Utf8JsonReader(payload);
        json.Read();
        TimeSpan? lease = null;
        while (json.Read() && json.TokenType is JsonTokenType.PropertyName)
        {
            var isTtl = json.ValueTextEquals("ttl"u8);
            var isWanted = isTtl || json.ValueTextEquals("lease"u8);
            json.Read();
            var start = (int)json.TokenStartIndex;
            json.Skip();
            if (!isWanted) continue;
            // A few bytes of a duration, copied because fields are parsed from memory; a longer text is no duration.
            var text = payload[start..(int)json.BytesConsumed];
            TimeSpan? asked = null;
            if (text.Length <= 64 && s_ttl.Parse(new FieldValue(text.ToArray(), null), out var ttl, out _)) asked = ttl;
            if (isTtl) return asked;
            lease = asked;
        }
        return lease;
    }

    private ValueTask<Response> ListAsync(Call call) =>
        _folder.ListAsync(call.Get(s_path), call.Get(s_after), call.Get(s_limit), call.Aborted);

    private async ValueTask<Response> WriteAsync(Call call)
    {
        var path = call.Get(s_path);
        if (path.Length == 0) return Fault.Invalid("missing path");
        using var payload = KvJson.Compact(call.Request.Body.Span);
        if (payload.WrittenCount <= "{}".Length) return Fault.Invalid("missing data fields");
        using var record = new SecretWriter(payload.WrittenCount + 256);
        SecretRecord.Single(payload.WrittenMemory, _context.Kernel.Clock.GetUtcNow()).WriteTo(record);
        if (record.WrittenCount > Storage.MaxValueBytes) return SecretFolder.TooLarge(record.WrittenCount);
        await _folder.Secrets.PutAsync(path, record.WrittenMemory, call.Aborted);
        return Response.None;
    }

    private async ValueTask<Response> DeleteAsync(Call call)
    {
        if (call.Get(s_path) is { Length: > 0 } path) await _folder.Secrets.DeleteAsync(path, call.Aborted);
        return Response.None;
    }
}
