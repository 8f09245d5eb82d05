using Kist.Formats.Dotenv;

namespace Kist.Fuzz;

/// <summary>The parser of <c>.env</c> files.</summary>
internal static class DotenvTargets
{
    public static void File(ReadOnlySpan<byte> bytes) => Parse(bytes, null);

    public static void Expanded(ReadOnlySpan<byte> bytes) => Parse(bytes, static name => name == "HOME" ? "x" : null);

    private static void Parse(ReadOnlySpan<byte> bytes, Func<string, string?>? expand)
    {
        if (!DotenvFile.TryParse(bytes, "file", out var file, out _, expand)) return;
        using (file)
            foreach (var entry in file.Variables) entry.ToString();
    }
}
