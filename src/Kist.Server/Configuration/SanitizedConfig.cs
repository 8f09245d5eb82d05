using System.Text.Json;
using Kist.Kernel.Pipeline;

namespace Kist.Server.Configuration;

/// <summary>
/// The configuration as <c>sys/config/state/sanitized</c> shows it: without anything that could be a secret.
/// </summary>
public static class SanitizedConfig
{
    /// <summary>One JSON object.</summary>
    public static ReadOnlyMemory<byte> Write(ServerConfig config)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, Response.JsonOptions))
        {
            json.WriteStartObject();
            json.WriteString("api_addr", config.ApiAddress);
            json.WriteString("cluster_addr", config.ClusterAddress);
            json.WriteString("cluster_name", config.ClusterName ?? "");
            json.WriteNumber("default_lease_ttl", (long)config.DefaultLeaseTtl.TotalSeconds);
            json.WriteNumber("max_lease_ttl", (long)config.MaxLeaseTtl.TotalSeconds);
            json.WriteBoolean("disable_mlock", config.DisableMlock);
            json.WriteString("log_format", config.LogsJson ? "json" : "standard");
            json.WriteString("log_level", config.LogLevel.ToString().ToLowerInvariant());
            json.WriteStartArray("listeners");
            foreach (var listener in config.Listeners)
            {
                json.WriteStartObject();
                json.WriteString("type", "tcp");
                json.WriteStartObject("config");
                json.WriteString("address", listener.EndPoint.ToString());
                json.WriteBoolean("tls_disable", !listener.UsesTls);
                json.WriteEndObject();
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteStartArray("seals");
            json.WriteStartObject();
            json.WriteString("type", config.Seal.Type);
            json.WriteBoolean("disabled", false);
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteStartObject("storage");
            json.WriteString("type", config.Storage.Type);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return buffer.ToArray();
    }
}
