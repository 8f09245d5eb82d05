using System.Text.Json;
using Kist.Kernel.Pipeline;

namespace Kist.Kernel.Routes;

/// <summary>
/// Fields that stand in an object of the request rather than at its top (<c>config</c> of <c>sys/mounts</c>), parsed by
/// the same rules.
/// </summary>
public sealed class FieldSet
{
    private readonly Dictionary<Field, object?> _values = new(ReferenceEqualityComparer.Instance);

    private FieldSet()
    {
    }

    /// <summary>
    /// Reads the members of <paramref name="json"/> (one JSON object, or nothing) that <paramref name="fields"/> name.
    /// A fault when it is no object or a value is of the wrong kind; it names the field, never the value.
    /// </summary>
    public static Fault? TryRead(ReadOnlyMemory<byte> json, IReadOnlyList<Field> fields, out FieldSet set)
    {
        set = new FieldSet();
        if (json.IsEmpty) return null;
        var reader = new Utf8JsonReader(json.Span, new JsonReaderOptions { MaxDepth = Limits.MaxJsonDepth });
        reader.Read();
        if (reader.TokenType is JsonTokenType.Null) return null;
        if (reader.TokenType is not JsonTokenType.StartObject) return Fault.Invalid("expected an object");
        while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
        {
            Field? field = null;
            foreach (var candidate in fields)
                if (reader.ValueTextEquals(candidate.Name)) field = candidate;
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            if (field is null) continue;
            var raw = new FieldValue(json[start..(int)reader.BytesConsumed], null);
            if (!field.TryParse(raw, out var value, out var error))
                return Fault.Invalid($"error converting input for field \"{field.Name}\": {error}");
            set._values[field] = value;
        }
        return null;
    }

    /// <summary>The field's value, or its default when the object does not have it.</summary>
    public T Get<T>(Field<T> field) =>
        _values.TryGetValue(field, out var value) && value is T typed ? typed : field.Default;

    /// <summary>Whether the object has the field.</summary>
    public bool Has(Field field) => _values.ContainsKey(field);
}
