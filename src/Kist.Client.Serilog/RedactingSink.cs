using Kist.Client.Logging;
using global::Serilog.Core;
using global::Serilog.Events;
using global::Serilog.Parsing;

namespace Kist.Client.Serilog;

/// <summary>Passes events on with the values masked; one that holds none as it is.</summary>
internal sealed class RedactingSink(ILogEventSink inner) : ILogEventSink, IDisposable
{
    private static readonly MessageTemplateParser s_parser = new();

    public void Emit(LogEvent logEvent) => inner.Emit(Masked(logEvent));

    public void Dispose() => (inner as IDisposable)?.Dispose();

    private static LogEvent Masked(LogEvent told)
    {
        var text = KistRedaction.Mask(told.MessageTemplate.Text);
        var isSame = ReferenceEquals(text, told.MessageTemplate.Text);
        var exception = KistRedaction.Mask(told.Exception);
        isSame &= ReferenceEquals(exception, told.Exception);
        var properties = new List<LogEventProperty>(told.Properties.Count);
        foreach (var (name, value) in told.Properties)
        {
            var masked = Masked(value);
            isSame &= ReferenceEquals(masked, value);
            properties.Add(new LogEventProperty(name, masked));
        }
        if (isSame) return told;
        var template = ReferenceEquals(text, told.MessageTemplate.Text) ? told.MessageTemplate : s_parser.Parse(text);
        return new LogEvent(told.Timestamp, told.Level, exception, template, properties,
            told.TraceId ?? default, told.SpanId ?? default);
    }

    private static LogEventPropertyValue Masked(LogEventPropertyValue value) => value switch
    {
        ScalarValue { Value: { } scalar } => (scalar as string ?? scalar.ToString()) is { } text
            && KistRedaction.Mask(text) is var masked && !ReferenceEquals(masked, text)
            ? new ScalarValue(masked) : value,
        SequenceValue sequence => Same(sequence.Elements, out var elements)
            ? value : new SequenceValue(elements),
        StructureValue structure => Same([.. structure.Properties.Select(p => p.Value)], out var values)
            ? value
            : new StructureValue(structure.Properties.Zip(values, (p, v) => new LogEventProperty(p.Name, v)),
                structure.TypeTag),
        DictionaryValue map => Masked(map),
        _ => value,
    };

    private static DictionaryValue Masked(DictionaryValue map)
    {
        var isSame = Same([.. map.Elements.Keys], out var keys);
        isSame &= Same([.. map.Elements.Values], out var values);
        return isSame ? map : new DictionaryValue(keys.Zip(values, (k, v) => KeyValuePair.Create((ScalarValue)k, v)));
    }

    private static bool Same(IReadOnlyList<LogEventPropertyValue> values, out List<LogEventPropertyValue> masked)
    {
        masked = [.. values.Select(Masked)];
        return masked.Zip(values, ReferenceEquals).All(same => same);
    }
}
