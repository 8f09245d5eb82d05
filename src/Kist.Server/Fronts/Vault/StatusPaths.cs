using System.Globalization;
using System.Text.Json;
using Kist.Kernel.Audit;
using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;

namespace Kist.Server.Fronts.Vault;

/// <summary><c>sys/health</c>, <c>sys/seal-status</c>, <c>sys/leader</c>: what load balancers and people look
/// at.</summary>
internal sealed class StatusPaths(Node node)
{
    private const int Active = 200, Standby = 429, NotInitialized = 501, Sealed = 503;

    public NodePath[] All =>
    [
        new("sys/health") { Get = HealthAsync, AnswersHead = true },
        new("sys/seal-status") { Get = SealStatusAsync },
        new("sys/leader") { Get = LeaderAsync },
        // Every node serves every request, so there is nobody to step down for; Vault says the same to everyone.
        new("sys/step-down") { Put = _ => new(Response.None) },
    ];

    /// <summary>The answer of <c>sys/seal-status</c>, which unseal gives too.</summary>
    public static async ValueTask<Response> SealStatusAsync(Node node, CancellationToken ct)
    {
        var status = await node.StatusAsync(ct);
        return Response.Json(json =>
        {
            json.WriteString("type", status.Type);
            json.WriteBoolean("initialized", status.IsInitialized);
            json.WriteBoolean("sealed", status.Kernel is null);
            json.WriteNumber("t", status.Split.Threshold);
            json.WriteNumber("n", status.Split.Shares);
            json.WriteNumber("progress", status.Progress.Given);
            json.WriteString("nonce", status.Progress.Nonce);
            json.WriteString("version", node.Parts.Version);
            json.WriteString("build_date", GoTime.Zero);
            json.WriteBoolean("migration", status.IsMigrating);
            WriteCluster(json, status.Kernel);
            json.WriteBoolean("recovery_seal", status.IsRecovery);
            if (status.IsRecovery) json.WriteString("recovery_seal_type", "shamir");
            json.WriteString("storage_type", node.Settings.StorageType);
        });
    }

    private ValueTask<Response> SealStatusAsync(NodeCall call) => SealStatusAsync(node, call.Aborted);

    /// <summary>
    /// The status code says the state, and a client may ask for other codes. A node whose storage does not answer is a
    /// standby, as one of Vault's is that has lost its storage: load balancers then use the others. The codes for
    /// disaster recovery are accepted and never used: no node is in that state.
    /// </summary>
    private async ValueTask<Response> HealthAsync(NodeCall call)
    {
        int active = Active, standby = Standby, notInitialized = NotInitialized, @sealed = Sealed, unused = 0;
        if (!TryCode(call, "activecode", ref active) || !TryCode(call, "uninitcode", ref notInitialized)
            || !TryCode(call, "sealedcode", ref @sealed) || !TryCode(call, "standbycode", ref standby)
            || !TryCode(call, "drsecondarycode", ref unused) || !TryCode(call, "performancestandbycode", ref unused))
            return new Fault(FaultKind.Invalid, null);
        if (!TryFlag(call, "standbyok", out var isStandbyOk) || !TryFlag(call, "perfstandbyok", out _))
            return new Fault(FaultKind.Invalid, null);
        var kernel = node.Current;
        var isInitialized = kernel is not null || await node.IsInitializedAsync(call.Aborted);
        var isCutOff = kernel is { Feed.IsConfirmed: false };
        if (isStandbyOk) standby = active;
        return new Response
        {
            Status = isCutOff ? standby : kernel is not null ? active : isInitialized ? @sealed : notInitialized,
        }.WithJson(json => WriteHealth(json, isInitialized, kernel, isCutOff));
    }

    // Nothing at all is false.
    private static bool TryFlag(NodeCall call, string name, out bool value)
    {
        var text = RequestReader.Query(call.Query, name);
        var said = string.IsNullOrEmpty(text) ? false : GoBool.Parse(text);
        value = said is true;
        return said is not null;
    }

    private void WriteHealth(Utf8JsonWriter json, bool isInitialized, Unsealed? kernel, bool isCutOff)
    {
        var replication = kernel is null ? "unknown" : "disabled";
        json.WriteBoolean("initialized", isInitialized);
        json.WriteBoolean("sealed", kernel is null);
        json.WriteBoolean("standby", kernel is null || isCutOff);
        json.WriteBoolean("performance_standby", false);
        json.WriteString("replication_performance_mode", replication);
        json.WriteString("replication_dr_mode", replication);
        json.WriteNumber("server_time_utc", node.Clock.GetUtcNow().ToUnixTimeSeconds());
        json.WriteString("version", node.Parts.Version);
        WriteCluster(json, kernel);
        if (kernel is not null) WriteProblems(json, kernel.Audit.Broker.Health, isCutOff);
    }

    /// <summary>
    /// Why requests fail, while they do: a field that Vault does not have and that is absent in good health. Nobody has
    /// been authenticated here, so it has no names.
    /// </summary>
    private static void WriteProblems(Utf8JsonWriter json, IReadOnlyList<AuditSinkHealth> sinks, bool isCutOff)
    {
        if (!isCutOff && sinks.All(sink => sink.State is AuditSinkState.Working)) return;
        json.WriteStartArray("problems");
        if (isCutOff) json.WriteStringValue("the storage does not answer");
        foreach (var sink in sinks)
            if (sink.State is not AuditSinkState.Working)
                json.WriteStringValue($"an audit sink takes no entries: {sink.Reason}");
        json.WriteEndArray();
    }

    /// <summary>
    /// What Vault says where storage has no locking between nodes; on a shared store every node serves every request,
    /// so each names itself.
    /// </summary>
    private ValueTask<Response> LeaderAsync(NodeCall call)
    {
        var isShared = node.Store.IsShared;
        var kernel = node.Current;
        if (isShared && kernel is null) return new(Fault.Sealed);
        var settings = isShared ? node.Settings : null;
        return new(Response.Json(json =>
        {
            json.WriteBoolean("ha_enabled", isShared);
            json.WriteBoolean("is_self", isShared);
            json.WriteString("active_time", isShared && node.UnsealedAt is { } since ? GoTime.Format(since)
                : GoTime.Zero);
            json.WriteString("leader_address", settings?.ApiAddress ?? "");
            json.WriteString("leader_cluster_address", settings?.ClusterAddress ?? "");
            json.WriteBoolean("performance_standby", false);
            json.WriteNumber("performance_standby_last_remote_wal", 0);
        }));
    }

    private static void WriteCluster(Utf8JsonWriter json, Unsealed? kernel)
    {
        if (kernel is null) return;
        json.WriteString("cluster_name", kernel.ClusterName);
        json.WriteString("cluster_id", kernel.ClusterId);
    }

    private static bool TryCode(NodeCall call, string name, ref int code)
    {
        if (RequestReader.Query(call.Query, name) is not { } text) return true;
        if (!int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var asked)
            || asked is < 200 or > 999) return false;
        code = asked;
        return true;
    }
}
