using System.Text;
using System.Text.Json;
using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;
using Kist.Secrets;

namespace Kist.Server.Engines.Sys;

/// <summary>
/// <c>sys/metrics</c>, for Prometheus and as JSON. Counts and times of the whole server: no label ever holds a path, a
/// name or anything else that a client chose.
/// </summary>
internal sealed class MetricsPaths
{
    private static readonly Field<string> Format = Fields.Text("format", "prometheus, or nothing for JSON.");

    private readonly Unsealed _kernel;

    public MetricsPaths(Unsealed kernel)
    {
        _kernel = kernel;
        Routes =
        [
            new(Operation.Read, "metrics", ReadAsync, "Reads the metrics", Format)
                { Access = kernel.Settings.OpenMetrics ? Access.Open : Access.Token },
        ];
    }

    public IReadOnlyList<Route> Routes { get; }

    private ValueTask<Response> ReadAsync(Call call)
    {
        var format = call.Get(Format);
        if (format.Length == 0 && call.Request.Header?.Invoke("Accept") is { } accept
            && (accept.Contains("openmetrics-text", StringComparison.Ordinal)
                || accept.StartsWith("text/plain", StringComparison.Ordinal)))
            format = "prometheus";
        return new(format switch
        {
            "" => Json(),
            "prometheus" => Text(Prometheus(), "text/plain; version=0.0.4; charset=utf-8", 200),
            _ => Text($"metric response format \"{format}\" unknown", "text/plain; charset=utf-8", 400),
        });
    }

    private static Response Text(string text, string type, int status)
    {
        var data = new SecretWriter();
        data.Write(Encoding.UTF8.GetBytes(text));
        return new Response { ContentType = type, Status = status }.With(data);
    }

    private string Prometheus()
    {
        var text = new StringBuilder();
        foreach (var group in Metric.Collect(_kernel).GroupBy(m => m.Name))
        {
            text.Append($"# TYPE {group.Key} {group.First().Kind}\n");
            foreach (var metric in group)
            {
                if (metric.Sum is { } sum) text.Append($"{metric.Name}_sum {Metric.Number(sum)}\n");
                text.Append(metric.Sum is null ? metric.Name : metric.Name + "_count");
                if (metric.Label is { } label) text.Append($"{{{label.Name}=\"{label.Value}\"}}");
                text.Append($" {Metric.Number(metric.Value)}\n");
            }
        }
        return text.ToString();
    }

    private Response Json() => new Response { ContentType = "application/json" }.WithJson(json =>
    {
        var metrics =
            Metric.Collect(_kernel).Where(m => m.Name.StartsWith("vault_", StringComparison.Ordinal)).ToList();
        json.WriteString("Timestamp", _kernel.Clock.GetUtcNow().ToString("yyyy-MM-dd HH:mm:ss +0000 'UTC'",
            System.Globalization.CultureInfo.InvariantCulture));
        Write(json, "Gauges", metrics.Where(m => m.Kind == "gauge"));
        json.WriteTexts("Points", []);
        Write(json, "Counters", metrics.Where(m => m.Kind == "counter"));
        Write(json, "Samples", metrics.Where(m => m.Kind == "summary"));
    });

    private static void Write(Utf8JsonWriter json, string name, IEnumerable<Metric> metrics)
    {
        json.WriteStartArray(name);
        foreach (var metric in metrics)
        {
            json.WriteStartObject();
            json.WriteString("Name", metric.Name.Replace('_', '.'));
            if (metric.Kind == "gauge") json.WriteNumber("Value", metric.Value);
            else
            {
                json.WriteNumber("Count", metric.Value);
                json.WriteNumber("Sum", metric.Sum ?? metric.Value);
                json.WriteNumber("Mean", metric.Value == 0 ? 0 : (metric.Sum ?? metric.Value) / metric.Value);
            }
            json.WriteStartObject("Labels");
            if (metric.Label is { } label) json.WriteString(label.Name, label.Value);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }
}
