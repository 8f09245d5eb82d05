using System.Globalization;
using System.Text;

namespace Kist.Formats.Sops.Stores;

/// <summary>
/// Metadata as single names and values, for formats that have no maps: <c>age__list_0__map_enc</c>.
/// </summary>
internal static class FlatMetadata
{
    private const string MapMark = "__map_";
    private const string ListMark = "__list_";

    /// <summary>The names and texts of a map, in order of names.</summary>
    public static List<SopsItem> Flatten(SopsValue map, string prefix)
    {
        var flat = new List<SopsItem>();
        foreach (var item in map.Branch) Flatten(prefix + item.Key, item.Value, flat);
        flat.Sort(static (a, b) => string.CompareOrdinal(a.Key, b.Key));
        return flat;
    }

    /// <summary>Takes the lines of metadata out of the document.</summary>
    public static SopsOutcome<SopsValue> FromDotenv(List<SopsValue> documents)
    {
        var branch = documents[0].Branch;
        var flat = branch.Where(IsMetadata)
            .Select(i => i with { Key = i.Key[Store.DotenvPrefix.Length..] }).ToList();
        branch.RemoveAll(IsMetadata);
        return flat.Count == 0 ? new SopsFault(SopsExit.Generic, "sops metadata not found") : Unflatten(flat);

        static bool IsMetadata(SopsItem item) =>
            !item.IsComment && item.Key.StartsWith(Store.DotenvPrefix, StringComparison.Ordinal);
    }

    /// <summary>Takes the section of metadata out of the document.</summary>
    public static SopsOutcome<SopsValue> FromIni(List<SopsValue> documents)
    {
        var branch = documents[0].Branch;
        var at = branch.FindIndex(i => !i.IsComment && i.Key == Store.MetadataName);
        if (at < 0) return new SopsFault(SopsExit.Generic, "sops metadata not found");
        var section = branch[at].Value;
        branch.RemoveAt(at);
        return Unflatten([.. section.Branch.Where(i => !i.IsComment)]);
    }

    private static void Flatten(string name, SopsValue value, List<SopsItem> flat)
    {
        switch (value.Kind)
        {
            case SopsKind.Branch:
                foreach (var item in value.Branch) Flatten(name + MapMark + item.Key, item.Value, flat);
                break;
            case SopsKind.List:
                for (var i = 0; i < value.List.Count; i++)
                    Flatten(name + ListMark + i.ToString(CultureInfo.InvariantCulture), value.List[i], flat);
                break;
            default:
                var text = Encoding.UTF8.GetString(Scalars.Text(value)).Replace("\n", "\\n", StringComparison.Ordinal);
                flat.Add(new SopsItem(name, SopsValue.OfText(Encoding.UTF8.GetBytes(text))));
                break;
        }
    }

    private static SopsOutcome<SopsValue> Unflatten(List<SopsItem> flat)
    {
        var root = new Node();
        foreach (var item in flat)
        {
            var node = root;
            foreach (var (isIndex, name) in Parts(item.Key))
            {
                if (node.Value is not null || (node.Children.Count > 0 && node.IsList != isIndex))
                    return Conflict(item);
                node.IsList = isIndex;
                if (!node.Children.TryGetValue(name, out var child)) node.Children[name] = child = new Node();
                node = child;
            }
            if (node.Value is not null || node.Children.Count > 0) return Conflict(item);
            var text = Encoding.UTF8.GetString(item.Value.Bytes.Span).Replace("\\n", "\n", StringComparison.Ordinal);
            node.Value = SopsValue.OfText(Encoding.UTF8.GetBytes(text), item.Value.Line);
        }
        return Build(root) is { } map ? map
            : new SopsFault(SopsExit.Generic, "a list of the sops metadata has a gap: its numbers must go from 0 on");

        static SopsFault Conflict(SopsItem item) => new(SopsExit.Generic,
            $"the name {item.Key} of the sops metadata stands twice, or is list, map and text at once")
            { Line = item.Value.Line };
    }

    private static SopsValue? Build(Node node)
    {
        if (node.Value is not null) return node.Value;
        if (!node.IsList)
        {
            var items = new List<SopsItem>();
            foreach (var (name, child) in node.Children)
            {
                if (Build(child) is not { } value) return null;
                items.Add(new SopsItem(name, value));
            }
            return SopsValue.OfBranch(items);
        }
        var values = new List<SopsValue>();
        for (var i = 0; i < node.Children.Count; i++)
        {
            if (!node.Children.TryGetValue(i.ToString(CultureInfo.InvariantCulture), out var child)
                || Build(child) is not { } value) return null;
            values.Add(value);
        }
        return SopsValue.OfList(values);
    }

    private static IEnumerable<(bool IsIndex, string Name)> Parts(string path)
    {
        var isIndex = false;
        var begin = 0;
        for (var i = 0; i <= path.Length; i++)
        {
            var mark = i == path.Length ? "" : path.AsSpan(i).StartsWith(MapMark) ? MapMark
                : path.AsSpan(i).StartsWith(ListMark) ? ListMark : null;
            if (mark is null) continue;
            yield return (isIndex, path[begin..i]);
            isIndex = mark == ListMark;
            begin = i + mark.Length;
            i = Math.Max(begin - 1, i);
        }
    }

    private sealed class Node
    {
        public Dictionary<string, Node> Children { get; } = new(StringComparer.Ordinal);
        public bool IsList { get; set; }
        public SopsValue? Value { get; set; }
    }
}
