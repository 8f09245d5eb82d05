using System.Text;

namespace Kist.Formats.Sops.Yaml;

/// <summary>The letters of a YAML file.</summary>
internal static class YamlText
{
    /// <summary>UTF-8, or UTF-16 with its mark; letters that YAML does not allow are a fault.</summary>
    public static SopsOutcome<string> Decode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE])) return Checked(Encoding.Unicode.GetString(bytes[2..]));
        if (bytes.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF]))
            return Checked(Encoding.BigEndianUnicode.GetString(bytes[2..]));
        if (bytes.StartsWith("\uFEFF"u8)) bytes = bytes[3..];
        if (System.Text.Unicode.Utf8.IsValid(bytes)) return Checked(Encoding.UTF8.GetString(bytes));
        return new SopsFault(SopsExit.Read, "the file is not UTF-8") { Line = LineOf(bytes) };
    }

    private static int LineOf(ReadOnlySpan<byte> bytes)
    {
        var good = 0;
        while (good < bytes.Length && Rune.DecodeFromUtf8(bytes[good..], out _, out var length)
            == System.Buffers.OperationStatus.Done) good += length;
        return bytes[..good].Count((byte)'\n') + 1;
    }

    private static SopsOutcome<string> Checked(string text)
    {
        var at = text.AsSpan().IndexOfAny(s_forbidden);
        return at < 0 ? text : new SopsFault(SopsExit.Read, "there is a control character, which YAML does not allow")
        {
            Line = text.AsSpan(0, at).Count('\n') + 1,
        };
    }

    private static readonly System.Buffers.SearchValues<char> s_forbidden = System.Buffers.SearchValues.Create(
        [.. Enumerable.Range(0, 32).Where(c => c is not ('\t' or '\n' or '\r'))
            .Concat(Enumerable.Range(0x7F, 33).Where(c => c != 0x85)).Select(c => (char)c), '\uFFFE', '\uFFFF']);
}
