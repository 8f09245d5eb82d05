using System.Text;
using System.Text.Json;
using Kist.Kernel.Barrier;
using Kist.Kernel.Mounts;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Tokens;

namespace Kist.Kernel.Routes;

/// <summary>
/// An authorized request on its way into a handler: the caller, this mount's storage, and the route's fields, parsed.
/// Only <see cref="Verdict.Admit"/> makes one, so a handler cannot run without a decision.
/// </summary>
public sealed class Call
{
    private readonly object?[] _values;

    internal Call(Request request, Route route, Mount mount, Caller caller, object?[] values)
    {
        Request = request;
        Route = route;
        Mount = mount;
        Caller = caller;
        _values = values;
    }

    /// <summary>The request.</summary>
    public Request Request { get; }

    /// <summary>The route that was chosen.</summary>
    public Route Route { get; }

    /// <summary>The mount that the path lies in.</summary>
    public Mount Mount { get; }

    /// <summary>Who asks; <see cref="Caller.Anonymous"/> on open routes.</summary>
    public Caller Caller { get; }

    /// <summary>This mount's part of the barrier, and nothing else.</summary>
    public Storage Storage => Mount.Storage;

    /// <summary>The part of the path below the mount.</summary>
    public ReadOnlySpan<char> PathBelowMount => Mount.Below(Request.Path.Value);

    /// <summary>Cancelled when the client goes away.</summary>
    public CancellationToken Aborted => Request.Aborted;

    /// <summary>The field's value, or its default when the request does not have it.</summary>
    public T Get<T>(Field<T> field) => _values[IndexOf(field)] is T value ? value : field.Default;

    /// <summary>Whether the request has the field.</summary>
    public bool Has(Field field) => _values[IndexOf(field)] is not null;

    private int IndexOf(Field field)
    {
        var fields = Route.Fields;
        for (var i = 0; i < fields.Length; i++)
            if (ReferenceEquals(fields[i], field)) return i;
        throw new InvalidOperationException($"the route {Route.Pattern} does not declare the field {field.Name}");
    }

    /// <summary>
    /// Parses the route's fields from captures, query and body. A value of the wrong kind is a fault that names the
    /// field.
    /// </summary>
    internal static Fault? Bind(Request request, Route route, RoutePattern pattern, in Captures captures,
        out object?[] values)
    {
        values = route.Fields.Length == 0 ? [] : new object?[route.Fields.Length];
        if (values.Length == 0) return null;
        if (!request.Body.IsEmpty && BindBody(request.Body, route, pattern, values) is { } fault) return fault;
        if (request.Query is { } query)
            foreach (var (name, text) in query)
                if (BindOne(route, name, new FieldValue(default, text), values) is { } wrong) return wrong;
        for (var i = 0; i < pattern.CaptureNames.Count; i++)
            if (BindOne(route, pattern.CaptureNames[i], new FieldValue(default, captures[i]), values) is { } bad)
                return bad;
        return null;
    }

    private static Fault? BindBody(ReadOnlyMemory<byte> body, Route route, RoutePattern pattern, object?[] values)
    {
        var reader = new Utf8JsonReader(body.Span, new JsonReaderOptions { MaxDepth = Limits.MaxJsonDepth });
        reader.Read();
        while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
        {
            var index = -1;
            for (var i = 0; i < route.Fields.Length && index < 0; i++)
                if (reader.ValueTextEquals(route.Fields[i].Name)) index = i;
            if (index < 0 && MisspelledField(reader.ValueSpan, route, pattern) is { } meant)
                return Fault.Invalid($"the field \"{meant}\" is written in lower case");
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            if (index < 0) continue;
            var value = new FieldValue(body[start..(int)reader.BytesConsumed], null);
            if (Parse(route.Fields[index], value, out values[index]) is { } fault) return fault;
        }
        return null;
    }

    /// <summary>
    /// The declared field that <paramref name="key"/> differs from by case alone. Left out without a word, such a
    /// field could be a limit that its writer believes in. Names in the path are no fields of the body.
    /// </summary>
    private static string? MisspelledField(ReadOnlySpan<byte> key, Route route, RoutePattern pattern)
    {
        foreach (var field in route.Fields)
            if (Ascii.EqualsIgnoreCase(key, field.Name)
                && !pattern.CaptureNames.Contains(field.Name)) return field.Name;
        return null;
    }

    private static Fault? BindOne(Route route, string name, in FieldValue value, object?[] values)
    {
        for (var i = 0; i < route.Fields.Length; i++)
            if (route.Fields[i].Name == name) return Parse(route.Fields[i], value, out values[i]);
        return null;
    }

    private static Fault? Parse(Field field, in FieldValue value, out object? result) =>
        field.TryParse(value, out result, out var error)
            ? null
            : Fault.Invalid($"Field validation failed: error converting input for field \"{field.Name}\": {error}");
}
