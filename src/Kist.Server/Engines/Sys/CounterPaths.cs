using System.Globalization;
using System.Text.Json;
using Kist.Kernel.Identity;
using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;

namespace Kist.Server.Engines.Sys;

/// <summary>
/// <c>sys/internal/counters</c>. Kist has no licence to count clients for: token and entity counts are real, client
/// activity is answered as Vault answers it while its log is disabled.
/// </summary>
internal sealed class CounterPaths
{
    private const string ConfigKey = "counters-config";

    private static readonly Field<long> DefaultMonths =
        Fields.Number("default_report_months", "Months that a report covers.", 12);
    private static readonly Field<long> Retention =
        Fields.Number("retention_months", "Months that counts are kept.", 24);
    private static readonly Field<string> Enabled = Fields.Text("enabled", "enable, disable or default.", "default");
    private static readonly Field<string> Start = Fields.Text("start_time", "Where the report starts.");
    private static readonly Field<string> End = Fields.Text("end_time", "Where the report ends.");
    private static readonly Field<long> LimitNamespaces = Fields.Number("limit_namespaces", "Kept for clients.");

    private readonly Unsealed _kernel;

    public CounterPaths(Unsealed kernel)
    {
        _kernel = kernel;
        const string root = "internal/counters/";
        Routes =
        [
            new(Operation.Read, root + "requests", RequestsAsync, "Counts requests by month"),
            new(Operation.Read, root + "tokens", TokensAsync, "Counts tokens"),
            new(Operation.Read, root + "entities", EntitiesAsync, "Counts entities"),
            new(Operation.Read, root + "config", ReadConfigAsync, "Reads how clients are counted"),
            new(Operation.Update, root + "config", WriteConfigAsync, "Sets how clients are counted", DefaultMonths,
                Retention, Enabled),
            new(Operation.Read, root + "activity", ActivityAsync, "Reports clients by month", Start, End,
                LimitNamespaces),
            new(Operation.Read, root + "activity/monthly", MonthAsync, "Reports this month's clients"),
        ];
    }

    public IReadOnlyList<Route> Routes { get; }

    private static ValueTask<Response> RequestsAsync(Call call) =>
        new(Response.Json(json => json.WriteTexts("counters", [])));

    private async ValueTask<Response> TokensAsync(Call call)
    {
        var total = 0;
        for (var after = ""; ;)
        {
            var page = await _kernel.Tokens.AccessorsAsync(after, 1000, call.Aborted);
            total += page.Count;
            if (page.Count < 1000) break;
            after = page[^1];
        }
        return Total("service_tokens", total);
    }

    private async ValueTask<Response> EntitiesAsync(Call call) =>
        Total("entities", (await _kernel.Identity.IdsAsync(IdentityKind.Entity, "", 0, call.Aborted)).Count);

    private static Response Total(string what, int total) => Response.Json(json =>
    {
        json.WriteStartObject("counters");
        json.WriteStartObject(what);
        json.WriteNumber("total", total);
        json.WriteEndObject();
        json.WriteEndObject();
    });

    private async ValueTask<Response> ReadConfigAsync(Call call)
    {
        var (months, retention, enabled) = await ConfigAsync(call.Aborted);
        return Response.Json(json =>
        {
            json.WriteNumber("default_report_months", months);
            json.WriteString("enabled", enabled == "default" ? "default-disabled" : enabled);
            json.WriteBoolean("queries_available", false);
            json.WriteNumber("retention_months", retention);
            json.WriteBoolean("reporting_enabled", false);
        });
    }

    private async ValueTask<Response> WriteConfigAsync(Call call)
    {
        var (months, retention, enabled) = await ConfigAsync(call.Aborted);
        if (call.Has(DefaultMonths)) months = call.Get(DefaultMonths);
        if (call.Has(Retention)) retention = call.Get(Retention);
        if (call.Has(Enabled)) enabled = call.Get(Enabled);
        if (months <= 0) return Fault.Invalid("default_report_months must be greater than 0");
        if (retention is < 0 or > 60) return Fault.Invalid("retention_months must be between 0 and 60");
        if (enabled is not ("enable" or "disable" or "default"))
            return Fault.Invalid("enabled must be one of \"default\", \"enable\", \"disable\"");
        var text = string.Create(CultureInfo.InvariantCulture, $"{months} {retention} {enabled}");
        await _kernel.Core.PutAsync(ConfigKey, System.Text.Encoding.ASCII.GetBytes(text), call.Aborted);
        return enabled == "enable"
            ? Response.None.Warn("This server does not count clients; the setting is kept for clients only.")
            : Response.None;
    }

    private async ValueTask<(long Months, long Retention, string Enabled)> ConfigAsync(CancellationToken ct)
    {
        using var stored = await _kernel.Core.GetAsync(ConfigKey, ct);
        if (stored is null) return (DefaultMonths.Default, Retention.Default, Enabled.Default);
        var parts = System.Text.Encoding.ASCII.GetString(stored.Span).Split(' ');
        return (long.Parse(parts[0], CultureInfo.InvariantCulture),
            long.Parse(parts[1], CultureInfo.InvariantCulture), parts[2]);
    }

    private static ValueTask<Response> ActivityAsync(Call call) => new(new Response { Status = 204 });

    private static ValueTask<Response> MonthAsync(Call call) => new(Response.Json(json =>
    {
        json.WriteTexts("by_namespace", []);
        WriteZeros(json);
        json.WriteTexts("months", []);
    }));

    private static void WriteZeros(Utf8JsonWriter json)
    {
        string[] names = ["clients", "distinct_entities", "entity_clients", "non_entity_clients", "non_entity_tokens"];
        foreach (var name in names) json.WriteNumber(name, 0);
    }
}
