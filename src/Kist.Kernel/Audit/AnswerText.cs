using Kist.Kernel.Mounts;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Wrapping;

namespace Kist.Kernel.Audit;

/// <summary>Renders what a line says about the data that came in and the answer that goes out.</summary>
internal static class AnswerText
{
    /// <summary>
    /// The <c>data</c> field of a request: its body and its query, each value hashed. Vault hashes a body's numbers
    /// too, because it keeps them as text.
    /// </summary>
    public static void WriteRequestData(LineBuffer to, AuditFormat format, in AuditEntry entry)
    {
        var request = entry.Request;
        if (request.Body.IsEmpty && request.Query is null) return;
        var clear = entry.Mount?.AuditNonHmacRequestKeys;
        var start = to.Length;
        to.Raw(",\"data\":"u8);
        var brace = to.Length;
        if (!request.Body.IsEmpty && AuditRedactor.TryWrite(to, request.Body.Span, new RedactionRules
        {
            Format = format,
            ClearKeys = clear,
            Numbers = NumberRule.Hashed,
            Without = request.Query,
        })) to.Truncate(to.Length - 1); // its brace; the query's fields follow
        if (to.Length == brace + 1) to.Truncate(brace);
        WriteQuery(to, format, request.Query, clear, brace);
        if (to.Length == brace)
        {
            if (request.Body.Length != 2) // anything but {}, which is shown
            {
                to.Truncate(start);
                return;
            }
            to.Raw((byte)'{');
        }
        to.Raw((byte)'}');
    }

    private static void WriteQuery(LineBuffer to, AuditFormat format,
        IReadOnlyList<KeyValuePair<string, string>>? query, IReadOnlyList<string>? clear, int brace)
    {
        if (query is null) return;
        for (var i = 0; i < query.Count; i++)
        {
            to.Raw(to.Length == brace ? (byte)'{' : (byte)',');
            to.JsonString(query[i].Key);
            to.Raw((byte)':');
            WriteText(to, format, query[i].Value, format.Raw || (clear?.Contains(query[i].Key) ?? false));
        }
    }

    /// <summary>The fields of the <c>response</c> object, each with a comma before it.</summary>
    public static void Write(LineBuffer to, AuditFormat format, in AuditEntry entry, Fault? fault)
    {
        var response = entry.Response;
        if (fault is null && response is { Token: { } issued, Wrap: null })
        {
            to.Raw(",\"auth\":"u8);
            AuthText.WriteIssued(to, format, issued, response.Login?.NoDefaultPolicy ?? false);
        }
        AuditLines.WriteMountType(to, ",\"mount_type\":"u8, entry.Mount);
        if (fault is not null)
        {
            if (fault.Message is null) return;
            to.Raw(",\"data\":{\"error\":"u8);
            WriteText(to, format, fault.Text, format.Raw);
            to.Raw((byte)'}');
            return;
        }
        if (response is null) return;
        if (response is { Wrap: null, Lease.Id.Length: > 0 })
        {
            to.Raw(",\"secret\":{\"lease_id\":"u8);
            to.JsonString(response.Lease.Id);
            to.Raw((byte)'}');
        }
        if (response is { Wrap: null, HasData: true }) WriteData(to, format, entry, response);
        if (response.Warnings is { } warnings) AuthText.Strings(to, ",\"warnings\":"u8, warnings);
        if (response.Wrap is { } wrap) WriteWrap(to, format, wrap);
    }

    private static void WriteData(LineBuffer to, AuditFormat format, in AuditEntry entry, Response response)
    {
        var start = to.Length;
        to.Raw(",\"data\":"u8);
        if (response.ContentType is { } type)
        {
            to.Raw("{\"http_content_type\":"u8);
            WriteText(to, format, type, format.Raw);
            to.Raw(",\"http_raw_body\":"u8);
            if (format.Raw) to.JsonString(response.Data.Span);
            else AuditRedactor.WriteHidden(to, format, response.Data.Span);
            to.Raw(",\"http_status_code\":"u8);
            to.Number(response.Status ?? 200);
            to.Raw((byte)'}');
            return;
        }
        var clear = entry.Mount?.AuditNonHmacResponseKeys;
        var memo = clear is null ? format.Answers : null;
        if (memo is not null && memo.TryWrite(to, entry)) return;
        var begin = to.Length;
        var written = AuditRedactor.TryWrite(to, response.Data.Span, new RedactionRules
        {
            Format = format,
            ClearKeys = clear,
            Numbers = NumbersOf(entry),
            ElideKeys = format.ElideLists && entry.Request.Operation is Operation.List,
            ClearAccessor = !format.HashAccessors,
        });
        if (!written) to.Truncate(start);
        else memo?.Keep(entry, to.Written[begin..]);
    }

    /// <summary>
    /// Numbers that an engine counts (versions, TTLs) are shown, numbers that a caller stored are hashed, as Vault
    /// does. An answer gives no sign of it, so the engines that give back what callers stored are named here.
    /// </summary>
    private static NumberRule NumbersOf(in AuditEntry entry) => entry.Mount switch
    {
        null => NumberRule.Hashed,
        { Type: "kv" } mount => mount.Options?.GetValueOrDefault("version") == "2"
            ? NumberRule.HashedUnderData : NumberRule.Hashed,
        { Type: "cubbyhole" or "generic" } => NumberRule.Hashed,
        { Type: "system" } when IsStoredData(entry.Request.Path.Value) => NumberRule.Hashed,
        _ => NumberRule.Clear,
    };

    private static bool IsStoredData(string path) =>
        path is "sys/wrapping/unwrap" || path.StartsWith("sys/raw/", StringComparison.Ordinal);

    private static void WriteWrap(LineBuffer to, AuditFormat format, WrapInfo wrap)
    {
        to.Raw(",\"wrap_info\":{\"ttl\":"u8);
        to.Number((long)wrap.Ttl.TotalSeconds);
        to.Raw(",\"token\":"u8);
        AuthText.WriteHashed(to, format, wrap.Token);
        to.Raw(",\"accessor\":"u8);
        AuthText.WriteAccessor(to, format, wrap.Accessor);
        to.Raw(",\"creation_time\":\""u8);
        to.Time(wrap.CreationTime);
        to.Raw("\",\"creation_path\":"u8);
        to.JsonString(wrap.CreationPath);
        if (!string.IsNullOrEmpty(wrap.WrappedAccessor))
        {
            to.Raw(",\"wrapped_accessor\":"u8);
            AuthText.WriteAccessor(to, format, wrap.WrappedAccessor);
        }
        to.Raw((byte)'}');
    }

    /// <summary>
    /// The <c>error</c> field of an answer: what kind of refusal it was. The text that the client saw stands hashed in
    /// <c>response.data.error</c>, because it may repeat what the client sent.
    /// </summary>
    public static string ErrorClass(Fault fault) => fault.Kind switch
    {
        FaultKind.Invalid or FaultKind.TooLarge => "1 error occurred:\n\t* invalid request\n\n",
        FaultKind.Denied => "1 error occurred:\n\t* permission denied\n\n",
        FaultKind.NotFound => "1 error occurred:\n\t* unsupported path\n\n",
        FaultKind.UnsupportedOperation => "1 error occurred:\n\t* unsupported operation\n\n",
        FaultKind.QuotaExceeded => "1 error occurred:\n\t* request rejected, quota exceeded\n\n",
        FaultKind.Conflict or FaultKind.Precondition => "1 error occurred:\n\t* precondition failed\n\n",
        FaultKind.Sealed => "Vault is sealed",
        FaultKind.Unavailable or FaultKind.StorageFull => "1 error occurred:\n\t* storage unavailable\n\n",
        _ => "1 error occurred:\n\t* internal error\n\n",
    };

    private static void WriteText(LineBuffer to, AuditFormat format, string text, bool clear)
    {
        if (clear) to.JsonString(text);
        else if (format.ElideValues) to.Raw("\"[elided]\""u8);
        else
        {
            to.Raw((byte)'"');
            format.Key.Write(to, text);
            to.Raw((byte)'"');
        }
    }
}
