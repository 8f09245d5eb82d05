using System.Globalization;
using System.Text;

namespace Kist.Agent.Templates;

/// <summary>Times in the layouts of Go's time package, which spell out how 2 January 2006, 15:04:05 would look.
/// </summary>
internal static class GoLayout
{
    // Longer words first where one begins another.
    private static readonly (string Layout, string Form)[] s_words =
    [
        ("January", "MMMM"), ("Jan", "MMM"), ("Monday", "dddd"), ("Mon", "ddd"), ("2006", "yyyy"), ("Z07:00", "'Z'"),
        ("-07:00", "'+00:00'"), ("-0700", "'+0000'"), ("MST", "'UTC'"), ("01", "MM"), ("02", "dd"), ("03", "hh"),
        ("04", "mm"), ("05", "ss"), ("06", "yy"), ("15", "HH"), ("PM", "tt"), ("1", "%M"), ("2", "%d"), ("3", "%h"),
        ("4", "%m"), ("5", "%s"),
    ];

    /// <summary>The time, which is UTC, in the layout.</summary>
    public static string Format(string layout, DateTimeOffset time)
    {
        var text = new StringBuilder();
        for (var i = 0; i < layout.Length;)
        {
            var rest = layout[i..];
            var (word, form) = Array.Find(s_words, w => rest.StartsWith(w.Layout, StringComparison.Ordinal));
            if (word is null)
            {
                text.Append(layout[i++]);
                continue;
            }
            text.Append(time.ToString(form, CultureInfo.InvariantCulture));
            i += word.Length;
        }
        return text.ToString();
    }
}
