using Kist.Kernel.Pipeline;

namespace Kist.Kernel.Audit;

/// <summary>One request header that the audit shows (<c>sys/config/auditing/request-headers</c>).</summary>
public sealed record AuditedHeader(string Name, bool Hmac);

/// <summary>The request headers that the audit shows: an immutable snapshot. None until someone asks for
/// them.</summary>
internal sealed class AuditedHeaders(IReadOnlyList<AuditedHeader> headers)
{
    public static AuditedHeaders None { get; } = new([]);

    public IReadOnlyList<AuditedHeader> All { get; } = headers;

    /// <summary>Appends the <c>headers</c> field of a request object; nothing when the request has none of
    /// them.</summary>
    public void Write(LineBuffer to, AuditFormat format, Request request)
    {
        if (All.Count == 0 || request.Header is null) return;
        var any = false;
        foreach (var header in All)
        {
            if (request.Header(header.Name) is not { } value) continue;
            to.Raw(any ? ","u8 : ",\"headers\":{"u8);
            any = true;
            to.JsonString(header.Name);
            to.Raw(":["u8);
            if (header.Hmac) AuthText.WriteHashed(to, format, value);
            else to.JsonString(value);
            to.Raw((byte)']');
        }
        if (any) to.Raw((byte)'}');
    }
}
