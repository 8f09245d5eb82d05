using System.Diagnostics.CodeAnalysis;
using System.Text;
using Kist.Formats.Sops.Yaml;

namespace Kist.Formats.Sops.Config;

/// <summary>A value of a configuration file, with the line where it stands. An alias is the node itself once more, so
/// that no file grows by being read.</summary>
internal sealed class ConfigNode
{
    private const int MaxDepth = 64, MaxNodes = 100_000;

    private ConfigNode(int line) => Line = line;

    /// <summary>Counted from 1.</summary>
    public int Line { get; }

    /// <summary>The text of a scalar; null for lists and maps, and for nothing (<c>null</c>, <c>~</c>,
    /// empty).</summary>
    public string? Text { get; private init; }

    /// <summary>The items of a list; null for everything else.</summary>
    public List<ConfigNode>? Items { get; private init; }

    /// <summary>The entries of a map; null for everything else.</summary>
    public List<(string Name, ConfigNode Value)>? Entries { get; private init; }

    /// <summary>The name of its anchor, <c>&amp;name</c>; null where it has none.</summary>
    public string? Anchor { get; private set; }

    /// <summary>Whether it is nothing.</summary>
    public bool IsNull => Text is null && Items is null && Entries is null;

    /// <summary>The entry of that name; null where there is none, or it is nothing.</summary>
    public ConfigNode? Find(string name)
    {
        foreach (var (own, value) in Entries ?? [])
            if (own == name) return value.IsNull ? null : value;
        return null;
    }

    /// <summary>The text that has this anchor.</summary>
    public string? Anchored(string name)
    {
        if (Anchor == name && Text is not null) return Text;
        foreach (var item in Items ?? [])
            if (item.Anchored(name) is { } found) return found;
        foreach (var (_, value) in Entries ?? [])
            if (value.Anchored(name) is { } found) return found;
        return null;
    }

    /// <summary>Reads the first document of a file.</summary>
    public static bool TryParse(ReadOnlySpan<byte> content, string file, [NotNullWhen(true)] out ConfigNode? node,
        [NotNullWhen(false)] out SopsFault? fault)
    {
        node = null;
        using var arena = new SecretArena();
        if (YamlText.Decode(content, arena).Try(out var cursor, out fault))
        {
            var parser = new YamlParser(cursor, arena);
            var read = new Reading(parser).Document();
            fault = parser.Fault;
            if (fault is null) node = read;
        }
        if (fault is not null) fault = fault with { Exit = SopsExit.Generic, File = file };
        return fault is null;
    }

    /// <summary>Makes nodes; a fault stays with the parser.</summary>
    private sealed class Reading(YamlParser parser)
    {
        private readonly Dictionary<string, ConfigNode> _anchors = new(StringComparer.Ordinal);
        private int _nodes;

        public ConfigNode Document()
        {
            if (!parser.Next() || parser.Current.Kind != YamlEventKind.DocumentStart)
                return new ConfigNode(1) { Entries = [] };
            parser.Next();
            return Take(0);
        }

        /// <summary>The node that begins with the event where the parser stands; it ends with the last one of
        /// it.</summary>
        private ConfigNode Take(int depth)
        {
            var one = parser.Current;
            var line = one.Start.Line;
            if (++_nodes > MaxNodes || depth > MaxDepth)
                return Wrong(one, "the file is too large or nested too deeply");
            switch (one.Kind)
            {
                case YamlEventKind.Alias:
                    return _anchors.TryGetValue(one.Anchor, out var known) ? known
                        : Wrong(one, $"there is no anchor &{one.Anchor} before this");
                case YamlEventKind.Scalar:
                    var text = Encoding.UTF8.GetString(one.Text.Span);
                    return Keep(one.Anchor, new ConfigNode(line)
                    {
                        Text = one.Style == YamlStyle.Plain && text is "" or "~" or "null" or "Null" or "NULL"
                            ? null : text,
                    });
                case YamlEventKind.ListStart:
                    var list = new ConfigNode(line) { Items = [] };
                    while (parser.Next() && parser.Current.Kind != YamlEventKind.ListEnd)
                        list.Items!.Add(Take(depth + 1));
                    return Keep(one.Anchor, list);
                case YamlEventKind.MapStart:
                    var map = new ConfigNode(line) { Entries = [] };
                    while (parser.Next() && parser.Current.Kind != YamlEventKind.MapEnd) AddEntry(map, depth);
                    return Keep(one.Anchor, map);
                default:
                    return Wrong(one, "a value must stand here");
            }
        }

        private void AddEntry(ConfigNode map, int depth)
        {
            var at = parser.Current;
            var key = Take(depth + 1);
            if (!parser.Next()) return;
            var value = Take(depth + 1);
            if (parser.Fault is not null) return;
            if (key.Text is not { } name)
            {
                Wrong(at, "a name must be text");
                return;
            }
            if (name == "<<")
            {
                foreach (var (merged, inner) in value.Entries ?? [])
                    if (!map.Entries!.Exists(e => e.Name == merged)) map.Entries.Add((merged, inner));
                return;
            }
            if (map.Entries!.Exists(e => e.Name == name)) Wrong(at, $"{name} stands here twice");
            else map.Entries.Add((name, value));
        }

        // Known only when it ends, so that nothing contains itself.
        private ConfigNode Keep(string anchor, ConfigNode node)
        {
            if (anchor.Length == 0) return node;
            node.Anchor = anchor;
            _anchors[anchor] = node;
            return node;
        }

        private ConfigNode Wrong(YamlEvent at, string reason)
        {
            parser.Fail(at, reason);
            return new ConfigNode(at.Start.Line);
        }
    }
}
