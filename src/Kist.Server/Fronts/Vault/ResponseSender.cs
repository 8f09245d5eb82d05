using System.Text;
using Kist.Kernel.Pipeline;
using Kist.Secrets;

namespace Kist.Server.Fronts.Vault;

/// <summary>Sends the kernel's answers in Vault's form. The one file that maps faults to status codes.</summary>
internal static class ResponseSender
{
    /// <summary>
    /// Paths whose fields stand at the top level as well as under <c>data</c> (from the time before <c>data</c>).
    /// </summary>
    private static readonly string[] AlsoAtTop =
    [
        "sys/audit", "sys/audit-hash/", "sys/auth", "sys/config/cors", "sys/config/auditing/request-headers",
        "sys/capabilities", "sys/capabilities-accessor", "sys/capabilities-self", "sys/key-status", "sys/mounts",
        "sys/policy", "sys/rekey/backup", "sys/rekey/recovery-key-backup", "sys/remount", "sys/rotate", "sys/wrap",
    ];

    /// <summary>The HTTP status of a fault.</summary>
    public static int StatusOf(FaultKind kind) => kind switch
    {
        FaultKind.Invalid => 400,
        FaultKind.Denied => 403,
        FaultKind.NotFound => 404,
        FaultKind.UnsupportedOperation => 405,
        FaultKind.Conflict => 409,
        FaultKind.Precondition => 412,
        FaultKind.TooLarge => 413,
        FaultKind.QuotaExceeded => 429,
        FaultKind.Sealed or FaultKind.Unavailable => 503,
        FaultKind.StorageFull => 507,
        _ => 500,
    };

    /// <summary>Sends a refusal.</summary>
    public static ValueTask SendAsync(HttpExchange http, Fault fault) =>
        http.SendErrorAsync(StatusOf(fault.Kind), fault.Message is null ? null : fault.Text);

    /// <summary>Sends an answer.</summary>
    public static ValueTask SendAsync(HttpExchange http, Request request, Response response)
    {
        if (response.Headers is { } headers)
            foreach (var (name, value) in headers) http.AnswerHeaders[name] = value;
        if (response.Fault is { } fault) return SendAsync(http, fault);
        if (response.Raw is { } raw)
            return raw.Download is { } download ? http.SendAsync(raw.ContentType, download)
                : raw.Messages is { } messages ? EventSender.SendAsync(http, messages)
                : SendWholeAsync(http, response, raw.ContentType);
        var isEmpty = !response.HasData && response.Token is null && response.Wrap is null && response.Lease is null
            && response.Warnings is null && response.ShownLeaseId is null;
        if (isEmpty && response.Status == 204) return http.SendAsync(204, "");
        if (isEmpty && response.Status is null)
            return request.Operation is Operation.Read or Operation.List
                ? http.SendErrorAsync(404, null)
                : http.SendAsync(204, "");
        var body = new SecretWriter(response.Data.Length + 256);
        Envelope.Write(body, request.Id, response, IsAlsoAtTop(request.Path.Value));
        body.Write("\n"u8);
        return http.SendAsync(response.Status ?? 200, "application/json", body);
    }

    /// <summary>Sends an answer that is the data itself, in whatever form it has.</summary>
    private static ValueTask SendWholeAsync(HttpExchange http, Response response, string type)
    {
        var body = new SecretWriter(response.Data.Length + 1);
        body.Write(response.Data.Span);
        return http.SendAsync(response.Status ?? 200, type, body);
    }

    private static bool IsAlsoAtTop(string path)
    {
        if (!path.StartsWith("sys/", StringComparison.Ordinal)) return false;
        foreach (var prefix in AlsoAtTop)
            if (path.StartsWith(prefix, StringComparison.Ordinal)
                && (path.Length == prefix.Length || prefix[^1] == '/' || path[prefix.Length] == '/')) return true;
        return false;
    }
}
