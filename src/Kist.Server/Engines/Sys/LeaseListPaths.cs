using System.Text.Json;
using Kist.Kernel.Leases;
using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;

namespace Kist.Server.Engines.Sys;

/// <summary><c>sys/leases</c> as a whole: lists, counts, tidying.</summary>
internal sealed class LeaseListPaths
{
    private const int DefaultLimit = 10_000;

    private static readonly Field<string> Prefix = Fields.Text("prefix", "The folder of leases.");
    private static readonly Field<string> Type = Fields.Text("type", "Which leases: irrevocable.");
    private static readonly Field<string> Limit = Fields.Text("limit", "How many at most; none for all.");
    private static readonly Field<bool> Children = Fields.Flag("include_child_namespaces", "Kept for clients.");

    private readonly Unsealed _kernel;

    public LeaseListPaths(Unsealed kernel)
    {
        _kernel = kernel;
        Routes =
        [
            new(Operation.List, "leases/lookup/{prefix...}", ListAsync, "Lists leases", Prefix,
                Paging.After, Paging.Limit)
                { Access = Access.Sudo },
            new(Operation.Update, "leases/tidy", TidyAsync, "Cleans up leases that lead nowhere"),
            new(Operation.Read, "leases/count", CountAsync, "Counts leases", Type, Children),
            new(Operation.Read, "leases", IrrevocableAsync, "Lists leases that could not be revoked", Type, Limit,
                Children)
                { Access = Access.Sudo },
        ];
    }

    public IReadOnlyList<Route> Routes { get; }

    private async ValueTask<Response> ListAsync(Call call)
    {
        var names = await _kernel.Leases.ListAsync(
            call.Get(Prefix), call.Get(Paging.After), Paging.LimitOf(call), call.Aborted);
        return names.Count == 0 ? Response.None : Response.Json(json => json.WriteTexts("keys", names));
    }

    /// <summary>A lease and its indexes are one batch, and ends that were missed stay in the index of ends: nothing is
    /// left over that a sweep could find.</summary>
    private static ValueTask<Response> TidyAsync(Call call) => new(new Response { Status = 202 }.Warn(
        "Tidy operation successfully started. Any information from the operation will be printed to Vault's server "
        + "logs."));

    private async ValueTask<Response> CountAsync(Call call)
    {
        if (!IsOfIrrevocable(call)) return Response.None;
        var leases = await _kernel.Leases.IrrevocableAsync(int.MaxValue, call.Aborted);
        return Response.Json(json => WriteCounts(json, leases));
    }

    private async ValueTask<Response> IrrevocableAsync(Call call)
    {
        if (!IsOfIrrevocable(call)) return Response.None;
        var limit = DefaultLimit;
        if (call.Get(Limit) is { Length: > 0 } text && !int.TryParse(text, out limit))
            limit = text == "none" ? int.MaxValue : 0;
        if (limit <= 0) return Fault.Invalid("'limit' must be a number above zero, or none");
        var leases = await _kernel.Leases.IrrevocableAsync(limit, call.Aborted);
        return Response.Json(json =>
        {
            WriteCounts(json, leases);
            json.WriteStartArray("leases");
            foreach (var lease in leases)
            {
                json.WriteStartObject();
                json.WriteString("lease_id", lease.Id);
                json.WriteString("error",
                    $"revocation failed {lease.FailedRevocations} times; the server's log has the reasons");
                json.WriteEndObject();
            }
            json.WriteEndArray();
        });
    }

    /// <summary>The one kind of lease that Vault counts; of all others it says nothing.</summary>
    private static bool IsOfIrrevocable(Call call) =>
        call.Get(Type).Equals("irrevocable", StringComparison.OrdinalIgnoreCase);

    private void WriteCounts(Utf8JsonWriter json, IReadOnlyList<LeaseRecord> leases)
    {
        json.WriteNumber("lease_count", leases.Count);
        json.WriteStartObject("counts");
        foreach (var group in leases.GroupBy(MountOf)) json.WriteNumber(group.Key, group.Count());
        json.WriteEndObject();
    }

    private string MountOf(LeaseRecord lease) =>
        _kernel.Mounts.Current.WithUuid(lease.MountUuid)?.Entry.Accessor ?? "unknown";
}
