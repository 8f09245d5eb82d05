using System.Text.Json;
using Kist.Kernel.Barrier;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;
using Kist.Secrets;

namespace Kist.Server.Engines.Kv;

internal sealed partial class VersionedEngine
{
    /// <summary>How many leftover payload records one write removes, so that its batch stays within the store's
    /// limit.</summary>
    private const int SweepPerWrite = 48;

    /// <summary>How many older payloads one write moves into records of their own.</summary>
    private const int MovedPerWrite = 16;

    private static readonly Field<long> s_cas = Fields.Number("cas", "The version that the write must replace.");

    private ValueTask<Response> WriteDataAsync(Call call) => AddVersionAsync(call, isPatch: false);

    private ValueTask<Response> PatchDataAsync(Call call) => AddVersionAsync(call, isPatch: true);

    private async ValueTask<Response> AddVersionAsync(Call call, bool isPatch)
    {
        if (!call.Has(s_data)) return Fault.Invalid("no data provided");
        if (TryMap(call.Get(s_data), out var map) is { } notMap) return notMap;
        if (TryCas(call.Get(s_options), out var cas) is { } notCas) return notCas;
        var path = call.Get(s_path);
        var written = await _folder.Storage.TransactAsync(
            tx => AddVersionAsync(tx, path, map, isPatch, cas), call.Aborted);
        if (written.Fault is not null) return written.Fault;
        var data = new SecretWriter(FrameBytes + written.Custom.Length);
        var version = written.Version!;
        KvJson.WriteFacts(data, version.Created.UtcTicks, version.Deletion?.UtcTicks ?? 0, version.IsDestroyed,
            version.Number, written.Custom);
        return written.IsGone ? NotFoundWith(data) : Response.Of(data);
    }

    private async ValueTask<Written> AddVersionAsync(
        Transaction tx, string path, ReadOnlyMemory<byte> map, bool isPatch, long? cas)
    {
        var now = Now;
        var config = await tx.GetAsync(KvConfig.Key) is { } settings ? KvConfig.Read(settings.Span) : default;
        var stored = await tx.GetAsync(SecretFolder.SecretKey(path));
        if (stored is null && isPatch) return Fault.NotFound;
        var record = stored is null ? await NewAsync(tx, path, now) : SecretRecord.Read(stored.Memory);
        if (CheckCas(record, config, cas) is { } refused) return refused;
        if (isPatch && record.Current is null) return Fault.NotFound;
        if (isPatch && record.Current is { } current && !current.IsReadableAt(now))
            return new Written(null, current, record.CustomMetadata.ToArray(), IsGone: true);

        using var payload = new SecretWriter(Math.Max(16, map.Length));
        if (isPatch) WritePatched(record, map, payload);
        else KvJson.Compact(map.Span, payload);
        var former = record.Current;
        var formerPayload = record.Payload;
        var deletion = config.DeletionOf(record, now);
        var added = record.Add(payload.WrittenMemory, now, deletion, config.MaxVersionsOf(record));
        if (former is not null)
            foreach (var (number, outgrown) in record.Keep(former, formerPayload, MovedPerWrite))
            {
                using var older = VersionPayload.Seal(outgrown.Span);
                tx.Put(SecretFolder.OlderKey(record.Id, number), older.Span);
            }
        foreach (var gone in record.Sweep(SweepPerWrite)) tx.Delete(SecretFolder.OlderKey(record.Id, gone));
        return TryStore(tx, path, record) is { } tooLarge
            ? tooLarge
            : new Written(null, added, record.CustomMetadata.ToArray(), IsGone: false);
    }

    /// <summary>The record of a secret that does not exist yet, with the notes that were made before it.</summary>
    private static async ValueTask<SecretRecord> NewAsync(Transaction tx, string path, DateTimeOffset now)
    {
        var record = SecretRecord.New(now);
        var key = SecretFolder.PendingKey(path);
        if (await tx.GetAsync(key) is not { } pending) return record;
        record.CustomMetadata = pending.Memory;
        tx.Delete(key);
        return record;
    }

    private static void WritePatched(SecretRecord record, ReadOnlyMemory<byte> patch, SecretWriter output)
    {
        using var current = new SecretWriter(record.Payload.Length + FrameBytes);
        KvJson.WriteMap(current, record.Payload.Span, record.Current!.Kind);
        MergePatch.Apply(current.WrittenSpan, JsonOrEmpty(patch).Span, output);
    }

    private static Fault? CheckCas(SecretRecord record, KvConfig config, long? cas)
    {
        if (cas is null)
            return config.CasRequired || record.CasRequired
                ? Fault.Invalid("check-and-set parameter required for this call")
                : null;
        return cas == record.CurrentVersion
            ? null
            : Fault.Invalid("check-and-set parameter did not match the current version");
    }

    /// <summary>The map to write: an object, null (no map at all), or an empty list, which clients send for an empty
    /// map.
    /// </summary>
    private static Fault? TryMap(ReadOnlyMemory<byte> json, out ReadOnlyMemory<byte> map)
    {
        map = json;
        var reader = new Utf8JsonReader(json.Span);
        reader.Read();
        if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.Null) return null;
        map = "{}"u8.ToArray();
        if (reader.TokenType is JsonTokenType.StartArray && reader.Read() && reader.TokenType is JsonTokenType.EndArray)
            return null;
        return Fault.Invalid("Field validation failed: error converting input for field \"data\": expected an object");
    }

    private static ReadOnlyMemory<byte> JsonOrEmpty(ReadOnlyMemory<byte> patch) =>
        patch.Span.StartsWith("{"u8) ? patch : "{}"u8.ToArray();

    /// <summary>Finds <c>cas</c> in the options; null when it is not there.</summary>
    private static Fault? TryCas(ReadOnlyMemory<byte> options, out long? cas)
    {
        cas = null;
        if (options.IsEmpty) return null;
        var reader = new Utf8JsonReader(options.Span);
        reader.Read();
        if (reader.TokenType is JsonTokenType.Null) return null;
        if (reader.TokenType is not JsonTokenType.StartObject)
            return Fault.Invalid(
                "Field validation failed: error converting input for field \"options\": expected an object");
        while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
        {
            var isCas = reader.ValueTextEquals("cas"u8);
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            if (!isCas) continue;
            var value = new FieldValue(options[start..(int)reader.BytesConsumed], null);
            if (!s_cas.Parse(value, out var number, out _))
                return Fault.Invalid("error parsing check-and-set parameter");
            cas = number;
        }
        return null;
    }

    /// <summary>What a write came to: a fault, or the version that is current now. <paramref name="IsGone"/>: nothing
    /// was written, because the current version is deleted or destroyed.</summary>
    private readonly record struct Written(Fault? Fault, SecretVersion? Version, byte[] Custom, bool IsGone)
    {
        public static implicit operator Written(Fault fault) => new(fault, null, [], false);
    }
}
