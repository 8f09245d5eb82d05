using Kist.Kernel.Mounts;
using Kist.Kernel.Node;
using Kist.Kernel.Routes;
using Kist.Kernel.Tokens;

namespace Kist.Kernel.Pipeline;

/// <summary>Where a request leads: the mount, the pattern that fits and the route, as far as each exists.</summary>
internal readonly struct Target
{
    private Target(
        Mount? mount, RoutePattern? pattern, Captures captures, Route? route, Fault? refusal, Access access = default)
    {
        Mount = mount;
        Pattern = pattern;
        Captures = captures;
        Route = route;
        Refusal = refusal;
        Access = access;
    }

    public Mount? Mount { get; }

    public RoutePattern? Pattern { get; }

    public Captures Captures { get; }

    public Route? Route { get; }

    /// <summary>Who may come this way, or be told that it leads nowhere.</summary>
    public Access Access { get; }

    /// <summary>Why no handler may ever see this request, whoever sends it.</summary>
    public Fault? Refusal { get; }

    public static Target Find(Unsealed kernel, Request request)
    {
        var path = request.Path.Value.AsSpan();
        if (request.Operation is Operation.Update or Operation.Patch && path.EndsWith("/"))
            return new Target(null, null, default, null, Fault.Invalid("cannot write to a path ending in '/'"));
        if (!kernel.Mounts.Current.TryFind(path, out var mount)) return default;
        var below = mount.Below(path);
        if (!mount.Routes.TryMatch(below, out var pattern, out var captures))
            return request.Operation is Operation.Help && below.IsEmpty
                ? new Target(mount, mount.Routes.Index, default, mount.Routes.Index[Operation.Help], null)
                : new Target(mount, null, default, null, null, mount.Routes.AccessTo(below));
        if (request.Operation is Operation.List && !pattern.TakesFolders) return new Target(
            mount, null, default, null, null, pattern.Access is Access.Open ? Access.Open : Access.Token);
        var route = pattern[request.Operation];
        return new Target(mount, pattern, captures, route, null, route?.Access ?? pattern.Access);
    }

    /// <summary>A write of something that does not exist yet is a create, where the route can tell.</summary>
    public ValueTask<Target> SettleOperationAsync(Request request, Caller caller) =>
        request.Operation is Operation.Update && Route?.Exists is { } exists
            ? SettleOperationAsync(request, caller, exists)
            : new(this);

    private async ValueTask<Target> SettleOperationAsync(
        Request request, Caller caller, Existence exists)
    {
        if (await exists(new Probe(Mount!, Captures, caller, request.Aborted))) return this;
        request.Operation = Operation.Create;
        return new Target(Mount, Pattern, Captures, Pattern![Operation.Create], null, Access);
    }

    /// <summary>What an allowed caller is told when there is nothing to run.</summary>
    public Fault? Missing(Request request)
    {
        if (Mount is null)
            return new Fault(FaultKind.NotFound, $"no handler for route '{request.Path.Value}'");
        // Vault 1.8 knows no PATCH and says so with an empty list of errors; clients of that age match on it.
        if (Route is null && request.Operation is Operation.Patch) return new Fault(
            FaultKind.UnsupportedOperation, null);
        if (Route is not null) return null;
        var missing = Pattern is null ? Fault.UnsupportedPath : Fault.UnsupportedOperation;
        // To whoever needs no token Vault says it without its list of errors.
        return Access is Access.Open ? missing with { Listed = false } : missing;
    }

    /// <summary>Whether running this may change something, so that the audit must have the request first.</summary>
    public bool HasEffects(Request request) =>
        request.WrapTtl is not null
        || request.Operation is not (Operation.Read or Operation.List or Operation.Help)
        || Route is null or { HasEffects: true };
}
