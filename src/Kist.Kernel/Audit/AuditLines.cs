using System.Text.Json;
using Kist.Kernel.Mounts;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Tokens;

namespace Kist.Kernel.Audit;

/// <summary>
/// Renders entries in Vault's JSON line format: the same fields in the same order, empty ones left out. A rendered
/// line is one JSON object without its closing brace, because the chain's fields come last, and ends with a newline.
/// </summary>
internal static class AuditLines
{
    /// <summary>Appends the line of a request.</summary>
    public static void WriteRequest(LineBuffer to, AuditFormat format, AuditedHeaders headers, in AuditEntry entry)
    {
        WriteHead(to, format, entry.Time, "request"u8);
        WriteAuth(to, format, entry);
        WriteRequestObject(to, format, headers, entry);
        if (entry.Fault is { } fault) WriteError(to, fault.Text);
        to.Raw((byte)'\n');
    }

    /// <summary>Appends the line of an answer.</summary>
    public static void WriteResponse(LineBuffer to, AuditFormat format, AuditedHeaders headers, in AuditEntry entry)
    {
        WriteHead(to, format, entry.Time, "response"u8);
        WriteAuth(to, format, entry);
        WriteRequestObject(to, format, headers, entry);
        WriteOutcome(to, format, entry);
    }

    /// <summary>Appends both lines of a request without side effects; what they share is rendered once.</summary>
    public static void WritePair(
        LineBuffer to, AuditFormat format, AuditedHeaders headers, in AuditEntry request, in AuditEntry response)
    {
        if (!ReferenceEquals(request.Request, response.Request) || !ReferenceEquals(request.Subject, response.Subject)
            || (request.Subject is null && response.Response?.Token is not null))
        {
            WriteRequest(to, format, headers, request);
            WriteResponse(to, format, headers, response);
            return;
        }
        WriteHead(to, format, request.Time, "request"u8);
        var start = to.Length;
        WriteAuth(to, format, request);
        WriteRequestObject(to, format, headers, request);
        var shared = to.Length - start;
        if (request.Fault is { } fault) WriteError(to, fault.Text);
        to.Raw((byte)'\n');
        WriteHead(to, format, response.Time, "response"u8);
        to.Repeat(start, shared);
        WriteOutcome(to, format, response);
    }

    private static void WriteHead(LineBuffer to, AuditFormat format, DateTimeOffset time, ReadOnlySpan<byte> type)
    {
        to.Raw(format.Prefix);
        to.Raw("{\"time\":\""u8);
        to.Time(time);
        to.Raw("\",\"type\":\""u8);
        to.Raw(type);
        to.Raw("\",\"auth\":"u8);
    }

    private static void WriteAuth(LineBuffer to, AuditFormat format, in AuditEntry entry)
    {
        var token = entry.Request.Token;
        if (entry.Subject is { } subject)
        {
            if (entry.RemainingUses == 0) to.Raw(subject.FormFor(format, token).Auth);
            else AuthText.WriteSubject(to, format, subject, token, entry.RemainingUses);
        }
        else if (entry.Response is { Token: { } issued, Wrap: null, Fault: null } response)
            AuthText.WriteIssued(to, format, issued, response.Login?.NoDefaultPolicy ?? false); // a login
        else to.Raw(AuthText.Nobody);
    }

    private static void WriteRequestObject(
        LineBuffer to, AuditFormat format, AuditedHeaders headers, in AuditEntry entry)
    {
        var request = entry.Request;
        to.Raw(",\"request\":{\"id\":\""u8);
        to.Id(request.Id);
        to.Raw("\",\"operation\":"u8);
        to.Raw(OperationName(request.Operation));
        WriteMountType(to, ",\"mount_type\":"u8, entry.Mount);
        if (entry.Subject is { } subject) to.Raw(subject.FormFor(format, request.Token).RequestToken);
        else AuthText.WriteRequestToken(to, format, request.Token, "");
        to.Raw(",\"namespace\":{\"id\":\"root\"},\"path\":"u8);
        WritePath(to, format, request.Path.Value);
        AnswerText.WriteRequestData(to, format, entry);
        if (request.Remote is { } remote)
        {
            to.Raw(",\"remote_address\":\""u8);
            remote.TryFormat(to.Room(64), out var count);
            to.Advance(count);
            to.Raw((byte)'"');
        }
        if (request.RemotePort > 0)
        {
            to.Raw(",\"remote_port\":"u8);
            to.Number(request.RemotePort);
        }
        if (request.WrapTtl is { } wrap)
        {
            to.Raw(",\"wrap_ttl\":"u8);
            to.Number((long)wrap.TotalSeconds);
        }
        headers.Write(to, format, request);
        to.Raw((byte)'}');
    }

    /// <summary>
    /// Old clients put tokens into paths (<c>auth/token/lookup/TOKEN</c>): there too they stand hashed.
    /// </summary>
    private static void WritePath(LineBuffer to, AuditFormat format, string path)
    {
        if (format.Raw || !path.Contains("kst", StringComparison.Ordinal))
        {
            to.JsonString(path);
            return;
        }
        var separator = (byte)'"';
        foreach (var segment in path.Split('/'))
        {
            to.Raw(separator);
            if (!TokenText.IsAny(segment))
                to.Raw(JsonEncodedText.Encode(segment, Response.JsonOptions.Encoder).EncodedUtf8Bytes);
            else if (format.ElideValues) to.Raw("[elided]"u8);
            else format.Key.Write(to, segment);
            separator = (byte)'/';
        }
        to.Raw((byte)'"');
    }

    private static void WriteOutcome(LineBuffer to, AuditFormat format, in AuditEntry entry)
    {
        var fault = entry.Fault ?? entry.Response?.Fault;
        to.Raw(",\"response\":"u8);
        var start = to.Length;
        AnswerText.Write(to, format, entry, fault);
        to.OpenObjectAt(start);
        to.Raw((byte)'}');
        if (fault is { Message: not null }) WriteError(to, AnswerText.ErrorClass(fault));
        to.Raw((byte)'\n');
    }

    /// <summary>The mount's type in Vault's words; nothing without a mount.</summary>
    public static void WriteMountType(LineBuffer to, ReadOnlySpan<byte> name, MountEntry? mount)
    {
        if (mount is null) return;
        to.Raw(name);
        to.JsonString(mount.Type);
    }

    private static void WriteError(LineBuffer to, string text)
    {
        to.Raw(",\"error\":"u8);
        to.JsonString(text);
    }

    private static ReadOnlySpan<byte> OperationName(Operation operation) => operation switch
    {
        Operation.Read => "\"read\""u8,
        Operation.List => "\"list\""u8,
        Operation.Create => "\"create\""u8,
        Operation.Update => "\"update\""u8,
        Operation.Patch => "\"patch\""u8,
        Operation.Delete => "\"delete\""u8,
        Operation.Help => "\"help\""u8,
        Operation.Unknown => "\"unknown\""u8,
        _ => throw new ArgumentOutOfRangeException(nameof(operation)),
    };
}
