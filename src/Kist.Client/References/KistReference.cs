using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Kist.Client.References;

/// <summary>
/// Where a value lies: <c>kist://MOUNT/PATH#FIELD</c>, with <c>?version=</c> and <c>?default=</c> behind the path or
/// behind the field. It holds no secret, so that the text may be committed; what a name may not hold as it is stands
/// percent-encoded.
/// </summary>
/// <param name="Path">Mount and path as one, decoded: <c>prod/database</c>. Which part is the mount, the server knows.
/// </param>
/// <param name="Field">The name of the field, decoded; null: the only field that the secret has.</param>
/// <param name="Version">The version, from 1; null: the newest.</param>
/// <param name="Default">What holds when there is no such secret or field; null: it must exist.</param>
public sealed record KistReference(string Path, string? Field = null, long? Version = null, string? Default = null)
{
    /// <summary>How each reference begins.</summary>
    public const string Scheme = "kist://";

    /// <summary>Reads a text that is one reference and nothing else, bare or in braces.</summary>
    public static bool TryParse(
        string text, [NotNullWhen(true)] out KistReference? reference, [NotNullWhen(false)] out ReferenceFault? fault)
    {
        reference = null;
        if (!ReferenceText.TryParse(text, out var parsed, out fault)) return false;
        reference = parsed.Single;
        if (reference is not null) return true;
        fault = new ReferenceFault(0, "it is not one reference such as kist://prod/database#password");
        if (parsed.Parts is [{ Reference: not null }, var second, ..])
            fault = new ReferenceFault(second.Position, "this cannot stand in a reference; write it percent-encoded");
        return false;
    }

    /// <summary>
    /// The reference as it is written, the version behind the field, without the default: that may be a value.
    /// </summary>
    public override string ToString()
    {
        var text = new StringBuilder(Scheme);
        ReferenceReader.Encode(Path, slashes: true, text);
        if (Field is not null) ReferenceReader.Encode(Field, slashes: false, text.Append('#'));
        if (Version is { } version) text.Append("?version=").Append(version);
        return text.ToString();
    }
}
