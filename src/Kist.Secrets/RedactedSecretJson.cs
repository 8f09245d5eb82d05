using System.Text.Json;
using System.Text.Json.Serialization;

namespace Kist.Secrets;

/// <summary>As <see cref="RedactedJson{T}"/>, for <see cref="Secret{T}"/> of every kind.</summary>
internal sealed class RedactedSecretJson : JsonConverter<object>
{
    public override bool CanConvert(Type typeToConvert) => true;

    public override object Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        throw new NotSupportedException("a secret is not read from JSON by itself");

    public override void Write(Utf8JsonWriter writer, object value, JsonSerializerOptions options) =>
        writer.WriteStringValue("[REDACTED]"u8);
}
