using Kist.Kernel.Barrier;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;

namespace Kist.Server.Engines.Kv;

internal sealed partial class VersionedEngine
{
    /// <summary>How many payload records one batch of a destroy removes.</summary>
    private const int DestroyPerBatch = 64;

    private async ValueTask<Response> DeleteCurrentAsync(Call call)
    {
        await ChangeAsync(call, (record, _, now) => record.Current is { } current && TryDelete(current, now));
        return Response.None;
    }

    private ValueTask<Response> DeleteVersionsAsync(Call call) => ChangeVersionsAsync(call, (version, _, _, now) =>
        TryDelete(version, now));

    private ValueTask<Response> UndeleteAsync(Call call) => ChangeVersionsAsync(call, (version, record, config, now) =>
    {
        if (version.IsDestroyed) return false;
        version.Deletion = config.DeletionOf(record, now);
        return true;
    });

    /// <summary>Removes the payloads of versions. Each batch is whole: its versions are marked and their bytes are
    /// gone.</summary>
    private async ValueTask<Response> DestroyAsync(Call call)
    {
        var numbers = call.Get(s_versions);
        if (numbers.Count == 0) return Fault.Invalid("no version number provided");
        var path = call.Get(s_path);
        foreach (var some in numbers.Distinct().Chunk(DestroyPerBatch))
            await _folder.Storage.TransactAsync(tx => DestroyAsync(tx, path, some), call.Aborted);
        return Response.None;
    }

    private static async ValueTask DestroyAsync(Transaction tx, string path, IReadOnlyList<long> numbers)
    {
        if (await tx.GetAsync(SecretFolder.SecretKey(path)) is not { } stored) return;
        var record = SecretRecord.Read(stored.Memory);
        var isChanged = false;
        foreach (var number in numbers)
        {
            if (record.Find(number) is not { IsDestroyed: false } version) continue;
            var hasRecord = version.Kept is null && !ReferenceEquals(version, record.Current);
            record.Destroy(version);
            isChanged = true;
            if (hasRecord) tx.Delete(SecretFolder.OlderKey(record.Id, number));
        }
        if (isChanged && TryStore(tx, path, record) is not null) throw new MalformedRecordException("size");
    }

    /// <summary>A version that is destroyed, or whose time has come already, keeps its deletion time.</summary>
    private static bool TryDelete(SecretVersion version, DateTimeOffset now)
    {
        if (version.IsDestroyed || version.IsDeletedAt(now)) return false;
        version.Deletion = now;
        return true;
    }

    private async ValueTask<Response> ChangeVersionsAsync(
        Call call, Func<SecretVersion, SecretRecord, KvConfig, DateTimeOffset, bool> change)
    {
        var numbers = call.Get(s_versions);
        if (numbers.Count == 0) return Fault.Invalid("no version number provided");
        await ChangeAsync(call, (record, config, now) =>
        {
            var isChanged = false;
            foreach (var number in numbers)
                if (record.Find(number) is { } version) isChanged |= change(version, record, config, now);
            return isChanged;
        });
        return Response.None;
    }

    /// <summary>Runs a change of the record's list and stores it when it says that something changed.</summary>
    private ValueTask ChangeAsync(Call call, Func<SecretRecord, KvConfig, DateTimeOffset, bool> change)
    {
        var path = call.Get(s_path);
        return _folder.Storage.TransactAsync(async tx =>
        {
            if (await tx.GetAsync(SecretFolder.SecretKey(path)) is not { } stored) return;
            var config = await tx.GetAsync(KvConfig.Key) is { } settings ? KvConfig.Read(settings.Span) : default;
            var record = SecretRecord.Read(stored.Memory);
            if (change(record, config, Now) && TryStore(tx, path, record) is not null)
                throw new MalformedRecordException("size");
        }, call.Aborted);
    }
}
