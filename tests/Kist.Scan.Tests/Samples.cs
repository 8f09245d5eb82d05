using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Kist.Scan.Tests;

/// <summary>
/// Makes values from the templates of the rules: <c>{b62*36}</c> is drawn from a set, <c>{uuid}</c> is one. No token
/// stands in the repository; each run draws others.
/// </summary>
internal static partial class Samples
{
    private const string Base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    private static readonly Dictionary<string, string> s_sets = new()
    {
        ["digit"] = "0123456789", ["hex"] = "0123456789abcdef", ["HEX"] = "0123456789ABCDEF",
        ["lower"] = "abcdefghijklmnopqrstuvwxyz", ["upper"] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        ["alpha"] = Base62[10..], ["b32"] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", ["b36"] = "0123456789" + Base62[36..],
        ["b32l"] = "abcdefghijklmnopqrstuvwxyz234567", ["B36"] = Base62[..36], ["b62"] = Base62,
        ["b58"] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz",
        ["b64"] = Base62 + "+/", ["b64u"] = Base62 + "-_", ["bech32"] = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L",
    };

    /// <summary>A value of the template.</summary>
    public static string Make(string template, Random random)
    {
        var text = Drawn().Replace(template, m => m.Value == "{uuid}"
            ? string.Join('-', new[] { 8, 4, 4, 4, 12 }.Select(n => Of("hex", n, random)))
            : s_sets.ContainsKey(m.Groups[1].Value) ? Of(m.Groups[1].Value, int.Parse(m.Groups[2].Value, null), random)
            : m.Value);
        return text.EndsWith("{kst}", StringComparison.Ordinal) ? text[..^5] + KistChecksum(text[..^5]) : text;
    }

    [GeneratedRegex(@"\{(?:uuid|(\w+)\*(\d+))\}")]
    private static partial Regex Drawn();

    private static string Of(string set, int count, Random random)
    {
        var letters = s_sets[set];
        // An end that is a sign could be punctuation as well; tokens end in letters nearly always.
        var text = random.GetItems(letters.AsSpan(), count);
        for (var i = 0; i < text.Length; i += Math.Max(1, text.Length - 1))
            if (!char.IsLetterOrDigit(text[i])) text[i] = 'k';
        return new string(text);
    }

    private static string KistChecksum(string before)
    {
        var body = before[before.LastIndexOf("kst.", StringComparison.Ordinal)..];
        var value = BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(Encoding.ASCII.GetBytes(body)));
        Span<char> digits = stackalloc char[6];
        for (var i = 5; i >= 0; i--, value /= 62) digits[i] = Base62[(int)(value % 62)];
        return digits.ToString();
    }
}
