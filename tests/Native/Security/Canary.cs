using System.Security.Cryptography;
using System.Text;
using Xunit;

namespace Kist.Native.Tests.Security;

/// <summary>
/// Values planted where secrets belong, and the search for them in whatever a program leaves behind: as they are,
/// reversed, in hexadecimal, in base64 at each alignment, in UTF-16. The letters and digits that are searched for
/// stay as they are in JSON and percent-encoding too.
/// </summary>
internal sealed class Canary
{
    private const string Alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";
    private readonly Dictionary<string, string> _planted = [];

    /// <summary>
    /// A new value for the place <paramref name="where"/>, with characters around its core that need escaping.
    /// </summary>
    public string Plant(string where)
    {
        var core = "Cn" + RandomNumberGenerator.GetString(Alphabet, 22);
        _planted[core] = where;
        return "\"/" + core + "\\<é>";
    }

    /// <summary>A new value for a header.</summary>
    public string PlantAscii(string where) => Plant(where)[2..^3];

    /// <summary>Takes a secret that the server made, such as a token, as planted.</summary>
    public void Adopt(string where, string secret) => _planted[secret[Math.Max(0, secret.Length - 30)..]] = where;

    /// <summary>How many there are.</summary>
    public int Count => _planted.Count;

    /// <summary>Fails when <paramref name="bytes"/> holds a planted value in any form.</summary>
    public void AssertAbsent(string place, ReadOnlySpan<byte> bytes)
    {
        foreach (var (core, where) in _planted)
            foreach (var (form, needle) in FormsOf(core))
                if (bytes.IndexOf(needle) >= 0) Assert.Fail($"{place} holds the value of {where}, {form}");
    }

    /// <summary>Fails when a text holds a planted value in any form.</summary>
    public void AssertAbsent(string place, string text) => AssertAbsent(place, Encoding.UTF8.GetBytes(text));

    private static IEnumerable<(string Form, byte[] Needle)> FormsOf(string core)
    {
        var plain = Encoding.UTF8.GetBytes(core);
        yield return ("as it is", plain);
        yield return ("reversed", [.. plain.Reverse()]);
        yield return ("in hexadecimal", Encoding.ASCII.GetBytes(Convert.ToHexStringLower(plain)));
        yield return ("in capital hexadecimal", Encoding.ASCII.GetBytes(Convert.ToHexString(plain)));
        yield return ("in UTF-16", Encoding.Unicode.GetBytes(core));
        for (var shift = 0; shift < 3; shift++)
        {
            // The first and last characters of base64 depend on what stands beside the value, so they are left out.
            var text = Convert.ToBase64String([.. new byte[shift], .. plain]);
            yield return ("in base64", Encoding.ASCII.GetBytes(text[(shift == 0 ? 0 : 4)..^4]));
        }
    }
}
