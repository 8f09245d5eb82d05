using Kist.Kernel.Events;
using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;

namespace Kist.Server.Engines.Sys;

/// <summary>
/// <c>sys/events/subscribe/TYPE</c>: what changes, as it changes, to whoever may read it. Vault's path and events
/// (https://developer.hashicorp.com/vault/api-docs/system/events), by WebSocket as there, or as server-sent events.
/// </summary>
internal sealed class EventPaths
{
    private static readonly Field<string> s_type =
        Fields.Text("type", "The type of event; * stands for any text: kv-v2/data-write, kv*, *.");
    private static readonly Field<string> s_path =
        Fields.Text("path", "Only events on this path; * stands for any text: prod/data/*.");
    private static readonly Field<string> s_after =
        Fields.Text("after", "The id of the last event that was seen; without it the stream begins now.");
    private static readonly Field<bool> s_json =
        Fields.Flag("json", "Vault's choice of form over WebSocket; here it is always JSON.");

    private readonly Unsealed _kernel;

    public EventPaths(Unsealed kernel)
    {
        _kernel = kernel;
        Routes =
        [
            new(Operation.Read, "events/subscribe/{type+}", Subscribe, "Tells what changes, as it changes",
                s_type, s_path, s_after, s_json) { NeverWrapped = true, HasEffects = true },
        ];
    }

    public IReadOnlyList<Route> Routes { get; }

    private ValueTask<Response> Subscribe(Call call)
    {
        EventPlace? after = null;
        var text = call.Get(s_after) is { Length: > 0 } given ? given : call.Request.Header?.Invoke("Last-Event-ID");
        if (!string.IsNullOrEmpty(text))
        {
            if (!EventPlace.TryParse(text, out var place))
                return new(Fault.Invalid("the field \"after\" (or Last-Event-ID) is not the id of an event"));
            after = place;
        }
        if (_kernel.Node.Streams.Take(_kernel.Settings.MostStreams) is not { } open)
            return new(new Fault(FaultKind.QuotaExceeded,
                $"this node keeps {_kernel.Settings.MostStreams} streams of events open and takes no more; "
                + "try again later, or ask another node"));
        var stream = new EventStream(
            _kernel, call.Request, new EventFilter(call.Get(s_type).TrimEnd('/'), call.Get(s_path)));
        return new(new Response
        {
            Raw = new RawBody("text/event-stream")
            {
                Messages = stream.FollowAsync(after, call.Aborted), Place = open,
            },
        });
    }
}
