using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;
using Kist.Secrets;

namespace Kist.Server.Engines.Kv;

internal sealed partial class VersionedEngine
{
    /// <summary>Room for the frame around a payload, so that the answer's buffer is rented once.</summary>
    private const int FrameBytes = 256;

    /// <summary>The hot path: one get, then the answer is written from the record's bytes into the buffer that is
    /// sent.</summary>
    private async ValueTask<Response> ReadDataAsync(Call call)
    {
        using var plain = await _folder.Secrets.GetRecentAsync(call.Get(s_path), call.Aborted);
        if (plain is null) return Response.None;
        var number = call.Get(s_version);
        return number <= 0 || IsCurrent(plain.Span, number)
            ? AnswerCurrent(plain.Span, "data"u8, -1, madeOf: plain.Revision)
            : await AnswerOlderAsync(plain, number, isSubkeys: false, 0, call.Aborted);
    }

    private async ValueTask<Response> ReadSubkeysAsync(Call call)
    {
        using var plain = await _folder.Secrets.GetRecentAsync(call.Get(s_path), call.Aborted);
        if (plain is null) return Response.None;
        var number = call.Get(s_version);
        var depth = Math.Max(0, call.Get(s_depth));
        return number <= 0 || IsCurrent(plain.Span, number)
            ? AnswerCurrent(plain.Span, "subkeys"u8, depth)
            : await AnswerOlderAsync(plain, number, isSubkeys: true, depth, call.Aborted);
    }

    private static bool IsCurrent(ReadOnlySpan<byte> record, long number) =>
        new SecretView(record).CurrentVersion == number;

    /// <summary>Depth -1: the values too.</summary>
    private Response AnswerCurrent(ReadOnlySpan<byte> record, ReadOnlySpan<byte> name, long depth, long madeOf = 0)
    {
        var secret = new SecretView(record);
        return secret.TryCurrent(out var version)
            ? Answer(version, secret.CustomMetadata, secret.Payload, name, depth, madeOf)
            : Response.None;
    }

    private Response Answer(in VersionView version, ReadOnlySpan<byte> custom, ReadOnlySpan<byte> payload,
        ReadOnlySpan<byte> name, long depth, long madeOf = 0)
    {
        var isReadable = version.IsReadableAt(Now.UtcTicks);
        if (!isReadable) payload = default;
        var data = new SecretWriter(payload.Length + custom.Length + FrameBytes);
        if (depth < 0 && version.Kind is PayloadKind.Map)
        {
            KvJson.WriteVersion(data, name, payload, version, custom);
        }
        else
        {
            using var shown = new SecretWriter(payload.Length + FrameBytes);
            if (isReadable) KvJson.WriteMap(shown, payload, version.Kind);
            using var subkeys = new SecretWriter(payload.Length + FrameBytes);
            if (isReadable && depth >= 0) KvJson.WriteSubkeys(subkeys, shown.WrittenSpan, depth);
            KvJson.WriteVersion(data, name, depth < 0 ? shown.WrittenSpan : subkeys.WrittenSpan, version, custom);
        }
        return isReadable ? Response.Of(data, madeOf) : NotFoundWith(data);
    }

    private async ValueTask<Response> AnswerOlderAsync(
        Kernel.Barrier.Plain plain, long number, bool isSubkeys, long depth, CancellationToken ct)
    {
        if (AnswerKept(plain.Span, number, isSubkeys, depth) is { } kept) return kept;
        if (KeyOfOlder(plain.Span, number) is not { } key) return Response.None;
        using var older = await _folder.Older.GetRecentAsync(key, ct);
        return AnswerOlder(plain.Span, number, older is null ? default : older.Memory, isSubkeys, depth);
    }

    /// <summary>The answer when the record itself holds the older payload; null: it has to be fetched.</summary>
    private Response? AnswerKept(ReadOnlySpan<byte> record, long number, bool isSubkeys, long depth)
    {
        var secret = new SecretView(record);
        if (!secret.TryFind(number, out var version) || !version.IsKept) return null;
        return isSubkeys
            ? Answer(version, secret.CustomMetadata, version.Kept, "subkeys"u8, depth)
            : Answer(version, secret.CustomMetadata, version.Kept, "data"u8, -1);
    }

    private static string? KeyOfOlder(ReadOnlySpan<byte> record, long number)
    {
        var secret = new SecretView(record);
        return secret.TryFind(number, out _) ? VersionPayload.Key(secret.Id, number) : null;
    }

    private Response AnswerOlder(
        ReadOnlySpan<byte> record, long number, ReadOnlyMemory<byte> older, bool isSubkeys, long depth)
    {
        var secret = new SecretView(record);
        secret.TryFind(number, out var version);
        // Destroyed or pushed out between the two reads: as if it had been gone at the first.
        if (older.IsEmpty && version.IsReadableAt(Now.UtcTicks)) return Response.None;
        var payload = older.IsEmpty ? default : VersionPayload.Open(older).Span;
        return isSubkeys
            ? Answer(version, secret.CustomMetadata, payload, "subkeys"u8, depth)
            : Answer(version, secret.CustomMetadata, payload, "data"u8, -1);
    }
}
