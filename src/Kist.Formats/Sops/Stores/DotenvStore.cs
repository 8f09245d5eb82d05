using System.Text;
using Kist.Secrets;

namespace Kist.Formats.Sops.Stores;

/// <summary>
/// Dotenv as sops has it: lines of <c>KEY=value</c> without quotes and without trimming; <c>\n</c> stands for a line
/// end. (The dialect that other tools read is in <c>Dotenv/</c>.)
/// </summary>
internal static class DotenvStore
{
    public static SopsOutcome<List<SopsValue>> Read(ReadOnlySpan<byte> bytes, SecretArena arena)
    {
        var items = new List<SopsItem>();
        for (var line = 1; !bytes.IsEmpty; line++)
        {
            var end = bytes.IndexOf((byte)'\n');
            var text = end < 0 ? bytes : bytes[..end];
            bytes = end < 0 ? default : bytes[(end + 1)..];
            if (text.IsEmpty) continue;
            if (text[0] == '#')
            {
                items.Add(new SopsItem("", SopsValue.OfComment(arena.Copy(text[1..]), line: line)));
                continue;
            }
            var equals = text.IndexOf((byte)'=');
            if (equals < 0)
                return new SopsFault(SopsExit.Read, "a line without = is no dotenv line") { Line = line };
            if (!System.Text.Unicode.Utf8.IsValid(text[..equals]))
                return new SopsFault(SopsExit.Read, "a key is not UTF-8") { Line = line };
            items.Add(new SopsItem(Encoding.UTF8.GetString(text[..equals]),
                SopsValue.OfText(Unescape(text[(equals + 1)..], arena), line)));
        }
        return SopsOutcome<List<SopsValue>>.Of([SopsValue.OfBranch(items)]);
    }

    public static SopsFault? Write(SopsValue document, SecretWriter output)
    {
        foreach (var item in document.Branch)
        {
            if (item.Value.IsComplex)
                return new SopsFault(SopsExit.Dump,
                    "cannot use complex value in dotenv file: dotenv has no lists and no maps") { Key = item.Key };
            if (item.IsComment)
            {
                output.Write("#"u8);
                Write(item.Value.Bytes.Span, "\n#"u8, output);
            }
            else if (item.Key.AsSpan().ContainsAny('=', '\n') || item.Key.StartsWith('#'))
                return new SopsFault(SopsExit.Dump, "dotenv has no form for this key") { Key = item.Key };
            else
            {
                output.Write(Encoding.UTF8.GetBytes(item.Key));
                output.Write("="u8);
                Write(Scalars.Text(item.Value), "\\n"u8, output);
            }
            output.Write("\n"u8);
        }
        return null;
    }

    private static void Write(ReadOnlySpan<byte> text, ReadOnlySpan<byte> lineEnd, SecretWriter output)
    {
        while (text.IndexOf((byte)'\n') is >= 0 and var at)
        {
            output.Write(text[..at]);
            output.Write(lineEnd);
            text = text[(at + 1)..];
        }
        output.Write(text);
    }

    private static ReadOnlyMemory<byte> Unescape(ReadOnlySpan<byte> text, SecretArena arena)
    {
        var result = arena.Take(text.Length);
        var length = 0;
        while (text.IndexOf("\\n"u8) is >= 0 and var at)
        {
            text[..at].CopyTo(result.Span[length..]);
            length += at;
            result.Span[length++] = (byte)'\n';
            text = text[(at + 2)..];
        }
        text.CopyTo(result.Span[length..]);
        return result[..(length + text.Length)];
    }
}
