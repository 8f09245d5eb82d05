using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Kist.Kernel.Audit;
using Kist.Kernel.Barrier;
using Kist.Kernel.Mounts;
using Kist.Kernel.Node;
using Kist.Kernel.Routes;
using Kist.Kernel.Seals;
using Kist.Kernel.Stores;
using Kist.Kernel.Tokens;

namespace Kist.Kernel.Pipeline;

/// <summary>
/// The way of every request, whatever front it came through. Start reading at <see cref="RunAsync"/>: it is the whole
/// way, in order. Nothing leaves before the audit has it, and no handler runs without a <see cref="Verdict"/> that
/// allows it.
/// </summary>
public sealed class RequestPipeline(Node.Node node)
{
    /// <summary>Answers a request. Failures of the medium come back as faults; the process lives on.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<Response> HandleAsync(Request request)
    {
        if (node.Current is not { } kernel)
            return request.Token is null ? Fault.Sealed : Fault.Sealed with
            {
                Message = "error performing token check: Vault is sealed",
            };
        var started = Stopwatch.GetTimestamp();
        Response? response = null;
        try
        {
            response = node.Counts.Count(await RunAsync(kernel, request), started);
            if (node.Store.IsShared && response.Fault is null) response =
                await WithStateAsync(kernel, request, response);
            if (response is { Fault: null, Afterwards: { } run }) await run();
            return response;
        }
        catch (Exception e) when (FaultOf(e) is not null)
        {
            response?.Dispose();
            return node.Counts.Count(Failed(request, e), started);
        }
    }

    /// <summary>Whether clients can ask for a state: with one node every answer has the newest.</summary>
    public bool ReadsStates { get; } = node.Store.IsShared;

    /// <summary>
    /// Whether a token is alive, asked before the rest of its request is read. It decides how much is read, nothing
    /// else.
    /// </summary>
    public async ValueTask<bool> KnowsAsync(string token, CancellationToken ct)
    {
        try
        {
            return node.Current is { } kernel && await kernel.Tokens.LookupAsync(token, ct) is not null;
        }
        catch (Exception e) when (FaultOf(e) is not null)
        {
            return false;
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<Response> RunAsync(Unsealed kernel, Request request)
    {
        // Cut off from the other nodes: nothing that is remembered here counts until the store was asked.
        if (!kernel.Feed.IsConfirmed) await kernel.Feed.ConfirmAsync(request.Aborted);
        if (request.States is { } states && await kernel.State.RequireAsync(states, request.Aborted) is { } tooEarly)
            return tooEarly;
        var target = Target.Find(kernel, request);
        if (target.Refusal is { } malformed) return malformed;

        List<KeyValuePair<string, string>>? headers = null;
        if (kernel.Quotas.Take(request, target.Mount, ref headers) is { } exceeded)
            return (await RefuseOverQuotaAsync(kernel, request, target, exceeded)).With(headers);
        if (target.Route?.Gate is { } gate && await gate(request, request.Aborted) is { } closed)
            return await new AuditTrail(kernel, request, Caller.Anonymous, target.Mount?.Entry, writesAhead: false)
                .RefuseAsync(closed);

        var (caller, refused, isLastUse) = await IdentifyAsync(kernel, request, target);
        if (refused is null) target = await target.SettleOperationAsync(request, caller);
        var verdict = refused is null ? Verdict.Decide(request, caller, target.Access) : default;
        if (refused is null && !verdict.Allowed) refused = Fault.Denied;

        var trail = new AuditTrail(
            kernel, request, caller, target.Mount?.Entry, target.HasEffects(request) || isLastUse);
        try
        {
            if (refused is not null) return await trail.RefuseAsync(refused);
            if (target.Missing(request) is { } missing) return await trail.RefuseAsync(missing);
            if (await trail.BeginAsync() is { } unaudited) return unaudited;

            Response? response = null;
            try
            {
                response = verdict.Admit(
                    request, target.Mount!, target.Route!, target.Pattern!, target.Captures, out var call)
                    is { } invalid ? invalid : await target.Route!.Handler(call!);
                if (response.Fault is null) response = await GrantAsync(kernel, request, target, caller, response);
            }
            catch (Exception e) when (e is not (OutOfMemoryException or SealedException))
            {
                // Whoever can make a handler fail must not thereby stay out of the audit.
                response?.Dispose();
                response = Failed(request, e);
            }
            if (headers is not null && !ReferenceEquals(response, Response.None)) (response.Headers ??= []).AddRange(
                headers);
            if (await trail.EndAsync(response) is not { } unwritten) return response;
            response.Dispose();
            return unwritten;
        }
        finally
        {
            if (isLastUse) await kernel.Tokens.RevokeAsync(caller.Entry!.Hash, CancellationToken.None);
        }
    }

    /// <summary>
    /// Tells the client how far the store is, after what may have changed something and whenever the client takes part.
    /// </summary>
    private static async ValueTask<Response> WithStateAsync(Unsealed kernel, Request request, Response response)
    {
        if (request.States is null && request.Operation is Operation.Read or Operation.List or Operation.Help)
            return response;
        if (ReferenceEquals(response, Response.None)) response = new Response();
        (response.Headers ??= []).Add(new("X-Vault-Index", await kernel.State.NowAsync(request.Aborted)));
        return response;
    }

    /// <summary>
    /// What the caller learns of a failure. The log gets its cause; a defect's text, which may quote what it choked on,
    /// goes nowhere.
    /// </summary>
    private Fault Failed(Request request, Exception e)
    {
        var fault = FaultOf(e) ?? new Fault(FaultKind.Internal, $"internal error, request id {request.Id}");
        if (fault.Kind is FaultKind.Internal or FaultKind.Unavailable or FaultKind.StorageFull)
            node.Log.RequestFailed(request.Id, request.Path.Value, e);
        return fault;
    }

    /// <summary>
    /// Refused requests would flood the audit, so they are in it only where the configuration asks.
    /// </summary>
    private static async ValueTask<Fault> RefuseOverQuotaAsync(
        Unsealed kernel, Request request, Target target, Fault exceeded)
    {
        if (!kernel.Quotas.Config.EnableRateLimitAuditLogging) return exceeded;
        var trail = new AuditTrail(kernel, request, Caller.Anonymous, target.Mount?.Entry, writesAhead: false);
        return (await trail.RefuseAsync(exceeded)).Fault!;
    }

    /// <summary>Who asks, with one use taken from a token that counts them.</summary>
    private static async ValueTask<(Caller Caller, Fault? Refused, bool IsLastUse)> IdentifyAsync(
        Unsealed kernel, Request request, Target target)
    {
        if (target.Access is Access.Open) return (Caller.Anonymous, null, false);
        var (caller, refused) = await kernel.Tokens.AuthenticateAsync(request, request.Aborted);
        if (caller is null || refused is not null) return (caller ?? Caller.Anonymous, refused, false);
        if (caller.Entry!.NumUses == 0) return (caller, null, false);
        var (used, wasLast) = await kernel.Tokens.UseAsync(caller.Entry, request.Aborted);
        return used ? (caller, null, wasLast) : (caller, Fault.BadToken, false);
    }

    /// <summary>
    /// What a handler asked the kernel for: a token for a login, a lease, a wrapping token around the answer.
    /// </summary>
    private static ValueTask<Response> GrantAsync(
        Unsealed kernel, Request request, Target target, Caller caller, Response response) =>
        response.Login is null && response.Lease is null && request.WrapTtl is null
            ? new(response)
            : GrantAskedAsync(kernel, request, target, caller, response);

    private static async ValueTask<Response> GrantAskedAsync(
        Unsealed kernel, Request request, Target target, Caller caller, Response response)
    {
        var warnings = new List<string>();
        if (response.Login is { } login)
        {
            var (token, fault) = await kernel.Tokens.LoginAsync(
                login, target.Mount!, request.Path.Value, warnings, request.Aborted);
            if (fault is not null) return fault;
            response.Token = token;
        }
        if (response.Lease is { } lease && await kernel.Leases.RegisterAsync(
            lease, target.Mount!, request.Path.Value, caller, warnings, request.Aborted) is { } unleased)
                return unleased;
        foreach (var warning in warnings) response.Warn(warning);
        if (request.WrapTtl is not { } ttl || target.Route!.NeverWrapped || ReferenceEquals(response, Response.None)
            || response.Wrap is not null || response.ContentType is not null) return response;
        using (response) return await kernel.Wrapping.WrapAsync(response, request, ttl, request.Aborted);
    }

    /// <summary>
    /// The one place where failures of the medium become answers; null: a defect, which the front reports. Paths that
    /// answer while sealed use it too.
    /// </summary>
    public static Fault? FaultOf(Exception e) => e switch
    {
        SealedException => Fault.Sealed,
        // Their texts name files and places, which is for the log and not for whoever asks.
        SealException or BarrierException => new Fault(FaultKind.Unavailable,
            "the root key cannot be opened or replaced; the server's log says why", Detail: e.Message),
        ConflictException => new Fault(FaultKind.Conflict, "someone else changed this at the same time; try again"),
        BatchLimitException => new Fault(FaultKind.TooLarge, e.Message),
        CorruptEntryException => Fault.Internal("the storage is damaged: the entry cannot be decrypted", e.Message),
        // Bodies were checked before they got here, so what cannot be read as JSON was read from the store.
        MalformedRecordException or JsonException =>
            Fault.Internal("the storage is damaged: the entry is malformed", e.Message),
        AuditOpenException => Fault.Internal("an audit sink cannot be opened; the server's log says why", e.Message),
        StoreException { Kind: StoreFailure.Full } => new Fault(FaultKind.StorageFull, "the storage is full"),
        StoreException { Kind: StoreFailure.ReadOnly } => new Fault(FaultKind.Unavailable, "the storage is read-only"),
        StoreException { Kind: StoreFailure.Corrupt } => Fault.Internal("the storage is damaged", e.Message),
        StoreException { Kind: StoreFailure.Refused } => new Fault(
            FaultKind.Unavailable, "the storage refuses this server; the server's log says why"),
        StoreException => new Fault(FaultKind.Unavailable, "the storage cannot be reached"),
        OperationCanceledException => new Fault(FaultKind.Unavailable, "the request was cancelled"),
        _ => null,
    };
}
