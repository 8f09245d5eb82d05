using Kist.Kernel.Tokens;

namespace Kist.Kernel.Audit;

/// <summary>
/// Whom the audit names: one token with its policies. Made once per token snapshot and kept with it, because it also
/// keeps what each sink has worked out about the token: its keyed hash, its accessor's, and the rendered <c>auth</c>
/// object.
/// </summary>
public sealed class AuditSubject(
    TokenEntry entry, IReadOnlyList<string> policies, IReadOnlyList<string> identityPolicies)
{
    // Sinks come and go at run time; a subject may outlive many of them.
    private const int MaxForms = 8;

    private SubjectForm[] _forms = [];

    /// <summary>The token's record.</summary>
    public TokenEntry Entry { get; } = entry;

    /// <summary>The token's own policies and its identity's, sorted.</summary>
    public IReadOnlyList<string> Policies { get; } = policies;

    /// <summary>The policies that come from its entity and groups.</summary>
    public IReadOnlyList<string> IdentityPolicies { get; } = identityPolicies;

    /// <summary>What <paramref name="format"/> has worked out about this token, done on first use.</summary>
    internal SubjectForm FormFor(AuditFormat format, string? token)
    {
        var forms = Volatile.Read(ref _forms);
        foreach (var form in forms)
            if (ReferenceEquals(form.Format, format)) return form;
        var made = new SubjectForm(format, this, token);
        // Two callers may both get here; either's result is right, and a lost one is made again.
        Volatile.Write(ref _forms, forms.Length < MaxForms ? [.. forms, made] : [made]);
        return made;
    }
}

/// <summary>Rendered text about one token for one sink: immutable UTF-8, written into each of the token's
/// lines.</summary>
internal sealed class SubjectForm
{
    public SubjectForm(AuditFormat format, AuditSubject subject, string? token)
    {
        Format = format;
        var buffer = new LineBuffer(1024);
        AuthText.WriteSubject(buffer, format, subject, token, subject.Entry.NumUses);
        Auth = buffer.Written.ToArray();
        buffer.Truncate(0);
        AuthText.WriteRequestToken(buffer, format, token, subject.Entry.Accessor);
        RequestToken = buffer.Written.ToArray();
        buffer.Dispose();
    }

    /// <summary>Whose form this is.</summary>
    public AuditFormat Format { get; }

    /// <summary>The whole <c>auth</c> object.</summary>
    public byte[] Auth { get; }

    /// <summary>The two token fields of the <c>request</c> object, each with a comma before it.</summary>
    public byte[] RequestToken { get; }
}
