using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Kist.Client.References;

/// <summary>A piece of a text: words that stay as they are, or a reference.</summary>
/// <param name="Position">Where it begins, counted in characters from 0.</param>
/// <param name="Literal">The words; null for a reference.</param>
/// <param name="Reference">The reference; null for words.</param>
public sealed record ReferencePart(int Position, string? Literal, KistReference? Reference)
{
    /// <summary>The reference, or how many characters of words: they may be part of a secret.</summary>
    public override string ToString() => Reference?.ToString() ?? $"{Literal!.Length} characters";
}

/// <summary>
/// A value of a configuration with the references in it: it is one (<c>kist://prod/database#password</c>), or holds
/// some (<c>Host=db;Password=kist://prod/database#password;Timeout=5</c>). A reference inside a text ends before the
/// first character that no name has: names consist of letters, digits, <c>-._~</c> and what is percent-encoded. Braces
/// around it (<c>{kist://prod/database#host}.example</c>) end it wherever one likes. A default of a reference at the
/// beginning of a text goes to the end of the text.
/// </summary>
public sealed class ReferenceText
{
    private ReferenceText(IReadOnlyList<ReferencePart> parts) => Parts = parts;

    /// <summary>The pieces in their order; empty for an empty text.</summary>
    public IReadOnlyList<ReferencePart> Parts { get; }

    /// <summary>The reference, if the text is one and nothing else.</summary>
    public KistReference? Single => Parts is [{ Reference: { } only }] ? only : null;

    /// <summary>The references in their order.</summary>
    public IEnumerable<KistReference> References => Parts.Select(p => p.Reference).OfType<KistReference>();

    /// <summary>Whether it is worth parsing: most values of a configuration hold no reference.</summary>
    public static bool MayHold([NotNullWhen(true)] string? text) =>
        text is not null && text.Contains(KistReference.Scheme, StringComparison.Ordinal);

    /// <summary>Finds the references. A text without any is one piece of words.</summary>
    public static bool TryParse(
        string text, [NotNullWhen(true)] out ReferenceText? parsed, [NotNullWhen(false)] out ReferenceFault? fault)
    {
        ArgumentNullException.ThrowIfNull(text);
        (parsed, fault) = (null, null);
        var parts = new List<ReferencePart>();
        var at = 0;
        while (Next(text, at) is var begin && begin < text.Length)
        {
            if (begin > at) parts.Add(new ReferencePart(at, text[at..begin], null));
            var reader = new ReferenceReader(text, begin);
            if (reader.Read() is not { } reference)
            {
                fault = reader.Fault!;
                return false;
            }
            parts.Add(new ReferencePart(begin, null, reference));
            at = reader.End;
        }
        if (at < text.Length) parts.Add(new ReferencePart(at, text[at..], null));
        parsed = new ReferenceText(parts);
        return true;
    }

    /// <summary>The text with each reference replaced.</summary>
    public string Fill(Func<KistReference, string> value)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (Single is { } only) return value(only);
        var filled = new StringBuilder();
        foreach (var part in Parts) filled.Append(part.Literal ?? value(part.Reference!));
        return filled.ToString();
    }

    /// <summary>Where the next reference begins, its brace included; the text's length if there is none.</summary>
    private static int Next(string text, int from)
    {
        while (from < text.Length)
        {
            var found = text.IndexOf(KistReference.Scheme, from, StringComparison.Ordinal);
            if (found < 0) return text.Length;
            if (found == from) return found;
            if (text[found - 1] == '{') return found - 1;
            // mykist:// is another scheme.
            if (!char.IsLetterOrDigit(text[found - 1])) return found;
            from = found + KistReference.Scheme.Length;
        }
        return text.Length;
    }
}
