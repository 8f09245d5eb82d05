using System.Text.Json;
using Kist.Cli.Output;
using Kist.Client.References;
using Kist.Secrets;

namespace Kist.Cli.References;

/// <summary>Where the values of references come from: a server (or an agent, which answers as one does), or
/// files.</summary>
internal interface ISecretSource : IDisposable
{
    /// <summary>Says which references will be asked for, so that they can be fetched together.</summary>
    Problem? Prepare(IReadOnlyList<KistReference> references);

    /// <summary>The value of a reference, the caller's to dispose; null where there is none, with the reason.</summary>
    /// <param name="missing">Whether there is no such value, so that a default counts; else the source failed.</param>
    Problem? Find(KistReference reference, out SecretBuffer? value, out bool missing);

    /// <summary>All fields of one secret.</summary>
    Problem? Fields(string path, out IReadOnlyList<SecretField> fields);
}

/// <summary>A field of a secret.</summary>
/// <param name="Value">UTF-8; the source's to dispose.</param>
/// <param name="IsText">Whether it is a text rather than a number, truth or structure.</param>
internal sealed record SecretField(string Name, SecretBuffer Value, bool IsText)
{
    /// <summary>The fields of a JSON object. What is no text stands as its JSON.</summary>
    public static IReadOnlyList<SecretField> Of(JsonElement fields)
    {
        var copy = new List<SecretField>();
        foreach (var field in fields.EnumerateObject())
        {
            using var value = new SecretWriter(256);
            JsonText.WriteValue(field.Value, value);
            copy.Add(new SecretField(field.Name, SecretBuffer.Copy(value.WrittenSpan),
                field.Value.ValueKind == JsonValueKind.String));
        }
        return copy;
    }

    /// <summary>Whether the value may be masked wherever it shows: masking <c>1</c>, <c>true</c> or a port would garble
    /// every output and hide nothing, whether it was stored as a text or not.</summary>
    public bool IsMaskable => MayBeMasked(Value.Span);

    /// <summary>The rule of <see cref="IsMaskable"/>, for values that are no fields.</summary>
    public static bool MayBeMasked(ReadOnlySpan<byte> value) => value.Length >= Redactor.MinLength
        && (value.Length >= 6 || !IsWordOrNumber(value));

    /// <summary>The same once more, to be disposed by itself.</summary>
    public SecretField Copy() => this with { Value = SecretBuffer.Copy(Value.Span) };

    /// <summary>A value of a file that does not tell texts from numbers.</summary>
    public static SecretField OfFile(string name, SecretBuffer value) => new(name, value, !IsWordOrNumber(value.Span));

    private static bool IsWordOrNumber(ReadOnlySpan<byte> value) =>
        value.SequenceEqual("true"u8) || value.SequenceEqual("false"u8) || value.SequenceEqual("null"u8)
        || !value.ContainsAnyExcept("0123456789.-+eE"u8);
}
