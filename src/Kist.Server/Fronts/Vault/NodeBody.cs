using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;
using Kist.Secrets;

namespace Kist.Server.Fronts.Vault;

/// <summary>
/// The fields of a small JSON object that <see cref="Limits"/> has checked. Values of the wrong kind are remembered
/// in <see cref="Fault"/>, so that a handler reads what it needs and then asks once.
/// </summary>
internal sealed class NodeBody(ReadOnlyMemory<byte> json)
{
    /// <summary>The nonce of an attempt.</summary>
    public static readonly Field<string> NonceField = Fields.Text("nonce", "The attempt that is meant");

    /// <summary>The first field that could not be read; null when all could.</summary>
    public Fault? Fault { get; private set; }

    /// <summary>Whether a field is there and holds something.</summary>
    public bool Has(string name) => !Find(name).Span.TrimStart("[\""u8).TrimEnd("]\""u8).IsEmpty;

    /// <summary>A field's value, or its default.</summary>
    public T Get<T>(Field<T> field)
    {
        var raw = Find(field.Name);
        if (raw.IsEmpty) return field.Default;
        if (field.Parse(new FieldValue(raw, null), out var value, out var error)) return value!;
        Fault ??= Kernel.Pipeline.Fault.Invalid($"failed to parse JSON input: field \"{field.Name}\": {error}");
        return field.Default;
    }

    /// <summary>The characters of a secret text as UTF-8, or null when there are none. The caller disposes
    /// it.</summary>
    public SecretBuffer? Text(string name)
    {
        var raw = Find(name);
        if (raw.IsEmpty) return null;
        var reader = new Utf8JsonReader(raw.Span);
        reader.Read();
        if (reader.TokenType is not JsonTokenType.String)
        {
            Fault ??= Kernel.Pipeline.Fault.Invalid($"failed to parse JSON input: field \"{name}\": expected a string");
            return null;
        }
        var text = SecretBuffer.Rent(reader.ValueSpan.Length);
        text.Truncate(reader.CopyString(text.Span));
        if (text.Length > 0) return text;
        text.Dispose();
        return null;
    }

    /// <summary>
    /// The bytes of the field <c>key</c>, which is hexadecimal or base64 text. Null with a fault when it is missing
    /// or neither; <paramref name="missing"/> is what the caller is told then. The caller disposes it.
    /// </summary>
    public SecretBuffer? Key(string missing)
    {
        using var text = Text("key");
        if (text is null)
        {
            Fault ??= Kernel.Pipeline.Fault.Invalid(missing);
            return null;
        }
        var bytes = SecretBuffer.Rent(text.Length);
        if (TryDecode(text.Span, bytes.Span, out var length))
        {
            bytes.Truncate(length);
            return bytes;
        }
        bytes.Dispose();
        Fault ??= Kernel.Pipeline.Fault.Invalid("'key' must be a valid hex or base64 string");
        return null;
    }

    private static bool TryDecode(ReadOnlySpan<byte> text, Span<byte> bytes, out int length) =>
        Convert.FromHexString(text, bytes, out _, out length) is OperationStatus.Done
        || (Base64.DecodeFromUtf8(text, bytes, out var read, out length) is OperationStatus.Done
            && read == text.Length);

    /// <summary>The raw value of a top-level field; empty when it is absent or null.</summary>
    private ReadOnlyMemory<byte> Find(string name)
    {
        if (json.IsEmpty) return default;
        var reader = new Utf8JsonReader(json.Span, new JsonReaderOptions { MaxDepth = Limits.MaxJsonDepth });
        while (reader.Read())
        {
            if (reader.TokenType is not JsonTokenType.PropertyName) continue;
            var isIt = reader.ValueTextEquals(name);
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            var isNull = reader.TokenType is JsonTokenType.Null;
            reader.Skip();
            if (isIt) return isNull ? default : json[start..(int)reader.BytesConsumed];
        }
        return default;
    }
}
