using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Kist.Scan.Tests;

/// <summary>
/// Makes values from the templates of the rules: <c>{b62*36}</c> is drawn from a set, <c>{uuid}</c> is one. No token
/// stands in the repository; each run draws others.
/// </summary>
internal static class Samples
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
        var text = new StringBuilder();
        for (var at = 0; at < template.Length;)
        {
            var open = template.IndexOf('{', at);
            var close = open < 0 ? -1 : template.IndexOf('}', open);
            if (close < 0)
            {
                text.Append(template, at, template.Length - at);
                break;
            }
            text.Append(template, at, open - at).Append(Draw(template[(open + 1)..close], text.ToString(), random));
            at = close + 1;
        }
        return text.ToString();
    }

    private static string Draw(string name, string before, Random random)
    {
        if (name == "uuid")
            return string.Join('-', new[] { 8, 4, 4, 4, 12 }.Select(n => Of("hex", n, random)));
        if (name == "kst") return KistChecksum(before);
        var star = name.IndexOf('*', StringComparison.Ordinal);
        return star > 0 && s_sets.ContainsKey(name[..star])
            ? Of(name[..star], int.Parse(name[(star + 1)..], null), random) : "{" + name + "}";
    }

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
