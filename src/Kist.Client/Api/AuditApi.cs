using System.Text.Json;
using Kist.Client.Http;

namespace Kist.Client.Api;

/// <summary>A place that the audit is written to.</summary>
/// <param name="Path">Its name, with the last slash.</param>
/// <param name="Type">Its kind: <c>file</c> …</param>
/// <param name="Options">The kind's own: <c>file_path</c>.</param>
public sealed record AuditDevice(string Path, string Type, IReadOnlyDictionary<string, string> Options);

/// <summary>Where the audit is written to: <c>sys/audit</c>.</summary>
public sealed class AuditApi
{
    private readonly KistClient _client;

    internal AuditApi(KistClient client) => _client = client;

    /// <summary>All places.</summary>
    public async Task<IReadOnlyList<AuditDevice>> DevicesAsync(CancellationToken ct = default)
    {
        using var answer = await _client.SendAsync(new ApiRequest(HttpMethod.Get, "sys/audit"), ct);
        return answer.Data.ValueKind != JsonValueKind.Object ? [] :
        [
            .. answer.Data.EnumerateObject().Select(d => new AuditDevice(
                d.Name, d.Value.Member("type").Text() ?? "", SysApi.Options(d.Value.Member("options")))),
        ];
    }

    /// <summary>Begins to write to a place.</summary>
    public async Task EnableAsync(string path, string type, IReadOnlyDictionary<string, string> options,
        CancellationToken ct = default) =>
        (await _client.WriteAsync(ApiPath.Join("sys/audit", path), json =>
        {
            json.WriteString("type", type);
            json.WriteStartObject("options");
            VersionedKv.Write(json, options);
            json.WriteEndObject();
        }, null, ct)).Dispose();

    /// <summary>Ends writing to a place.</summary>
    public Task DisableAsync(string path, CancellationToken ct = default) =>
        _client.DeleteAsync(ApiPath.Join("sys/audit", path), ct);
}
