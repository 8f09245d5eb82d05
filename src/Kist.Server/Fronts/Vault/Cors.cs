using Kist.Kernel.Node;

namespace Kist.Server.Fronts.Vault;

/// <summary>
/// Cross-origin requests: nothing is allowed until <c>sys/config/cors</c> says so. Before that, and while sealed,
/// requests of web pages are answered without the headers that would let a page read the answer.
/// </summary>
internal static class Cors
{
    private const string Methods = "DELETE,GET,OPTIONS,POST,PUT,LIST";

    /// <summary>False when the answer is decided here: a preflight, or an origin that is not allowed.</summary>
    public static bool Admit(HttpExchange http, Node node, out (int Status, string? Message, bool IsEmpty) done)
    {
        done = default;
        if (node.Current?.Cors.Current is not { } config
            || http.Headers.Origin is not [{ Length: > 0 } origin]) return true;
        if (!config.Allows(origin))
        {
            done = (403, "origin not allowed", false);
            return false;
        }
        http.AnswerHeaders.AccessControlAllowOrigin = origin;
        http.AnswerHeaders.Vary = "Origin";
        if (http.Method != "OPTIONS"
            || http.Header("Access-Control-Request-Method") is not { Length: > 0 } wanted) return true;
        if (!Methods.Split(',').Contains(wanted) && wanted != "PATCH")
        {
            done = (405, null, true);
            return false;
        }
        http.AnswerHeaders.AccessControlAllowMethods = wanted == "PATCH" ? Methods + ",PATCH" : Methods;
        http.AnswerHeaders.AccessControlAllowHeaders = string.Join(',', config.AllowedHeaders);
        http.AnswerHeaders.AccessControlMaxAge = "300";
        done = (200, null, true);
        return false;
    }
}
