using System.Text.Json;
using System.Text.Json.Serialization;

namespace Kist.Secrets;

/// <summary>Writes <c>"[REDACTED]"</c> whatever the secret is, so that an object graph that holds one by mistake does
/// not leak it. Reading is refused: a secret is never made from a serialised object.</summary>
public sealed class RedactedJson<T> : JsonConverter<T>
{
    /// <inheritdoc/>
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        throw new NotSupportedException("a secret is not read from JSON by itself");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) =>
        writer.WriteStringValue("[REDACTED]"u8);
}
