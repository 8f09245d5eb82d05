using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;

namespace Kist.Server.Fronts.Vault;

/// <summary>
/// The paths that answer while the node is sealed, and so do not go through the pipeline: health, initialisation, unseal,
/// rekey, generate-root.
/// </summary>
internal sealed class NodePaths(Node node, RequestPipeline pipeline)
{
    /// <summary>Answers if <paramref name="path"/> is one of these; false: it is the pipeline's.</summary>
    public async ValueTask<bool> TryAnswerAsync(HttpExchange http, RequestPath path, RequestBody body)
    {
        _ = (pipeline, body);
        if (path.Value != "sys/health") return false;
        await http.SendErrorAsync(node.Current is null ? 503 : 200, null);
        return true;
    }
}
