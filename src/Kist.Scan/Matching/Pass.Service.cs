using System.Text;

namespace Kist.Scan.Matching;

/// <summary>Values that stand beside the name of a service and a word for a credential.</summary>
internal ref partial struct Pass
{
    private const int ServiceWindow = 40, MaxServiceValue = 1024;
    private static readonly ByteSet s_between = ByteSet.Of("0-9A-Za-z_. '\"[\\]-");
    private static readonly ByteSet s_separators = ByteSet.Of(" \t\"'=:_>.,(-");

    private static readonly ByteSet s_serviceValue = ByteSet.Of("0-9A-Za-z_=.+/~%-");

    private static readonly byte[][] s_credentialWords =
        [.. new[] { "secret", "token", "private", "access", "apikey", "key",
            "password" }.Select(Encoding.ASCII.GetBytes)];

    private void Service(byte[] service, int at)
    {
        if (at > 0 && IsLetter(_text[at - 1]) && (!IsUpper(_text[at]) || IsUpper(_text[at - 1]))) return;
        var end = at + service.Length;
        if (end >= _text.Length || !Ascii.EqualsIgnoreCase(_text[at..end], service)) return;
        if (!IsExplaining && !HasDigits(end)) return;
        var window = _text[end..Math.Min(_text.Length, end + ServiceWindow)];
        window = window[..s_between.RunLength(window)];
        var word = CredentialWord(window, 0);
        if (word < 0) return;
        for (var next = word; next >= 0; next = CredentialWord(window[..Math.Min(window.Length, word + 10)],
            word)) word = next;
        var start = end + word;
        start += s_separators.RunLength(_text[start..Math.Min(_text.Length, start + 8)]);
        var length = s_serviceValue.RunLength(_text[start..Math.Min(_text.Length, start + MaxServiceValue)]);
        var value = _text.Slice(start, length).TrimEnd(".,:;"u8);
        if (value.Length < 12) return;
        var against = Placeholders.Reference(value) ?? ServiceValue(value)
            ?? (_setting.IsNoise || IsMinified(at) ? "files of this kind are full of such text" : null);
        var name = Encoding.ASCII.GetString(service);
        Hit("service-secret", start, start + value.Length, $"it stands beside '{name}' and a word for a credential",
            against);
    }

    // A value has digits, and begins in this line.
    private readonly bool HasDigits(int at)
    {
        var rest = _text[at..Math.Min(_text.Length, at + ServiceWindow + MaxServiceValue)];
        var digit = rest.IndexOfAnyInRange((byte)'0', (byte)'9');
        return digit >= 0 && rest[..digit].IndexOf((byte)'\n') < 0;
    }

    // Where the next word for a credential in the window ends; -1 if there is none.
    private static int CredentialWord(ReadOnlySpan<byte> window, int from)
    {
        for (var i = from; i < window.Length; i++)
            foreach (var word in s_credentialWords)
                if (window.Length - i >= word.Length && Ascii.EqualsIgnoreCase(window.Slice(i, word.Length), word)
                    && !GoesOn(window, i + word.Length)) return i + word.Length;
        return -1;
    }

    // Privatelink, keyboard: the word is only the beginning of another one.
    private static bool GoesOn(ReadOnlySpan<byte> window, int at) =>
        at < window.Length && IsLower(window[at]) && IsLower(window[at - 1]);

    private static string? ServiceValue(ReadOnlySpan<byte> value)
    {
        var shape = Shape.Of(value);
        if (Placeholders.InToken(value) is { } against) return against;
        if (shape.Digits < 3 || shape.Letters < 2 || shape.Other > value.Length / 4) return "it does not look like one";
        if (IsDotted(value)) return "it is a name with dots or a path";
        if (Randomness.Entropy(value) < 3) return "it has too little entropy";
        if (value.Length < 16 && shape.DigitGroups < 2) return "it does not look like one";
        return Randomness.Wordiness(value) > 0.8 && shape.Digits < 6 ? "it reads like words" : null;
    }

    private static bool IsLetter(byte value) => (value | 0x20) is >= 'a' and <= 'z';

    private static bool IsLower(byte value) => value is >= (byte)'a' and <= (byte)'z';

    private static bool IsUpper(byte value) => value is >= (byte)'A' and <= (byte)'Z';
}
