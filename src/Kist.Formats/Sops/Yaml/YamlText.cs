using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Unicode;

namespace Kist.Formats.Sops.Yaml;

/// <summary>The letters of a YAML file.</summary>
internal static class YamlText
{
    /// <summary>How many zeros stand behind the text, so that a look ahead needs no bounds.</summary>
    public const int Padding = 4;

    /// <summary>A copy of the text in UTF-8, with <see cref="Padding"/> zeros behind it. UTF-16 with its mark is read
    /// too; letters that YAML does not allow (above all zeros) are a fault.</summary>
    public static SopsOutcome<YamlCursor> Decode(ReadOnlySpan<byte> bytes, SecretArena arena)
    {
        if (bytes.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE])) return Wide(bytes[2..], arena, bigEndian: false);
        if (bytes.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF])) return Wide(bytes[2..], arena, bigEndian: true);
        if (bytes.StartsWith("\uFEFF"u8)) bytes = bytes[3..];
        if (!Utf8.IsValid(bytes))
            return new SopsFault(SopsExit.Read, "the file is not UTF-8") { Line = LineOf(bytes) };
        var text = arena.TakeArray(bytes.Length + Padding);
        bytes.CopyTo(text);
        return Checked(text, bytes.Length);
    }

    private static SopsOutcome<YamlCursor> Wide(ReadOnlySpan<byte> bytes, SecretArena arena, bool bigEndian)
    {
        var letters = new char[bytes.Length / 2];
        for (var i = 0; i < letters.Length; i++)
            letters[i] = (char)(bigEndian ? (bytes[2 * i] << 8) | bytes[2 * i + 1]
                : bytes[2 * i] | (bytes[2 * i + 1] << 8));
        var text = arena.TakeArray(letters.Length * 3 + Padding);
        var status = Utf8.FromUtf16(letters, text, out _, out var length, replaceInvalidSequences: false);
        Wipe(letters);
        text.AsSpan(length, Padding).Clear();
        return status == OperationStatus.Done && bytes.Length % 2 == 0 ? Checked(text, length)
            : new SopsFault(SopsExit.Read, "the file is neither UTF-8 nor UTF-16");
    }

    private static void Wipe(Span<char> letters) =>
        System.Security.Cryptography.CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(letters));

    private static int LineOf(ReadOnlySpan<byte> bytes)
    {
        var good = 0;
        while (good < bytes.Length && Rune.DecodeFromUtf8(bytes[good..], out _, out var length)
            == OperationStatus.Done) good += length;
        return bytes[..good].Count((byte)'\n') + 1;
    }

    private static SopsOutcome<YamlCursor> Checked(byte[] text, int length)
    {
        var at = Forbidden(text.AsSpan(0, length));
        return at < 0 ? new YamlCursor(text, length)
            : new SopsFault(SopsExit.Read, "there is a control character, which YAML does not allow")
            {
                Line = text.AsSpan(0, at).Count((byte)'\n') + 1,
            };
    }

    private static int Forbidden(ReadOnlySpan<byte> text)
    {
        var control = text.IndexOfAny(s_controls);
        if (control >= 0) text = text[..control];
        // U+0080 to U+009F but U+0085, U+FFFE and U+FFFF.
        for (var at = 0; at < text.Length; at++)
        {
            var next = text[at..].IndexOfAny((byte)0xC2, (byte)0xEF);
            if (next < 0) break;
            at += next;
            if (text[at] == 0xC2 ? text[at + 1] is < 0xA0 and not 0x85 : text[at + 1] == 0xBF && text[at + 2] >= 0xBE)
                return at;
        }
        return control;
    }

    private static readonly SearchValues<byte> s_controls = SearchValues.Create(
        [.. Enumerable.Range(0, 32).Where(c => c is not ('\t' or '\n' or '\r')).Append(0x7F).Select(c => (byte)c)]);
}
