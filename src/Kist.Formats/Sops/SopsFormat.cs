namespace Kist.Formats.Sops;

/// <summary>How an encrypted file and its plain text are written.</summary>
public enum SopsFormat
{
    /// <summary>Any bytes; encrypted, they are one value in a JSON file.</summary>
    Binary,
    /// <summary>YAML, of one or more documents.</summary>
    Yaml,
    /// <summary>A JSON object.</summary>
    Json,
    /// <summary>Lines of <c>KEY=value</c>.</summary>
    Dotenv,
    /// <summary>Sections of <c>key = value</c>.</summary>
    Ini,
}

/// <summary>Names of formats.</summary>
public static class SopsFormats
{
    /// <summary>The format that the end of a file's name tells, in letters as they are; binary where it tells none.
    /// A file named <c>.env</c> is of dotenv.</summary>
    public static SopsFormat OfPath(string path)
    {
        if (path.EndsWith(".yaml", StringComparison.Ordinal) || path.EndsWith(".yml", StringComparison.Ordinal))
            return SopsFormat.Yaml;
        if (path.EndsWith(".json", StringComparison.Ordinal)) return SopsFormat.Json;
        if (path.EndsWith(".env", StringComparison.Ordinal)) return SopsFormat.Dotenv;
        return path.EndsWith(".ini", StringComparison.Ordinal) ? SopsFormat.Ini : SopsFormat.Binary;
    }

    /// <summary>The format of that name, as for <c>--input-type</c>; null for another name.</summary>
    public static SopsFormat? Named(string name) => name switch
    {
        "yaml" => SopsFormat.Yaml,
        "json" => SopsFormat.Json,
        "dotenv" => SopsFormat.Dotenv,
        "ini" => SopsFormat.Ini,
        "binary" => SopsFormat.Binary,
        _ => null,
    };
}
