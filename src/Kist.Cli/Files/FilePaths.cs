using Kist.Formats.Sops;

namespace Kist.Cli.Files;

/// <summary>Ways into a file as people type them.</summary>
internal static class FilePaths
{
    /// <summary>Reads <c>["key"][0]</c>, or the shorter <c>key.0</c>, in which a key holds no dot.</summary>
    public static SopsOutcome<TreePath> Parse(string text)
    {
        if (text.StartsWith('[')) return TreePath.Parse(text);
        var written = "";
        foreach (var part in text.Split('.'))
        {
            if (part.Length == 0 || part.AsSpan().ContainsAny('"', '[', ']'))
                return new SopsFault(SopsExit.TreePath, "a path is key.key.0, or [\"key\"][\"key\"][0]");
            written += part.All(char.IsAsciiDigit) && part.Length < 9 ? $"[{part}]" : $"[\"{part}\"]";
        }
        return TreePath.Parse(written);
    }
}
