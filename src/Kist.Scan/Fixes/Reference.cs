namespace Kist.Scan.Fixes;

/// <summary>How a language reads a variable of the environment.</summary>
/// <param name="Expression">The expression that stands in the place of a quoted string, <c>NAME</c> for the name; null:
/// only strings are possible, such as in YAML.</param>
/// <param name="InText">What stands within a string or bare; null: nothing can.</param>
/// <param name="Needs">What the file must have besides, for people to check.</param>
public sealed record Reference(string? Expression, string? InText, string? Needs = null)
{
    private static readonly Reference s_text = new(null, "${NAME}");

    /// <summary>That of a file; null when the language is not known.</summary>
    public static Reference? For(string path)
    {
        var name = path[(path.LastIndexOf('/') + 1)..];
        if (name.StartsWith("Dockerfile", StringComparison.Ordinal)
            || name.EndsWith(".dockerfile", StringComparison.Ordinal))
            return new Reference(null, null); // a build argument stays in the image's history
        return Path.GetExtension(name).ToLowerInvariant() switch
        {
            ".py" or ".pyw" => new Reference("os.environ[\"NAME\"]", null, "import os"),
            ".js" or ".mjs" or ".cjs" or ".jsx" or ".ts" or ".mts" or ".cts" or ".tsx" or ".vue" or ".svelte" =>
                new Reference("process.env.NAME", null),
            ".rb" or ".rake" => new Reference("ENV.fetch(\"NAME\")", null),
            ".go" => new Reference("os.Getenv(\"NAME\")", null, "import \"os\""),
            ".java" or ".kt" or ".kts" or ".groovy" or ".gradle" => new Reference("System.getenv(\"NAME\")", null),
            ".scala" => new Reference("sys.env(\"NAME\")", null),
            ".cs" => new Reference("Environment.GetEnvironmentVariable(\"NAME\")", null, "using System"),
            ".fs" => new Reference("System.Environment.GetEnvironmentVariable \"NAME\"", null),
            ".php" => new Reference("getenv('NAME')", null),
            ".rs" => new Reference("std::env::var(\"NAME\").expect(\"NAME\")", null,
                "an owned String where it was &str"),
            ".swift" => new Reference("ProcessInfo.processInfo.environment[\"NAME\"]!", null, "import Foundation"),
            ".ex" or ".exs" => new Reference("System.fetch_env!(\"NAME\")", null),
            ".pl" or ".pm" => new Reference("$ENV{NAME}", null),
            ".lua" => new Reference("os.getenv(\"NAME\")", null),
            ".r" => new Reference("Sys.getenv(\"NAME\")", null),
            ".sh" or ".bash" or ".zsh" or ".ksh" => new Reference("\"${NAME}\"", "${NAME}"),
            ".ps1" => new Reference("$env:NAME", null),
            ".tf" or ".hcl" => new Reference(null, null), // needs a variable block: people decide which
            ".yaml" or ".yml" or ".json" or ".json5" or ".toml" or ".ini" or ".cfg" or ".conf" or ".properties"
                or ".xml" or ".config" or ".npmrc" => s_text,
            _ => name is ".npmrc" or ".yarnrc" or ".yarnrc.yml" ? s_text : null,
        };
    }
}
