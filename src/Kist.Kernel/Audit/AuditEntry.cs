using Kist.Kernel.Mounts;
using Kist.Kernel.Pipeline;

namespace Kist.Kernel.Audit;

/// <summary>What happened, as far as the audit needs it. The same request is described twice: before and after its
/// work.</summary>
public readonly struct AuditEntry
{
    /// <summary>The request as the front understood it.</summary>
    public required Request Request { get; init; }

    /// <summary>When it happened.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>The valid token behind the request; null when there is none (open routes, bad tokens).</summary>
    public AuditSubject? Subject { get; init; }

    /// <summary>The mount that the path lies in; null when there is none.</summary>
    public MountEntry? Mount { get; init; }

    /// <summary>The answer; ignored in request entries.</summary>
    public Response? Response { get; init; }

    /// <summary>
    /// Why the request was refused before its handler ran. In response entries the fault of <see cref="Response"/> is
    /// used when this is null.
    /// </summary>
    public Fault? Fault { get; init; }

    /// <summary>The uses left of a token with limited uses; 0: what the token's record says.</summary>
    public int RemainingUses { get; init; }
}
