using System.Text.Json;
using Kist.Client.Http;

namespace Kist.Client.Api;

/// <summary>How a server is.</summary>
/// <param name="IsInitialized">Whether it was set up.</param>
/// <param name="IsSealed">Whether it is sealed: it answers nothing then.</param>
/// <param name="IsStandby">Whether another one does the work.</param>
/// <param name="Version">Its version.</param>
public sealed record ServerHealth(bool IsInitialized, bool IsSealed, bool IsStandby, string Version);

/// <summary>A mount as the server lists it.</summary>
/// <param name="Path">With its last slash.</param>
/// <param name="Type">Which engine or login method: <c>kv</c>.</param>
/// <param name="Description">What people wrote to it.</param>
/// <param name="Accessor">Its accessor.</param>
/// <param name="Options">The engine's own: <c>version</c> of kv.</param>
public sealed record MountInfo(string Path, string Type, string Description, string Accessor,
    IReadOnlyDictionary<string, string> Options);

/// <summary>The server itself: <c>sys</c>.</summary>
public sealed class SysApi
{
    private readonly KistClient _client;

    internal SysApi(KistClient client) => _client = client;

    /// <summary>How the server is. It answers without a token, and when it is sealed.</summary>
    public async Task<ServerHealth> HealthAsync(CancellationToken ct = default)
    {
        using var answer = await _client.SendAsync(new ApiRequest(HttpMethod.Get, "sys/health")
        {
            IsAnonymous = true, Query = "standbyok=true&perfstandbyok=true&sealedcode=200&uninitcode=200",
        }, ct);
        var health = answer.Body;
        return new ServerHealth(health.Member("initialized").IsTrue(), health.Member("sealed").IsTrue(),
            health.Member("standby").IsTrue(), health.Member("version").Text() ?? "");
    }

    /// <summary>The secrets engines.</summary>
    public Task<IReadOnlyList<MountInfo>> MountsAsync(CancellationToken ct = default) => MountsAsync("sys/mounts", ct);

    /// <summary>The login methods.</summary>
    public Task<IReadOnlyList<MountInfo>> AuthMountsAsync(CancellationToken ct = default) =>
        MountsAsync("sys/auth", ct);

    /// <summary>Enables a secrets engine.</summary>
    public Task MountAsync(string path, string type, IReadOnlyDictionary<string, string>? options = null,
        string? description = null, CancellationToken ct = default) =>
        EnableAsync(ApiPath.Join("sys/mounts", path), type, options, description, ct);

    /// <summary>Enables a login method.</summary>
    public Task MountAuthAsync(string path, string type, string? description = null, CancellationToken ct = default) =>
        EnableAsync(ApiPath.Join("sys/auth", path), type, null, description, ct);

    /// <summary>Disables a secrets engine, and deletes all that it holds.</summary>
    public Task UnmountAsync(string path, CancellationToken ct = default) =>
        _client.DeleteAsync(ApiPath.Join("sys/mounts", path), ct);

    /// <summary>Disables a login method; its tokens end.</summary>
    public Task UnmountAuthAsync(string path, CancellationToken ct = default) =>
        _client.DeleteAsync(ApiPath.Join("sys/auth", path), ct);

    /// <summary>Changes how long a mount's tokens and leases live; <paramref name="mount"/> is <c>auth/NAME</c> for a
    /// login method.</summary>
    public async Task TuneAsync(string mount, TimeSpan? defaultDuration, TimeSpan? maxDuration,
        CancellationToken ct = default) =>
        (await _client.WriteAsync(ApiPath.Join("sys/mounts", mount, "tune"), json =>
        {
            if (defaultDuration is { } usual) json.WriteString("default_lease_ttl", $"{(long)usual.TotalSeconds}s");
            if (maxDuration is { } most) json.WriteString("max_lease_ttl", $"{(long)most.TotalSeconds}s");
        }, null, ct)).Dispose();

    /// <summary>The names of the policies.</summary>
    public Task<IReadOnlyList<string>> PoliciesAsync(CancellationToken ct = default) =>
        _client.ListAsync("sys/policies/acl", ct);

    /// <summary>The text of a policy; null when there is none.</summary>
    public async Task<string?> PolicyAsync(string name, CancellationToken ct = default)
    {
        using var answer = await _client.ReadAsync(ApiPath.Join("sys/policies/acl", name), ct);
        return answer?.Data.Member("policy").Text();
    }

    /// <summary>Writes a policy.</summary>
    public async Task WritePolicyAsync(string name, string policy, CancellationToken ct = default) =>
        (await _client.WriteAsync(ApiPath.Join("sys/policies/acl", name), json => json.WriteString("policy", policy),
            null, ct)).Dispose();

    /// <summary>Deletes a policy.</summary>
    public Task DeletePolicyAsync(string name, CancellationToken ct = default) =>
        _client.DeleteAsync(ApiPath.Join("sys/policies/acl", name), ct);

    /// <summary>What this client's token may do at a path: <c>read</c>, <c>update</c>, …, or <c>deny</c>.</summary>
    public async Task<IReadOnlyList<string>> CapabilitiesAsync(string path, CancellationToken ct = default)
    {
        using var answer = await _client.WriteAsync("sys/capabilities-self", json =>
        {
            json.WriteStartArray("paths");
            json.WriteStringValue(path);
            json.WriteEndArray();
        }, null, ct);
        return answer.Data.Member(path).Texts();
    }

    private async Task<IReadOnlyList<MountInfo>> MountsAsync(string path, CancellationToken ct)
    {
        using var answer = await _client.SendAsync(new ApiRequest(HttpMethod.Get, path), ct);
        return answer.Data.ValueKind != JsonValueKind.Object ? [] :
        [
            .. answer.Data.EnumerateObject().Select(m => new MountInfo(
                m.Name, m.Value.Member("type").Text() ?? "", m.Value.Member("description").Text() ?? "",
                m.Value.Member("accessor").Text() ?? "", Options(m.Value.Member("options")))),
        ];
    }

    internal static Dictionary<string, string> Options(JsonElement options) =>
        options.ValueKind != JsonValueKind.Object ? []
            : options.EnumerateObject().ToDictionary(o => o.Name, o => o.Value.Text() ?? o.Value.GetRawText());

    private async Task EnableAsync(string path, string type, IReadOnlyDictionary<string, string>? options,
        string? description, CancellationToken ct)
    {
        using var answer = await _client.WriteAsync(path, json =>
        {
            json.WriteString("type", type);
            if (description is not null) json.WriteString("description", description);
            if (options is null) return;
            json.WriteStartObject("options");
            foreach (var (name, value) in options) json.WriteString(name, value);
            json.WriteEndObject();
        }, null, ct);
    }
}
