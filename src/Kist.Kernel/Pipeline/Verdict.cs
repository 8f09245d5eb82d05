using Kist.Kernel.Mounts;
using Kist.Kernel.Policies;
using Kist.Kernel.Routes;
using Kist.Kernel.Tokens;

namespace Kist.Kernel.Pipeline;

/// <summary>
/// The decision on one request. The only way to a <see cref="Call"/>, and so to a handler, leads through
/// <see cref="Admit"/> of a verdict that allows it.
/// </summary>
public readonly struct Verdict
{
    private readonly Caller? _caller;

    private Verdict(Caller caller) => _caller = caller;

    /// <summary>Whether the caller may.</summary>
    public bool Allowed => _caller is not null;

    /// <summary>
    /// Decides: open routes admit anyone; on all others the caller's policies must allow the operation on the path,
    /// with these parameters and this wrapping, and grant <c>sudo</c> where the route, or the path that has no such
    /// operation, asks for it. Paths without a route are decided too, so that nobody learns what exists.
    /// </summary>
    public static Verdict Decide(Request request, Caller caller, Access access)
    {
        if (access is Access.Open) return new Verdict(caller);
        if (caller.Entry is null) return default;
        var decision = caller.Acl.Check(request.Operation, request.Path.Value, new PolicyParameters(request.Body),
            request.WrapTtl);
        if (!decision.Allowed) return default;
        if (access is Access.Sudo && !decision.Sudo) return default;
        return new Verdict(caller);
    }

    /// <summary>Makes the call, or says which field is wrong.</summary>
    public Fault? Admit(Request request, Mount mount, Route route, RoutePattern pattern, in Captures captures,
        out Call? call)
    {
        call = null;
        if (_caller is null) return Fault.Denied;
        if (Call.Bind(request, route, pattern, captures, out var values) is { } fault) return fault;
        call = new Call(request, route, mount, _caller, values);
        return null;
    }
}
