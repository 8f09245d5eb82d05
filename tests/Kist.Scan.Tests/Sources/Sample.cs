using System.Text;

namespace Kist.Scan.Tests.Sources;

/// <summary>Secrets that exist only while a test runs: tokens in GitHub's form, with the right checksum.</summary>
internal static class Sample
{
    private const string Digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    /// <summary>A token; another one for each number.</summary>
    public static string Token(int number = 1)
    {
        var body = new StringBuilder();
        var state = (ulong)number * 0x9E3779B97F4A7C15 + 12345;
        for (var i = 0; i < 30; i++)
        {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            body.Append(Digits[(int)(state % 62)]);
        }
        var sum = Crc(body.ToString());
        var check = new char[6];
        for (var i = 5; i >= 0; i--, sum /= 62) check[i] = Digits[(int)(sum % 62)];
        return "gh" + "p_" + body + new string(check);
    }

    /// <summary>A line of code that holds it.</summary>
    public static string Line(int number = 1) => $"github_token = \"{Token(number)}\"\n";

    private static uint Crc(string text)
    {
        var crc = 0xFFFFFFFFu;
        foreach (var c in text)
        {
            crc ^= c;
            for (var i = 0; i < 8; i++) crc = (crc & 1) != 0 ? crc >> 1 ^ 0xEDB88320 : crc >> 1;
        }
        return ~crc;
    }
}
