using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;

namespace Kist.Server.Engines.Sys;

/// <summary>
/// <c>sys/storage/raft</c> (https://developer.hashicorp.com/vault/api-docs/system/storage/raft): snapshots are Kist's
/// backups, whatever the store is; everything else is answered as by a Vault whose storage is not raft.
/// </summary>
internal sealed class RaftPaths
{
    private static readonly Field<bool> WithTokens = Fields.Flag(
        "with_tokens", "Whether tokens and leases of another cluster come along. Those of this one always do.");
    private static readonly Field<string> ServerId = Fields.Text("server_id", "The node.");

    private readonly Unsealed _kernel;

    public RaftPaths(Unsealed kernel)
    {
        _kernel = kernel;
        Routes =
        [
            new(Operation.Read, "storage/raft/snapshot", SaveAsync, "Reads a backup of the whole store")
                { NeverWrapped = true, HasEffects = true },
            new(Operation.Update, "storage/raft/snapshot", call => RestoreAsync(call, force: false),
                "Restores a backup of this cluster") { NeverWrapped = true },
            new(Operation.Update, "storage/raft/snapshot-force", call => RestoreAsync(call, force: true),
                "Restores a backup that was made under other keys, which this server's seal must open", WithTokens)
                { NeverWrapped = true },
            new(Operation.Read, "storage/raft/configuration", NotInUse, "Reads the peers"),
            new(Operation.Update, "storage/raft/configuration", NotInUse, "Reads the peers"),
            new(Operation.Update, "storage/raft/remove-peer", RemovePeer, "Removes a peer", ServerId),
            new(Operation.Read, "storage/raft/autopilot/state", NotInUse, "Reads the health of the peers"),
            new(Operation.Read, "storage/raft/autopilot/configuration", NotInUse, "Reads how peers are cared for"),
            new(Operation.Update, "storage/raft/autopilot/configuration", NotInUse, "Sets how peers are cared for"),
        ];
    }

    public IReadOnlyList<Route> Routes { get; }

    private async ValueTask<Response> SaveAsync(Call call) => new Response
    {
        Raw = new RawBody("application/gzip")
        {
            Download = await _kernel.Node.BackupAsync(_kernel, call.Aborted),
        },
        Headers = [new("Content-Disposition", "attachment")],
    };

    private async ValueTask<Response> RestoreAsync(Call call, bool force)
    {
        if (call.Request.Upload is not { } file) return Fault.Invalid("the body must be a backup");
        var withTokens = force && call.Get(WithTokens);
        if (await _kernel.Node.RestoreAsync(_kernel, file, force, withTokens, call.Aborted) is { } fault) return fault;
        return new Response { Status = 204, Afterwards = () => new(_kernel.Node.ReopenAsync(_kernel)) };
    }

    private static ValueTask<Response> NotInUse(Call call) => new(Fault.Invalid("raft storage is not in use"));

    private static ValueTask<Response> RemovePeer(Call call) => call.Get(ServerId).Length == 0
        ? new(Fault.Invalid("no server id provided"))
        : NotInUse(call);
}
