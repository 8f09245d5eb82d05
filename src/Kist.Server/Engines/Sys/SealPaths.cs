using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;

namespace Kist.Server.Engines.Sys;

/// <summary>
/// What of the seal needs a token: sealing, and the encrypted keys that a rekey left (Kist keeps none). All else about
/// it answers while sealed and is the front's.
/// </summary>
internal sealed class SealPaths(Unsealed kernel)
{
    public IReadOnlyList<Route> Routes =>
    [
        new(Operation.Update, "seal", Seal, "Seals this node") { Access = Access.Sudo, NeverWrapped = true },
        new(Operation.Read, "rekey/backup", ReadBackup, "Reads the encrypted unseal keys"),
        new(Operation.Delete, "rekey/backup", DeleteBackup, "Removes them"),
        new(Operation.Read, "rekey/recovery-key-backup", ReadBackup, "Reads the encrypted recovery keys"),
        new(Operation.Delete, "rekey/recovery-key-backup", DeleteBackup, "Removes them"),
    ];

    private ValueTask<Response> Seal(Call call) => new(new Response { Afterwards = kernel.Node.SealAsync });

    private static ValueTask<Response> ReadBackup(Call call) => new(Fault.Invalid("no backed-up keys found"));

    private static ValueTask<Response> DeleteBackup(Call call) => new(Response.None);
}
