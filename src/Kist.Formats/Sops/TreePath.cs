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

    internal SopsOutcome<SopsValue> Find(SopsValue document)
    {
        var value = document;
        foreach (var part in Parts)
        {
            if (part is string key)
            {
                var at = value.Kind == SopsKind.Branch ? IndexOf(value.Branch, key) : -1;
                if (at < 0) return Missing($"the key [\"{key}\"] is not there");
                value = value.Branch[at].Value;
                continue;
            }
            var index = (int)part;
            if (value.Kind != SopsKind.List || index < 0 || index >= value.List.Count)
                return Missing($"component [{index}] accesses out of bounds: there is no list of that length");
            value = value.List[index];
        }
        return value;
    }

    /// <summary>Sets a value, makes what is missing on the way, and replaces what is in the way. An index behind the
    /// end of a list adds to it.</summary>
    internal SopsOutcome<bool> Set(List<SopsValue> documents, SopsValue value)
    {
        if (Parts[0] is not string)
            return new SopsFault(SopsExit.SetFormat, "a path begins with a key") { Key = ToString() };
        var (set, changed) = Set(documents[0], 0, value);
        documents[0] = set;
        return changed;
    }

    internal SopsOutcome<bool> Unset(List<SopsValue> documents)
    {
        var value = documents[0];
        for (var i = 0; i < Parts.Count; i++)
        {
            var last = i == Parts.Count - 1;
            if (Parts[i] is string key)
            {
                var at = value.Kind == SopsKind.Branch ? IndexOf(value.Branch, key) : -1;
                if (at < 0) return false;
                if (last) value.Branch.RemoveAt(at);
                else value = value.Branch[at].Value;
                continue;
            }
            var index = (int)Parts[i];
            if (value.Kind != SopsKind.List || index < 0 || index >= value.List.Count) return false;
            if (last) value.List.RemoveAt(index);
            else value = value.List[index];
        }
        return true;
    }

    private (SopsValue Value, bool Changed) Set(SopsValue? at, int depth, SopsValue value)
    {
        if (depth == Parts.Count) return (value, at is null || !Same(at, value));
        if (Parts[depth] is string key)
        {
            var branch = at is { Kind: SopsKind.Branch } ? at : SopsValue.OfBranch([]);
            var index = IndexOf(branch.Branch, key);
            var (below, changed) = Set(index < 0 ? null : branch.Branch[index].Value, depth + 1, value);
            if (index < 0) branch.Branch.Add(new SopsItem(key, below));
            else branch.Branch[index] = new SopsItem(key, below);
            return (branch, changed || !ReferenceEquals(at, branch));
        }
        var list = at is { Kind: SopsKind.List } ? at : SopsValue.OfList([]);
        var place = (int)Parts[depth];
        var inside = place >= 0 && place < list.List.Count;
        var (item, differs) = Set(inside ? list.List[place] : null, depth + 1, value);
        if (inside) list.List[place] = item;
        else list.List.Add(item);
        return (list, differs || !ReferenceEquals(at, list));
    }

    /// <summary>Whether two values are the same; comments count for nothing.</summary>
    internal static bool Same(SopsValue a, SopsValue b)
    {
        if (a.Kind != b.Kind) return false;
        switch (a.Kind)
        {
            case SopsKind.Branch:
                var left = a.Branch.Where(i => !i.IsComment).ToList();
                var right = b.Branch.Where(i => !i.IsComment).ToList();
                return left.Count == right.Count
                    && left.Zip(right).All(p => p.First.Key == p.Second.Key && Same(p.First.Value, p.Second.Value));
            case SopsKind.List:
                var (first, second) = (a.List.Where(v => v.Kind != SopsKind.Comment).ToList(),
                    b.List.Where(v => v.Kind != SopsKind.Comment).ToList());
                return first.Count == second.Count && first.Zip(second).All(p => Same(p.First, p.Second));
            case SopsKind.Integer or SopsKind.Float or SopsKind.Boolean:
                return a.Integer == b.Integer;
            default:
                return a.Bytes.Span.SequenceEqual(b.Bytes.Span);
        }
    }

    private static int IndexOf(List<SopsItem> branch, string key)
    {
        for (var i = 0; i < branch.Count; i++)
            if (branch[i].Key == key && !branch[i].IsComment) return i;
        return -1;
    }

    private SopsOutcome<SopsValue> Missing(string message) =>
        new SopsFault(SopsExit.Generic, message) { Key = ToString() };

    /// <inheritdoc/>
    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var part in Parts) text.Append(part is string key ? $"[\"{key}\"]" : $"[{part}]");
        return text.ToString();
    }
}
