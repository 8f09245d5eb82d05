using System.Text;
using System.Text.RegularExpressions;

namespace Kist.Native.Tests.Guide;

/// <summary>
/// Output as a document shows it. <c>…</c> within a line stands for any text on that line, <c>…</c> alone on a line for
/// any number of lines, and a time (<c>2026-11-24 00:19:04 UTC</c>) for any time; all else must be just so. Blanks at
/// the ends of lines and empty lines at the end do not count, for nobody sees them in a document.
/// </summary>
public static partial class OutputPattern
{
    private const string Any = "…";

    /// <summary>Whether <paramref name="output"/> is what <paramref name="expected"/> shows.</summary>
    public static bool Matches(IReadOnlyList<string> expected, string output)
    {
        var pattern = new StringBuilder(@"\A");
        foreach (var line in expected)
            pattern.Append(line.Trim() == Any ? @"(?:[^\n]*\n)*?" : Line(line.TrimEnd()) + @"[ ]*\n");
        pattern.Append(@"\n*\z");
        var text = output.Length == 0 || output.EndsWith('\n') ? output : output + "\n";
        return Regex.IsMatch(text, pattern.ToString(), RegexOptions.CultureInvariant, TimeSpan.FromSeconds(5));
    }

    private static string Line(string line) => string.Join(@"[^\n]*", line.Split(Any).Select(Literal));

    private static string Literal(string text) =>
        string.Join(Time().ToString(), Time().Split(text).Select(Regex.Escape));

    [GeneratedRegex(@"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2} UTC")]
    private static partial Regex Time();
}
