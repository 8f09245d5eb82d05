using System.Text;
using Kist.Secrets;

namespace Kist.Formats.Sops.Stores;

/// <summary>INI as gopkg.in/ini.v1 writes it: keys of a section filled up to one width, a blank line between
/// sections.</summary>
internal static class IniWriter
{
    public static SopsFault? Write(SopsValue document, SecretWriter output)
    {
        var sections = new List<SopsItem>();
        foreach (var item in document.Branch)
        {
            if (item.IsComment) continue;
            if (item.Value.Kind != SopsKind.Branch)
                return new SopsFault(SopsExit.Dump,
                    "INI has sections of keys only: what stands at the top must be a map") { Key = item.Key };
            if (item.Value.Branch.Any(i => i.Value.IsComplex))
                return new SopsFault(SopsExit.Dump, "INI has no lists, and no maps in sections") { Key = item.Key };
            sections.Add(item);
        }
        for (var i = 0; i < sections.Count; i++)
        {
            var (name, branch) = (sections[i].Key, sections[i].Value.Branch);
            var keys = branch.SkipWhile(x => x.IsComment).ToList();
            foreach (var comment in branch.TakeWhile(x => x.IsComment)) Comment(comment.Value.Bytes.Span, output);
            var isDefault = i == 0 && name.Equals(IniReader.DefaultSection, StringComparison.OrdinalIgnoreCase);
            if (isDefault && keys.Count == 0) continue;
            if (!isDefault) output.Write(Encoding.UTF8.GetBytes($"[{name}]\n"));
            Keys(keys, output);
            if (i < sections.Count - 1) output.Write("\n"u8);
        }
        return null;
    }

    private static void Keys(List<SopsItem> items, SecretWriter output)
    {
        var width = items.Where(i => !i.IsComment).Select(i => Encoding.UTF8.GetByteCount(Quoted(i.Key)))
            .DefaultIfEmpty(0).Max();
        for (var i = 0; i < items.Count; i++)
        {
            if (items[i].IsComment) continue;
            // What follows a key in the tree is its comment, and stands before it in the file.
            for (var c = i + 1; c < items.Count && items[c].IsComment; c++) Comment(items[c].Value.Bytes.Span, output);
            var key = Encoding.UTF8.GetBytes(Quoted(items[i].Key));
            output.Write(key);
            output.GetSpan(width)[..(width - key.Length)].Fill((byte)' ');
            output.Advance(width - key.Length);
            output.Write(" = "u8);
            Value(Scalars.Text(items[i].Value), output);
            output.Write("\n"u8);
        }
    }

    private static void Value(ReadOnlySpan<byte> value, SecretWriter output)
    {
        ReadOnlySpan<byte> quote = value.ContainsAny((byte)'\n', (byte)'`') ? "\"\"\""u8
            : value.ContainsAny((byte)'#', (byte)';') ? "`"u8
            : value.Length > 0 && (IsBlank(value[0]) || IsBlank(value[^1])) ? "\""u8 : default;
        output.Write(quote);
        output.Write(value);
        output.Write(quote);
    }

    private static void Comment(ReadOnlySpan<byte> comment, SecretWriter output)
    {
        if (comment.IsEmpty) return;
        while (true)
        {
            var end = comment.IndexOf((byte)'\n');
            var line = end < 0 ? comment : comment[..end];
            var marked = line.Length > 0 && line[0] is (byte)'#' or (byte)';';
            output.Write(marked ? line[..1] : ";"u8);
            output.Write(" "u8);
            output.Write((marked ? line[1..] : line).Trim((byte)' '));
            output.Write("\n"u8);
            if (end < 0) return;
            comment = comment[(end + 1)..];
        }
    }

    private static string Quoted(string key) =>
        key.AsSpan().ContainsAny('"', '=', ':') ? $"`{key}`" : key.Contains('`') ? $"\"\"\"{key}\"\"\"" : key;

    private static bool IsBlank(byte c) => c is (byte)' ' or (>= 9 and <= 13);
}
