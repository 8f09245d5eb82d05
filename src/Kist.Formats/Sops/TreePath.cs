using System.Globalization;
using System.Text;

namespace Kist.Formats.Sops;

/// <summary>A way into a tree, written <c>["key"][0]['other']</c>.</summary>
public sealed class TreePath
{
    private TreePath(IReadOnlyList<object> parts) => Parts = parts;

    /// <summary>Keys (<see cref="string"/>) and indexes from 0 (<see cref="int"/>).</summary>
    public IReadOnlyList<object> Parts { get; }

    /// <summary>Reads a path.</summary>
    public static SopsOutcome<TreePath> Parse(string text)
    {
        var parts = new List<object>();
        // As sops does: what stands between brackets counts, anything before the first is passed over.
        foreach (var piece in text.Split('[').Skip(1))
        {
            var inner = piece.Replace("]", "", StringComparison.Ordinal);
            if (inner.Length >= 2 && inner[0] is '"' or '\'' && inner[^1] == inner[0])
            {
                parts.Add(inner.Trim(inner[0]));
                continue;
            }
            if (!int.TryParse(inner, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var index))
                return new SopsFault(SopsExit.TreePath,
                    "a path is written [\"key\"][0]: keys in quotation marks, indexes of lists without");
            parts.Add(index);
        }
        return parts.Count == 0
            ? new SopsFault(SopsExit.TreePath, "a path is written [\"key\"][0], this one has no brackets")
            : new TreePath(parts);
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var part in Parts) text.Append(part is string key ? $"[\"{key}\"]" : $"[{part}]");
        return text.ToString();
    }
}
