using System.Diagnostics.CodeAnalysis;

namespace Kist.Kernel.Routes;

/// <summary>A parameter of a route: its name, its kind for OpenAPI, one sentence of documentation.</summary>
public abstract record Field(string Name, string Docs)
{
    /// <summary>The JSON kind in OpenAPI's words: string, integer, boolean, array, object, number.</summary>
    public abstract string Kind { get; }

    /// <summary>Reads a value; false with an error that names what was expected, never the value.</summary>
    internal abstract bool TryParse(in FieldValue value, out object? result, [NotNullWhen(false)] out string? error);
}

/// <summary>A typed key: declared once with its parser and default, then read by a call's <c>Get</c>.</summary>
public sealed record Field<T>(string Name, string Docs, T Default, FieldParser<T> Parse, string JsonKind)
    : Field(Name, Docs)
{
    /// <inheritdoc/>
    public override string Kind => JsonKind;

    internal override bool TryParse(in FieldValue value, out object? result, [NotNullWhen(false)] out string? error)
    {
        var ok = Parse(value, out var typed, out error);
        result = typed;
        return ok;
    }
}

/// <summary>
/// Turns a raw value into a typed one. <paramref name="error"/> says what was expected, never what was sent.
/// </summary>
public delegate bool FieldParser<T>(in FieldValue value, out T? result, [NotNullWhen(false)] out string? error);

/// <summary>
/// A value as it arrived: raw JSON from the body, or text from the path or the query. Both live in the request's
/// buffers.
/// </summary>
public readonly record struct FieldValue(ReadOnlyMemory<byte> Json, string? Text)
{
    /// <summary>Whether it came from the path or the query.</summary>
    public bool IsText => Text is not null;
}
