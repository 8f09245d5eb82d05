using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;

namespace Kist.Server.Engines.Sys;

/// <summary>
/// What of the seal needs a token: sealing, and the encrypted keys that a rekey left (Kist keeps none). All else about it
/// answers while sealed and is the front's.
/// </summary>
internal sealed class SealPaths(Unsealed kernel)
{
    public IReadOnlyList<Route> Routes =>
    [
        new(Operation.Update, "seal", Seal, "Seals this node") { Access = Access.Sudo, NeverWrapped = true },
        new(Operation.Read, "ha-status", ReadNodes, "Lists the nodes"),
        new(Operation.Read, "rekey/backup", ReadBackup, "Reads the encrypted unseal keys that a rekey left"),
        new(Operation.Delete, "rekey/backup", DeleteBackup, "Removes them"),
        new(Operation.Read, "rekey/recovery-key-backup", ReadBackup, "Reads the encrypted recovery keys that a rekey left"),
        new(Operation.Delete, "rekey/recovery-key-backup", DeleteBackup, "Removes them"),
    ];

    private ValueTask<Response> Seal(Call call) => new(new Response { Afterwards = kernel.Node.SealAsync });

    private ValueTask<Response> ReadNodes(Call call) => new(Response.Json(json =>
    {
        json.WriteStartArray("nodes");
        json.WriteStartObject();
        json.WriteString("hostname", Environment.MachineName);
        json.WriteString("api_address", kernel.Settings.ApiAddress);
        json.WriteString("cluster_address", kernel.Settings.ClusterAddress);
        json.WriteBoolean("active_node", true);
        json.WriteNull("last_heartbeat");
        json.WriteString("version", kernel.Node.Parts.Version);
        json.WriteEndObject();
        json.WriteEndArray();
    }));

    private static ValueTask<Response> ReadBackup(Call call) => new(Fault.Invalid("no backed-up keys found"));

    private static ValueTask<Response> DeleteBackup(Call call) => new(Response.None);
}
