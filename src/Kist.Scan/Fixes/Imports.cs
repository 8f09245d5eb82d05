namespace Kist.Scan.Fixes;

/// <summary>Where a file gets the import that a reference needs.</summary>
public static class Imports
{
    /// <summary>
    /// Where <c>import os</c> goes in a Python file: before its first import, because what stands above (comments, the
    /// docstring, <c>__future__</c>) must stay there. Null when it is imported already, or nothing is.
    /// </summary>
    public static int? PythonPlace(ReadOnlySpan<byte> content)
    {
        int? place = null;
        var at = 0;
        foreach (var range in content.Split((byte)'\n'))
        {
            var line = content[range].TrimEnd((byte)'\r');
            if (line.SequenceEqual("import os"u8) || line.StartsWith("import os,"u8)) return null;
            if (line.StartsWith("import "u8) && line.IndexOf(", os"u8) >= 0) return null;
            var isImport = line.StartsWith("import "u8)
                || (line.StartsWith("from "u8) && !line.StartsWith("from __future__"u8));
            if (isImport) place ??= at;
            at += content[range].Length + 1;
        }
        return place;
    }
}
