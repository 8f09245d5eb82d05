using System.Runtime.InteropServices;
using System.Text;

namespace Kist.Scan.Matching;

/// <summary>Key files: PEM, PuTTY, recovery phrases, password hashes.</summary>
internal ref partial struct Pass
{
    private const int MaxPem = 64 * 1024;
    private const int LeastPemBody = 24;

    private static readonly HashSet<string> s_prose =
    [
        "the", "and", "are", "was", "were", "has", "had", "its", "not", "but", "his", "her", "she", "from", "with",
        "for",
        "which", "into", "been", "them", "our", "may", "your", "must", "should", "does", "did", "their", "could",
        "used",
        "using", "when", "will", "would", "than", "these", "those", "being", "only", "such", "each", "both",
    ];

    private void Pem(int at)
    {
        if (at >= 5 && _text[(at - 5)..at].SequenceEqual("-----"u8)) Armor(at);
        else if ((at == 0 || _text[at - 1] == (byte)'\n')
            && _text[at..].StartsWith("PuTTY-User-Key-File-"u8)) Putty(at);
    }

    private void Armor(int at)
    {
        var head = _text[at..Math.Min(_text.Length, at + 60)];
        if (!head.StartsWith("BEGIN "u8)) return;
        var close = head.IndexOf("-----"u8);
        if (close < 0 || head[..close].IndexOf("PRIVATE KEY"u8) < 0) return;
        var label = head[6..close];
        var body = _text[(at + close + 5)..Math.Min(_text.Length, at + MaxPem)];
        var end = body.IndexOf("-----END"u8);
        var lines = end < 0 ? body : body[..end];
        var letters = BodyLetters(lines, end < 0);
        var against = letters.Count < LeastPemBody ? "no key follows"
            : Randomness.Entropy(letters.ToArray()) < 3.6 ? "the key is a placeholder"
            : _setting.IsTest ? "it lies among tests and examples" : null;
        var isEncrypted = label.IndexOf("ENCRYPTED"u8) >= 0 || lines.IndexOf("ENCRYPTED"u8) >= 0;
        var stop = end < 0 ? at + close + 5 : at + close + 5 + end + "-----END"u8.Length;
        var name = isEncrypted ? "encrypted-private-key" : "private-key";
        if (!_index.Finders.TryGetValue(name, out var rule)) return;
        var why = $"a PEM block '{Encoding.ASCII.GetString(label)}' with {letters.Count} letters of key";
        // An encrypted block of the old kind is no structure at all, and PGP has one of its own.
        var isOdd = !isEncrypted && label.IndexOf("PGP"u8) < 0 && !Checks.BeginsKey(CollectionsMarshal.AsSpan(letters));
        if (isOdd) why += ", which do not decode to a key";
        var severity = isOdd && rule.Rule.Severity > Severity.Medium ? Severity.Medium : rule.Rule.Severity;
        Add(new Hit(rule, at - 5, Math.Min(stop, _text.Length), severity, Confidence.High, why, against));
    }

    // The base64 of a key, whatever stands between the lines: escapes, quotes, signs of comments; headers are left out.
    private static List<byte> BodyLetters(ReadOnlySpan<byte> body, bool isOpen)
    {
        var letters = new List<byte>();
        for (var i = 0; i < body.Length && letters.Count < 512; i++)
        {
            if (body[i] == (byte)'\\' && i + 1 < body.Length)
            {
                i++;
                continue;
            }
            var run = ByteSet.Base64.RunLength(body[i..]);
            // Words are not key: a line of it is long, or stands between the marks.
            if (run >= (isOpen ? 32 : 4)) letters.AddRange(body.Slice(i, Math.Min(run, 512)));
            else if (isOpen && letters.Count == 0 && i > 12) break;
            i += run > 0 ? run - 1 : 0;
        }
        return letters;
    }

    private void Putty(int at)
    {
        var block = _text[at..Math.Min(_text.Length, at + MaxPem)];
        if (block.IndexOf("Private-Lines"u8) < 0 || !_index.Finders.TryGetValue("putty-private-key",
            out var rule)) return;
        var isEncrypted = block.IndexOf("Encryption: none"u8) < 0;
        var end = block.IndexOf((byte)'\n');
        Add(new Hit(
            rule, at, at + (end < 0 ? block.Length : end), isEncrypted ? Severity.Low : rule.Rule.Severity,
            Confidence.High, isEncrypted ? "a PuTTY key under a passphrase" : "a PuTTY key without a passphrase",
            _setting.IsTest ? "it lies among tests and examples" : null));
    }

    private void Mnemonic(int at)
    {
        var window = _text[at..Math.Min(_text.Length, at + 400)];
        for (var p = 4; p < 80 && p < window.Length; p++)
        {
            if (window[p] is < (byte)'a' or > (byte)'z' || window[p - 1] is >= (byte)'a' and <= (byte)'z') continue;
            var (count, length) = PhraseWords(window[p..]);
            if (count is not (12 or 15 or 18 or 21 or 24)
                || !_index.Finders.TryGetValue("mnemonic", out var rule)) continue;
            Add(new Hit(
                rule, at + p, at + p + length, rule.Rule.Severity, Confidence.Medium,
                $"{count} words follow the name of a recovery phrase",
                _setting.IsTest ? "it lies among tests and examples" : null));
            return;
        }
    }

    // Words of three to eight small letters with one blank between them, and how many bytes they take.
    private static (int Count, int Length) PhraseWords(ReadOnlySpan<byte> text)
    {
        var (count, at) = (0, 0);
        while (true)
        {
            var word = 0;
            while (at + word < text.Length && text[at + word] is >= (byte)'a' and <= (byte)'z') word++;
            if (word is < 3 or > 8 || s_prose.Contains(Encoding.ASCII.GetString(text.Slice(at, word)))) return (0, 0);
            count++;
            at += word;
            if (at >= text.Length || text[at] != (byte)' ' || at + 1 >= text.Length
                || text[at + 1] is < (byte)'a' or > (byte)'z')
            {
                return (count, at);
            }
            at++;
        }
    }

    private void Crypt(int at)
    {
        var rest = _text[at..Math.Min(_text.Length, at + 300)];
        var length = ByteSet.Of("0-9A-Za-z./$=,+-").RunLength(rest);
        var hash = rest[..length];
        var least = hash.StartsWith("$2"u8) ? 59 : hash.StartsWith("$8$"u8) ? 50 : 60;
        if (hash.StartsWith("$5$"u8)) least = 48;
        if (length < least || hash.Count((byte)'$') < 3
            || !_index.Finders.TryGetValue("password-hash", out var rule)) return;
        var against = _setting.IsTest ? "it lies among tests and examples"
            : Randomness.Entropy(hash) < 4 ? "it is a placeholder" : null;
        Add(new Hit(rule, at, at + length, rule.Rule.Severity, Confidence.Medium, "the shape of a crypt hash",
            against));
    }
}
