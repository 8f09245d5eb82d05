using System.Globalization;
using System.Runtime.InteropServices;
using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;

namespace Kist.Server.Engines.Sys;

/// <summary>What the node tells of itself: version history, configuration, host, replication.</summary>
internal sealed class NodeInfoPaths
{
    private readonly Unsealed _kernel;

    public NodeInfoPaths(Unsealed kernel)
    {
        _kernel = kernel;
        Routes =
        [
            // Only as a folder: the recorded contract answers 404 to a read.
            new(Operation.List, "version-history/", VersionsAsync, "Lists the versions that ran on this store"),
            new(Operation.Read, "config/state/sanitized", ConfigAsync, "Reads the configuration without secrets"),
            new(Operation.Read, "host-info", HostAsync, "Reads about the machine"),
            new(Operation.Read, "seal-backend-status", SealAsync, "Reads how the seal does"),
            new(Operation.Read, "in-flight-req", InFlightAsync, "Lists requests that are being answered"),
            new(Operation.Read, "ha-status", NodesAsync, "Lists the nodes on this store"),
            new(Operation.Read, "experiments", ExperimentsAsync, "Lists experiments"),
            new(Operation.Read, "replication/status", ReplicationAsync, "Reads about replication")
                { Access = Access.Open },
            new(Operation.Read, "replication/performance/status", ReplicationAsync, "Reads about replication")
                { Access = Access.Open },
            new(Operation.Read, "replication/dr/status", ReplicationAsync, "Reads about replication")
                { Access = Access.Open },
        ];
    }

    public IReadOnlyList<Route> Routes { get; }

    private ValueTask<Response> VersionsAsync(Call call)
    {
        var version = _kernel.Node.Parts.Version;
        return new(Response.Json(json =>
        {
            json.WriteTexts("keys", [version]);
            json.WriteStartObject("key_info");
            json.WriteStartObject(version);
            json.WriteString("build_date", GoTime.Zero);
            json.WriteNull("previous_version");
            json.WriteString("timestamp_installed",
                GoTime.Format(_kernel.Node.UnsealedAt ?? _kernel.Clock.GetUtcNow()));
            json.WriteEndObject();
            json.WriteEndObject();
        }));
    }

    private ValueTask<Response> ConfigAsync(Call call)
    {
        var settings = _kernel.Settings;
        if (settings.Sanitized.Length > 0)
        {
            var data = new Secrets.SecretWriter();
            data.Write(settings.Sanitized.Span);
            return new(Response.Of(data));
        }
        return new(Response.Json(json =>
        {
            json.WriteString("api_addr", settings.ApiAddress);
            json.WriteString("cluster_addr", settings.ClusterAddress);
            json.WriteString("cluster_name", settings.ClusterName ?? "");
            json.WriteSeconds("default_lease_ttl", settings.DefaultLeaseTtl);
            json.WriteSeconds("max_lease_ttl", settings.MaxLeaseTtl);
            json.WriteStartObject("storage");
            json.WriteString("type", settings.StorageType);
            json.WriteEndObject();
        }));
    }

    private ValueTask<Response> HostAsync(Call call) => new(Response.Json(json =>
    {
        var memory = GC.GetGCMemoryInfo();
        json.WriteString("timestamp", GoTime.Format(_kernel.Clock.GetUtcNow()));
        json.WriteStartObject("host");
        json.WriteString("hostname", Environment.MachineName);
        json.WriteString("os", OperatingSystem.IsLinux() ? "linux" : OperatingSystem.IsMacOS() ? "darwin" : "other");
        json.WriteString("platformVersion", Environment.OSVersion.VersionString);
        json.WriteString("kernelArch", RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant());
        json.WriteNumber("uptime", Environment.TickCount64 / 1000);
        json.WriteEndObject();
        json.WriteStartObject("memory");
        json.WriteNumber("total", memory.TotalAvailableMemoryBytes);
        json.WriteNumber("used", memory.MemoryLoadBytes);
        json.WriteEndObject();
        json.WriteStartArray("cpu");
        for (var i = 0; i < Environment.ProcessorCount; i++)
        {
            json.WriteStartObject();
            json.WriteNumber("cpu", i);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }));

    private async ValueTask<Response> SealAsync(Call call)
    {
        var stored = await _kernel.Node.StoredRootKeyAsync(call.Aborted);
        return Response.Json(json =>
        {
            json.WriteBoolean("healthy", true);
            json.WriteStartArray("backends");
            json.WriteStartObject();
            json.WriteString("name", stored?.Config.Type ?? "");
            json.WriteBoolean("healthy", true);
            json.WriteEndObject();
            json.WriteEndArray();
        });
    }

    /// <summary>All of them are active: each serves reads and writes.</summary>
    private async ValueTask<Response> NodesAsync(Call call)
    {
        var nodes = await _kernel.Roster.AllAsync(call.Aborted);
        return Response.Json(json =>
        {
            json.WriteStartArray("nodes");
            foreach (var node in nodes)
            {
                json.WriteStartObject();
                json.WriteString("hostname", node.HostName);
                json.WriteString("api_address", node.ApiAddress);
                json.WriteString("cluster_address", node.ClusterAddress);
                json.WriteBoolean("active_node", true);
                json.WriteString("last_echo", GoTime.Format(node.LastEcho));
                json.WriteString("version", node.Version);
                json.WriteString("upgrade_version", node.Version);
                json.WriteString("redundancy_zone", "");
                json.WriteEndObject();
            }
            json.WriteEndArray();
        });
    }

    /// <summary>None but this one, which answers as it is asked.</summary>
    private static ValueTask<Response> InFlightAsync(Call call) => new(Response.Json(static _ => { }));

    private static ValueTask<Response> ExperimentsAsync(Call call) => new(Response.Json(json =>
    {
        json.WriteTexts("available", []);
        json.WriteTexts("enabled", []);
    }));

    private static ValueTask<Response> ReplicationAsync(Call call) =>
        new(Response.Json(json => json.WriteString("mode", "disabled")));
}
