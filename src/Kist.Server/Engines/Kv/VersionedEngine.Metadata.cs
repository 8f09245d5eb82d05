using System.Globalization;
using System.Text.Json;
using Kist.Kernel.Barrier;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;
using Kist.Secrets;

namespace Kist.Server.Engines.Kv;

internal sealed partial class VersionedEngine
{
    private const string CasMandated =
        "\"cas_required\" set to false, but is mandated by backend config. This value will be ignored.";

    private async ValueTask<Response> ReadMetadataAsync(Call call)
    {
        using var plain = await _folder.Secrets.GetRecentAsync(call.Get(s_path), call.Aborted);
        if (plain is null) return Response.None;
        var record = SecretRecord.Read(plain.Memory);
        return Response.Json(json => WriteMetadata(json, record));
    }

    private ValueTask<Response> ListAsync(Call call) =>
        _folder.ListAsync(call.Get(s_path), call.Get(s_after), call.Get(s_limit), call.Aborted);

    /// <summary>
    /// OpenBao's list with <c>key_info</c>. It tells nobody more of a secret than reading its metadata would.
    /// </summary>
    private async ValueTask<Response> ListDetailedAsync(Call call)
    {
        var folder = call.Get(s_path);
        if (folder.Length > 0 && !folder.EndsWith('/')) folder += "/";
        var names = await _folder.Secrets.ListAsync(
            folder, call.Get(s_after), (int)Math.Clamp(call.Get(s_limit), 0, int.MaxValue), call.Aborted);
        if (names.Count == 0) return Response.None;
        var data = new SecretWriter();
        var json = new Utf8JsonWriter(data, Response.JsonOptions);
        json.WriteStartObject();
        json.WriteStartArray("keys");
        foreach (var name in names) json.WriteStringValue(name);
        json.WriteEndArray();
        json.WriteStartObject("key_info");
        foreach (var name in names.Where(name => !name.EndsWith('/') && MayReadMetadata(call, folder + name)))
        {
            using var plain = await _folder.Secrets.GetAsync(folder + name, call.Aborted);
            if (plain is null) continue;
            json.WriteStartObject(name);
            WriteMetadata(json, SecretRecord.Read(plain.Memory));
            json.WriteEndObject();
        }
        json.WriteEndObject();
        json.WriteEndObject();
        await json.DisposeAsync();
        return new Response().With(data);
    }

    private static bool MayReadMetadata(Call call, string path) => call.Caller.Acl.Check(
        Operation.Read, $"{call.Mount.Path}metadata/{path}", default, wrapTtl: null).Allowed;

    private async ValueTask<Response> WriteMetadataAsync(Call call)
    {
        if (CheckSettings(call) is { } invalid) return invalid;
        byte[] custom = [];
        if (call.Has(s_custom) && CustomMetadata.TryWrite(call.Get(s_custom), out custom) is { } wrong) return wrong;
        var hasSettings = HasSettings(call);
        var answer = await WarnedAsync(call);
        if (!hasSettings && !call.Has(s_custom)) return answer;
        var path = call.Get(s_path);
        var fault = await _folder.Storage.TransactAsync(async tx =>
        {
            var stored = await tx.GetAsync(SecretFolder.SecretKey(path));
            if (stored is null && !hasSettings)
            {
                // Vault's older clients rely on notes alone not making a secret, so they wait for it.
                if (custom.Length == 0) tx.Delete(SecretFolder.PendingKey(path));
                else tx.Put(SecretFolder.PendingKey(path), custom);
                return null;
            }
            var record = stored is null ? await NewAsync(tx, path, Now) : SecretRecord.Read(stored.Memory);
            if (call.Has(s_custom)) record.CustomMetadata = custom;
            Apply(call, record);
            return TryStore(tx, path, record);
        }, call.Aborted);
        return fault is null ? answer : fault;
    }

    private async ValueTask<Response> PatchMetadataAsync(Call call)
    {
        if (CheckSettings(call) is { } invalid) return invalid;
        var answer = await WarnedAsync(call);
        var path = call.Get(s_path);
        var fault = await _folder.Storage.TransactAsync<Fault?>(async tx =>
        {
            if (await tx.GetAsync(SecretFolder.SecretKey(path)) is not { } stored) return Fault.NotFound;
            var record = SecretRecord.Read(stored.Memory);
            if (call.Has(s_customPatch))
            {
                var patch = call.Get(s_customPatch);
                if (CustomMetadata.TryMerge(record.CustomMetadata.Span, patch, out var custom) is { } wrong)
                    return wrong;
                record.CustomMetadata = custom;
            }
            Apply(call, record);
            return TryStore(tx, path, record);
        }, call.Aborted);
        return fault is null ? answer : fault;
    }

    /// <summary>
    /// Removes a secret with all its payloads. More versions than one batch can take go first, oldest first, each batch
    /// leaving a whole secret behind.
    /// </summary>
    private async ValueTask<Response> DeleteMetadataAsync(Call call)
    {
        var path = call.Get(s_path);
        while (!await _folder.Storage.TransactAsync(tx => RemoveAsync(tx, path), call.Aborted))
        {
        }
        return Response.None;
    }

    private static async ValueTask<bool> RemoveAsync(Transaction tx, string path)
    {
        tx.Delete(SecretFolder.PendingKey(path));
        if (await tx.GetAsync(SecretFolder.SecretKey(path)) is not { } stored) return true;
        var record = SecretRecord.Read(stored.Memory);
        foreach (var gone in record.Sweep(SweepPerWrite)) tx.Delete(SecretFolder.OlderKey(record.Id, gone));
        if (record.IsSwept)
            foreach (var version in record.TakeOldest(SweepPerWrite).Where(version => version.Kept is null))
                tx.Delete(SecretFolder.OlderKey(record.Id, version.Number));
        if (record.IsSwept && record.Versions.Count <= 1)
        {
            tx.Delete(SecretFolder.SecretKey(path));
            return true;
        }
        return TryStore(tx, path, record) is null ? false : throw new MalformedRecordException("size");
    }

    private static bool HasSettings(Call call) =>
        call.Has(s_casRequired) || call.Has(s_maxVersions) || call.Has(s_deleteAfter);

    private static Fault? CheckSettings(Call call) => call.Get(s_deleteAfter) >= TimeSpan.Zero
        ? null
        : Fault.Invalid("Field validation failed: error converting input for field \"delete_version_after\": "
            + "cannot provide negative value");

    private static void Apply(Call call, SecretRecord record)
    {
        if (call.Has(s_casRequired)) record.CasRequired = call.Get(s_casRequired);
        if (call.Has(s_maxVersions)) record.MaxVersions = unchecked((uint)call.Get(s_maxVersions));
        if (call.Has(s_deleteAfter)) record.DeleteVersionAfter = call.Get(s_deleteAfter);
    }

    private async ValueTask<Response> WarnedAsync(Call call)
    {
        if (!call.Has(s_casRequired) || call.Get(s_casRequired)) return Response.None;
        return (await ConfigAsync(call.Aborted)).CasRequired ? new Response().Warn(CasMandated) : Response.None;
    }

    private static void WriteMetadata(Utf8JsonWriter json, SecretRecord record)
    {
        json.WriteBoolean("cas_required", record.CasRequired);
        json.WriteString("created_time", GoTime.Format(record.Created));
        json.WriteNumber("current_version", record.CurrentVersion);
        json.WritePropertyName("custom_metadata");
        if (record.CustomMetadata.IsEmpty) json.WriteNullValue();
        else json.WriteRawValue(record.CustomMetadata.Span, skipInputValidation: true);
        json.WriteString("delete_version_after", GoDuration.Format(record.DeleteVersionAfter));
        json.WriteNumber("max_versions", record.MaxVersions);
        json.WriteNumber("oldest_version", record.OldestVersion);
        json.WriteString("updated_time", GoTime.Format(record.Updated));
        json.WriteStartObject("versions");
        for (var i = record.Versions.Count - 1; i >= 0; i--)
        {
            var version = record.Versions[i];
            json.WriteStartObject(version.Number.ToString(CultureInfo.InvariantCulture));
            json.WriteString("created_time", GoTime.Format(version.Created));
            json.WriteString("deletion_time", version.Deletion is { } at ? GoTime.Format(at) : "");
            json.WriteBoolean("destroyed", version.IsDestroyed);
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }
}
