using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;

namespace Kist.Server.Fronts.Vault;

/// <summary><c>sys/unseal</c>.</summary>
internal sealed class UnsealPaths(Node node)
{
    private static readonly Field<bool> Reset = Fields.Flag("reset", "Forget the keys given so far");
    private static readonly Field<bool> Migrate =
        Fields.Flag("migrate", "The key belongs to the seal that is being replaced");

    public NodePath[] All => [new("sys/unseal") { Put = UnsealAsync }];

    private async ValueTask<Response> UnsealAsync(NodeCall call)
    {
        var reset = call.Body.Get(Reset);
        var migrates = call.Body.Get(Migrate);
        if (call.Body.Fault is { } malformed) return malformed;
        if (reset)
            return await node.Unsealing.ResetAsync(call.Aborted) is { } unsealed
                ? unsealed
                : await StatusPaths.SealStatusAsync(node, call.Aborted);
        using var key = call.Body.Key("'key' must be specified in request body as JSON, or 'reset' set to true");
        if (key is null) return call.Body.Fault!;
        return await node.Unsealing.GiveAsync(key, migrates, call.Aborted) is { } fault
            ? fault
            : await StatusPaths.SealStatusAsync(node, call.Aborted);
    }
}
