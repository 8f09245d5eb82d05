using System.Text.Json;
using Kist.Secrets;

namespace Kist.Cli.Output;

/// <summary>A request body as one flat JSON object; members whose value is null are left out.</summary>
internal sealed class JsonBody : IDisposable
{
    private readonly Utf8JsonWriter _writer;
    private readonly SecretWriter _text = new(256);

    public JsonBody()
    {
        _writer = new Utf8JsonWriter(_text);
        _writer.WriteStartObject();
    }

    public JsonBody With(string name, string? value)
    {
        if (value is not null) _writer.WriteString(name, value);
        return this;
    }

    public JsonBody With(string name, ReadOnlySpan<byte> utf8)
    {
        _writer.WriteString(name, utf8);
        return this;
    }

    public JsonBody With(string name, long? value)
    {
        if (value is { } number) _writer.WriteNumber(name, number);
        return this;
    }

    /// <summary>Adds a flag; false is left out, because it is what the server assumes.</summary>
    public JsonBody With(string name, bool value)
    {
        if (value) _writer.WriteBoolean(name, true);
        return this;
    }

    /// <summary>Adds a list; an empty one is left out.</summary>
    public JsonBody With(string name, string[]? values)
    {
        if (values is not { Length: > 0 }) return this;
        _writer.WriteStartArray(name);
        foreach (var value in values) _writer.WriteStringValue(value);
        _writer.WriteEndArray();
        return this;
    }

    /// <summary>Adds an object from <c>NAME=VALUE</c> texts, checked before; an empty one is left out.</summary>
    public JsonBody WithMap(string name, string[]? pairs)
    {
        if (pairs is not { Length: > 0 }) return this;
        _writer.WriteStartObject(name);
        foreach (var pair in pairs)
        {
            var at = pair.IndexOf('=');
            _writer.WriteString(pair[..at], pair[(at + 1)..]);
        }
        _writer.WriteEndObject();
        return this;
    }

    /// <summary>Adds JSON that is known to be valid.</summary>
    public JsonBody WithRaw(string name, ReadOnlySpan<byte> json)
    {
        _writer.WritePropertyName(name);
        _writer.WriteRawValue(json, skipInputValidation: true);
        return this;
    }

    /// <summary>Closes the object. The text is zeroed when this body is disposed.</summary>
    public SecretWriter Close()
    {
        _writer.WriteEndObject();
        _writer.Flush();
        return _text;
    }

    /// <summary>The first text that is not <c>NAME=VALUE</c>, as a problem that does not repeat it.</summary>
    public static Problem? CheckPairs(string option, string[]? pairs)
    {
        for (var i = 0; i < (pairs?.Length ?? 0); i++)
            if (pairs![i].IndexOf('=') <= 0) return new Problem($"{option} number {i + 1} is not NAME=VALUE");
        return null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _writer.Dispose();
        _text.Dispose();
    }
}
