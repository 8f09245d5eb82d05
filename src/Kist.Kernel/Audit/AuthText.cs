using Kist.Kernel.Tokens;

namespace Kist.Kernel.Audit;

/// <summary>Renders what a line says about tokens: the <c>auth</c> objects and the token fields of the
/// request.</summary>
internal static class AuthText
{
    /// <summary>The <c>auth</c> object of a request without a valid token.</summary>
    public static ReadOnlySpan<byte> Nobody => """{"token_type":"default"}"""u8;

    /// <summary>The <c>auth</c> object of a caller.</summary>
    public static void WriteSubject(
        LineBuffer to, AuditFormat format, AuditSubject subject, string? token, int remainingUses)
    {
        var entry = subject.Entry;
        WriteHead(to, format, entry, token, subject.Policies, subject.IdentityPolicies, noDefaultPolicy: false);
        if (remainingUses > 0) Number(to, ",\"remaining_uses\":"u8, remainingUses);
        WriteTail(to, entry, (long)entry.CreationTtl.TotalSeconds);
        if (entry.IssueTime != default)
        {
            to.Raw(",\"token_issue_time\":\""u8);
            to.Time(new DateTimeOffset(entry.IssueTime.UtcTicks / TimeSpan.TicksPerSecond * TimeSpan.TicksPerSecond,
                TimeSpan.Zero));
            to.Raw((byte)'"');
        }
        to.Raw((byte)'}');
    }

    /// <summary>The <c>auth</c> object of an answer that hands out a token.</summary>
    public static void WriteIssued(LineBuffer to, AuditFormat format, IssuedToken issued, bool noDefaultPolicy)
    {
        IReadOnlyList<string> all = issued.IdentityPolicies.Count == 0
            ? issued.Entry.Policies
            : [.. issued.Entry.Policies.Concat(issued.IdentityPolicies).Distinct().Order(StringComparer.Ordinal)];
        WriteHead(to, format, issued.Entry, issued.Token, all, issued.IdentityPolicies, noDefaultPolicy);
        if (issued.Entry.NumUses > 0) Number(to, ",\"num_uses\":"u8, issued.Entry.NumUses);
        WriteTail(to, issued.Entry, (long)issued.Ttl.TotalSeconds);
        to.Raw((byte)'}');
    }

    /// <summary>The token fields of a <c>request</c> object, each with a comma before it.</summary>
    public static void WriteRequestToken(LineBuffer to, AuditFormat format, string? token, string accessor)
    {
        if (!string.IsNullOrEmpty(token))
        {
            to.Raw(",\"client_token\":"u8);
            WriteHashed(to, format, token);
        }
        if (accessor.Length == 0) return;
        to.Raw(",\"client_token_accessor\":"u8);
        WriteAccessor(to, format, accessor);
    }

    /// <summary>A string that is always hashed, unless the sink logs raw.</summary>
    public static void WriteHashed(LineBuffer to, AuditFormat format, string text)
    {
        if (format.Raw)
        {
            to.JsonString(text);
            return;
        }
        to.Raw((byte)'"');
        format.Key.Write(to, text);
        to.Raw((byte)'"');
    }

    /// <summary>An accessor: hashed unless the sink shows accessors.</summary>
    public static void WriteAccessor(LineBuffer to, AuditFormat format, string accessor)
    {
        if (format.HashAccessors) WriteHashed(to, format, accessor);
        else to.JsonString(accessor);
    }

    private static void WriteHead(LineBuffer to, AuditFormat format, TokenEntry entry, string? token,
        IReadOnlyList<string> policies, IReadOnlyList<string> identityPolicies, bool noDefaultPolicy)
    {
        var start = to.Length;
        if (!string.IsNullOrEmpty(token))
        {
            to.Raw(",\"client_token\":"u8);
            WriteHashed(to, format, token);
        }
        if (entry.Accessor.Length > 0)
        {
            to.Raw(",\"accessor\":"u8);
            WriteAccessor(to, format, entry.Accessor);
        }
        if (entry.DisplayName.Length > 0)
        {
            to.Raw(",\"display_name\":"u8);
            to.JsonString(entry.DisplayName);
        }
        Strings(to, ",\"policies\":"u8, policies);
        Strings(to, ",\"token_policies\":"u8, entry.Policies);
        Strings(to, ",\"identity_policies\":"u8, identityPolicies);
        if (noDefaultPolicy) to.Raw(",\"no_default_policy\":true"u8);
        WriteMetadata(to, entry.Metadata);
        to.OpenObjectAt(start);
    }

    private static void WriteTail(LineBuffer to, TokenEntry entry, long ttlSeconds)
    {
        if (entry.EntityId.Length > 0)
        {
            to.Raw(",\"entity_id\":"u8);
            to.JsonString(entry.EntityId);
        }
        to.Raw(entry.Type is TokenType.Batch ? ",\"token_type\":\"batch\""u8 : ",\"token_type\":\"service\""u8);
        if (ttlSeconds > 0) Number(to, ",\"token_ttl\":"u8, ttlSeconds);
    }

    private static void WriteMetadata(LineBuffer to, IReadOnlyDictionary<string, string>? metadata)
    {
        if (metadata is null || metadata.Count == 0) return;
        to.Raw(",\"metadata\":"u8);
        var start = to.Length;
        foreach (var (name, value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            to.Raw((byte)',');
            to.JsonString(name);
            to.Raw((byte)':');
            to.JsonString(value);
        }
        to.OpenObjectAt(start);
        to.Raw((byte)'}');
    }

    private static void Number(LineBuffer to, ReadOnlySpan<byte> name, long value)
    {
        to.Raw(name);
        to.Number(value);
    }

    /// <summary>A field that is a list of strings; nothing when the list is empty.</summary>
    public static void Strings(LineBuffer to, ReadOnlySpan<byte> name, IReadOnlyList<string> values)
    {
        if (values.Count == 0) return;
        to.Raw(name);
        for (var i = 0; i < values.Count; i++)
        {
            to.Raw(i == 0 ? (byte)'[' : (byte)',');
            to.JsonString(values[i]);
        }
        to.Raw((byte)']');
    }
}
