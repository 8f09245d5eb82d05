using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;

namespace Kist.Server.Engines.Sys;

/// <summary>
/// <c>sys/leases</c> by id: lookup, renew, revoke. The old paths (<c>sys/renew</c> …) are the same routes under another
/// name, so that a rule for one holds for all.
/// </summary>
internal sealed class LeasePaths
{
    private static readonly Field<string> Id = Fields.Text("lease_id", "The lease.");
    private static readonly Field<string> PathId = Fields.Text("url_lease_id", "The lease, in the path.");
    private static readonly Field<TimeSpan> Increment = Fields.Duration("increment", "The life that is asked for.");
    private static readonly Field<bool> Sync =
        Fields.Flag("sync", "false: the answer need not wait. It does all the same, and is 202 as in Vault.");
    private static readonly Field<string> Prefix = Fields.Text("prefix", "The beginning of the leases' ids.");

    private readonly Unsealed _kernel;

    public LeasePaths(Unsealed kernel)
    {
        _kernel = kernel;
        Routes =
        [
            new(Operation.Update, "leases/lookup", LookupAsync, "Reads a lease", Id),
            .. OldAndNew("renew", p => new(Operation.Update, p, RenewAsync, "Renews a lease", Id, Increment)),
            .. OldAndNew("renew/{url_lease_id+}",
                p => new(Operation.Update, p, RenewAsync, "Renews a lease", Id, PathId, Increment)),
            .. OldAndNew("revoke", p => new(Operation.Update, p, RevokeAsync, "Revokes a lease", Id, Sync)),
            .. OldAndNew("revoke/{url_lease_id+}",
                p => new(Operation.Update, p, RevokeAsync, "Revokes a lease", Id, PathId, Sync)),
            .. OldAndNew("revoke-prefix/{prefix+}", p =>
                new(Operation.Update, p, call => RevokePrefixAsync(call, false),
                "Revokes every lease below a path", Prefix, Sync) { Access = Access.Sudo }),
            .. OldAndNew("revoke-force/{prefix+}", p => new(Operation.Update, p, call => RevokePrefixAsync(call, true),
                "Forgets every lease below a path, even where revoking fails", Prefix) { Access = Access.Sudo }),
        ];
    }

    public IReadOnlyList<Route> Routes { get; }

    private static IEnumerable<Route> OldAndNew(string pattern, Func<string, Route> route) =>
        [route("leases/" + pattern), route(pattern)];

    private static Fault NoId => Fault.Invalid("lease_id must be specified");

    private static string IdOf(Call call) =>
        call.Get(Id) is { Length: > 0 } id ? id
        : Array.IndexOf(call.Route.Fields, PathId) >= 0 ? call.Get(PathId) : "";

    private async ValueTask<Response> LookupAsync(Call call)
    {
        if (IdOf(call).Length == 0) return NoId;
        if (await _kernel.Leases.FindAsync(IdOf(call), call.Aborted) is not { } lease)
            return Fault.Invalid("invalid lease");
        var ttl = lease.ExpireTime - _kernel.Clock.GetUtcNow();
        return Response.Json(json =>
        {
            json.WriteString("id", lease.Id);
            json.WriteString("issue_time", GoTime.Format(lease.IssueTime));
            json.WriteString("expire_time", GoTime.Format(lease.ExpireTime));
            if (lease.LastRenewal is { } renewal) json.WriteString("last_renewal", GoTime.Format(renewal));
            else json.WriteNull("last_renewal");
            json.WriteBoolean("renewable", lease.Renewable && lease.ExpireTime > _kernel.Clock.GetUtcNow());
            json.WriteNumber("ttl", Math.Max(0, (long)Math.Ceiling(ttl.TotalSeconds)));
        });
    }

    private async ValueTask<Response> RenewAsync(Call call)
    {
        if (IdOf(call).Length == 0) return NoId;
        var warnings = new List<string>();
        var (lease, ttl, fault) =
            await _kernel.Leases.RenewAsync(IdOf(call), call.Get(Increment), warnings, call.Aborted);
        if (fault is not null) return fault;
        return new Response
        {
            ShownLeaseId = lease!.Id,
            ShownLeaseDuration = ttl,
            ShownRenewable = lease.Renewable,
            Warnings = warnings.Count == 0 ? null : warnings,
        };
    }

    private async ValueTask<Response> RevokeAsync(Call call)
    {
        if (IdOf(call).Length == 0) return NoId;
        return await _kernel.Leases.RevokeAsync(IdOf(call), force: false, CancellationToken.None) is { } fault
            ? fault
            : Done(call);
    }

    private async ValueTask<Response> RevokePrefixAsync(Call call, bool force) =>
        await _kernel.Leases.RevokePrefixAsync(call.Get(Prefix), force, CancellationToken.None) is { } fault
            ? fault
            : force ? Response.None : Done(call);

    private static Response Done(Call call) =>
        call.Has(Sync) && !call.Get(Sync) ? new Response { Status = 202 } : Response.None;
}
