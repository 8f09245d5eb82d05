using System.Runtime.CompilerServices;
using Kist.Kernel.Audit;
using Kist.Kernel.Mounts;
using Kist.Kernel.Node;
using Kist.Kernel.Tokens;

namespace Kist.Kernel.Pipeline;

/// <summary>
/// The audit of one request. What may change something is written before it runs; a plain read is written together with
/// its answer, in one go, before the answer leaves. If the audit fails, the request fails.
/// </summary>
internal readonly struct AuditTrail(
    Unsealed kernel, Request request, Caller caller, MountEntry? mount, bool writesAhead)
{
    /// <summary>Writes the request ahead when it may change something.</summary>
    public ValueTask<Fault?> BeginAsync() =>
        writesAhead ? kernel.Audit.Broker.WriteRequestAsync(Entry(null, null)) : ValueTask.FromResult<Fault?>(null);

    /// <summary>
    /// Writes the answer (and the request, if it was not written ahead). A fault: the answer must not leave.
    /// </summary>
    public ValueTask<Fault?> EndAsync(Response response)
    {
        var answer = Entry(response, null);
        return writesAhead
            ? kernel.Audit.Broker.WriteResponseAsync(answer)
            : kernel.Audit.Broker.WritePairAsync(Entry(null, null), answer);
    }

    /// <summary>Writes a request that was refused, and the refusal.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<Response> RefuseAsync(Fault fault) =>
        await kernel.Audit.Broker.WritePairAsync(Entry(null, fault), Entry(fault, fault)) is { } failed ? failed
            : fault;

    private AuditEntry Entry(Response? response, Fault? fault) => new()
    {
        Request = request,
        Time = kernel.Clock.GetUtcNow(),
        Subject = caller.Audit,
        Mount = mount,
        Response = response,
        Fault = fault,
    };
}
