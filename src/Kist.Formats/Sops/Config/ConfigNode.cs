using System.Diagnostics.CodeAnalysis;
using System.Text;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

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
        (node, fault) = (null, null);
        try
        {
            using var text = new StringReader(Encoding.UTF8.GetString(content).TrimStart('\uFEFF'));
            var reading = new Reading(new Parser(text), file);
            node = reading.Document();
            fault = reading.Fault;
        }
        catch (YamlException e)
        {
            fault = new SopsFault(SopsExit.Generic, "this is no YAML") { File = file, Line = (int)e.Start.Line };
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or FormatException
            or IndexOutOfRangeException or InvalidCastException)
        {
            // The parser trips over some broken texts instead of refusing them.
            fault = new SopsFault(SopsExit.Generic, "this is no YAML") { File = file };
        }
        if (fault is not null) node = null;
        return fault is null;
    }

    private sealed class Reading(Parser parser, string file)
    {
        private readonly Dictionary<string, ConfigNode> _anchors = new(StringComparer.Ordinal);
        private int _nodes;

        public SopsFault? Fault { get; private set; }

        public ConfigNode Document()
        {
            while (parser.MoveNext())
            {
                if (parser.Current is not DocumentStart) continue;
                parser.MoveNext();
                return Take(0);
            }
            return new ConfigNode(1) { Entries = [] };
        }

        private ConfigNode Take(int depth)
        {
            var one = parser.Current!;
            parser.MoveNext();
            var line = (int)one.Start.Line;
            if (++_nodes > MaxNodes || depth > MaxDepth)
                return Wrong(line, "the file is too large or nested too deeply");
            switch (one)
            {
                case AnchorAlias alias:
                    return _anchors.TryGetValue(alias.Value.Value, out var known) ? known
                        : Wrong(line, $"there is no anchor &{alias.Value.Value} before this");
                case Scalar scalar:
                    var plain = scalar.Style == ScalarStyle.Plain;
                    return Keep(scalar.Anchor, new ConfigNode(line)
                    {
                        Text = plain && scalar.Value is "" or "~" or "null" or "Null" or "NULL" ? null : scalar.Value,
                    });
                case SequenceStart start:
                    var list = Keep(start.Anchor, new ConfigNode(line) { Items = [] });
                    while (Fault is null && !Ends<SequenceEnd>()) list.Items!.Add(Take(depth + 1));
                    return list;
                case MappingStart start:
                    var map = Keep(start.Anchor, new ConfigNode(line) { Entries = [] });
                    while (Fault is null && !Ends<MappingEnd>()) AddEntry(map, depth);
                    return map;
                default:
                    return Wrong(line, "a value must stand here");
            }
        }

        private void AddEntry(ConfigNode map, int depth)
        {
            var key = Take(depth + 1);
            if (Fault is not null) return;
            var value = Take(depth + 1);
            if (Fault is not null) return;
            if (key.Text is not { } name)
            {
                Wrong(key.Line, "a name must be text");
                return;
            }
            if (name == "<<")
            {
                foreach (var (merged, inner) in value.Entries ?? [])
                    if (!map.Entries!.Exists(e => e.Name == merged)) map.Entries.Add((merged, inner));
                return;
            }
            if (map.Entries!.Exists(e => e.Name == name)) Wrong(key.Line, $"{name} stands here twice");
            else map.Entries.Add((name, value));
        }

        // parser.Current is always the next event that has not been taken.
        private bool Ends<T>() where T : ParsingEvent
        {
            if (parser.Current is not T) return false;
            parser.MoveNext();
            return true;
        }

        private ConfigNode Keep(AnchorName anchor, ConfigNode node)
        {
            if (anchor.IsEmpty) return node;
            node.Anchor = anchor.Value;
            _anchors[anchor.Value] = node;
            return node;
        }

        private ConfigNode Wrong(int line, string reason)
        {
            Fault ??= new SopsFault(SopsExit.Generic, reason) { File = file, Line = line };
            return new ConfigNode(line);
        }
    }
}
