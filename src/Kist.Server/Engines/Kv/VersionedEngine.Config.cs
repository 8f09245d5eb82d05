using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;

namespace Kist.Server.Engines.Kv;

internal sealed partial class VersionedEngine
{
    private async ValueTask<Response> ReadConfigAsync(Call call)
    {
        var config = await ConfigAsync(call.Aborted);
        return Response.Json(json =>
        {
            json.WriteBoolean("cas_required", config.CasRequired);
            json.WriteString("delete_version_after", GoDuration.Format(config.DeleteVersionAfter));
            json.WriteNumber("max_versions", config.MaxVersions);
        });
    }

    private async ValueTask<Response> WriteConfigAsync(Call call)
    {
        await _folder.Storage.TransactAsync(async tx =>
        {
            var config = await tx.GetAsync(KvConfig.Key) is { } stored ? KvConfig.Read(stored.Span) : default;
            if (call.Has(s_casRequired)) config = config with { CasRequired = call.Get(s_casRequired) };
            if (call.Has(s_maxVersions))
                config = config with { MaxVersions = unchecked((uint)call.Get(s_maxVersions)) };
            if (call.Has(s_deleteAfter))
            {
                var after = call.Get(s_deleteAfter);
                config = config with { DeleteVersionAfter = after < TimeSpan.Zero ? KvConfig.Off : after };
            }
            tx.Put(KvConfig.Key, config.ToBytes());
        }, call.Aborted);
        return Response.None;
    }
}
