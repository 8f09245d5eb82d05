using System.Runtime.InteropServices;
using System.Text;

namespace Kist.Scan.Matching;

/// <summary>Key files: PEM, PuTTY, password hashes.</summary>
internal ref partial struct Pass
{
    private const int MaxPem = 64 * 1024;
    private const int LeastPemBody = 24;

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
