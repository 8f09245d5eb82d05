using Kist.Kernel.Mounts;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Tokens;

namespace Kist.Kernel.Routes;

/// <summary>
/// One operation on one path pattern of an engine, as data. Help, OpenAPI, CLI help, UI forms and the security tables
/// are written from it.
/// <para>Pattern: literal segments; <c>{name}</c> for one segment (letters, digits, <c>_ - . @</c>); <c>{name...}</c>
/// as the last segment for everything after the slash, which may be empty; <c>{name+}</c> the same, never empty, and
/// one literal segment may follow.</para>
/// </summary>
public sealed record Route(
    Operation Operation, string Pattern, Handler Handler, string Summary, params Field[] Fields)
{
    /// <summary>Who may come this way at all, before any policy.</summary>
    public Access Access { get; init; }

    /// <summary>
    /// Tells whether the thing already exists; with it, a write of something new is a <see cref="Operation.Create"/>
    /// and policies can tell the two apart. Null: every write is an update.
    /// </summary>
    public Existence? Exists { get; init; }

    /// <summary>
    /// Runs before the caller is authenticated and may refuse: the wrapping paths check the wrapping token first,
    /// because Vault answers about it even to a caller whose own token is no good. Null: nothing runs.
    /// </summary>
    public Gate? Gate { get; init; }

    /// <summary>
    /// Whether a read or list changes anything (makes credentials, counts a use). Without effects the request's and the
    /// answer's audit lines are written together, before the answer leaves.
    /// </summary>
    public bool HasEffects { get; init; }

    /// <summary>Whether the answer may not be put into a wrapping token, whatever the client asks.</summary>
    public bool NeverWrapped { get; init; }
}

/// <summary>A check before authentication. It may refuse, and can never admit.</summary>
public delegate ValueTask<Fault?> Gate(Request request, CancellationToken ct);

/// <summary>Runs a route.</summary>
public delegate ValueTask<Response> Handler(Call call);

/// <summary>Answers whether what a write addresses exists already. It sees no field values, only the path.</summary>
public delegate ValueTask<bool> Existence(Probe probe);

/// <summary>What an existence check may look at: the mount, the path's captures, whose request it is.</summary>
public readonly record struct Probe(Mount Mount, Captures Captures, Caller Caller, CancellationToken Aborted);

/// <summary>Who may use a route.</summary>
public enum Access
{
    /// <summary>A token whose policies allow it.</summary>
    Token,
    /// <summary>A token whose policies allow it and grant <c>sudo</c>.</summary>
    Sudo,
    /// <summary>Anyone, without a token (logins).</summary>
    Open,
}
