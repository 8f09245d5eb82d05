using Kist.Kernel.Barrier;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;

namespace Kist.Server.Engines.Kv;

/// <summary>Keyed fingerprints of the values below a path, for <c>kist scan --known</c>: see
/// docs/decisions/known-values.md for what they reveal.</summary>
internal sealed partial class VersionedEngine
{
    /// <summary>Most secrets that one answer looks at.</summary>
    private const int MostFingerprinted = 1_000;

    private async ValueTask<Response> FingerprintAsync(Call call)
    {
        var below = call.Get(s_path).TrimEnd('/');
        var limit = (int)Math.Clamp(call.Get(s_limit), 0, MostFingerprinted);
        if (limit == 0) limit = MostFingerprinted;
        var names = await _folder.Secrets.ScanAsync(below, call.Get(s_after), limit, call.Aborted);
        using var page = new FingerprintPage();
        foreach (var name in names)
        {
            // prod is the secret of this name and all below it, but not production.
            var isWithin = below.Length == 0 || name.Length == below.Length || name[below.Length] == '/';
            if (isWithin && MayFingerprint(call, name)) await FingerprintAsync(page, name, call.Aborted);
        }
        return page.Answer(names.Count < limit ? null : names[^1]);
    }

    // The right is one of its own, and asked for each secret: a policy that denies fingerprints/NAME holds here.
    private static bool MayFingerprint(Call call, string path) => call.Caller.Acl.Check(
        Operation.Read, $"{call.Mount.Path}fingerprints/{path}", default, wrapTtl: null).Allowed;

    // Every version that can still be read may have been copied somewhere.
    private async ValueTask FingerprintAsync(FingerprintPage page, string path, CancellationToken ct)
    {
        using var plain = await _folder.Secrets.GetAsync(path, ct);
        if (plain is null) return;
        var record = SecretRecord.Read(plain.Memory);
        page.BeginSecret();
        foreach (var version in record.Versions)
        {
            if (!version.IsReadableAt(Now)) continue;
            if (ReferenceEquals(version, record.Current))
                page.Add(path, version.Number, version.Kind, record.Payload.Span);
            else if (version.Kept is { } kept) page.Add(path, version.Number, version.Kind, kept.Span);
            else await AddOlderAsync(page, path, record, version, ct);
        }
    }

    private async ValueTask AddOlderAsync(
        FingerprintPage page, string path, SecretRecord record, SecretVersion version, CancellationToken ct)
    {
        using var older = await _folder.Older.GetAsync(VersionPayload.Key(record.Id, version.Number), ct);
        if (older is not null)
            page.Add(path, version.Number, version.Kind, VersionPayload.Open(older.Memory).Span);
    }
}
