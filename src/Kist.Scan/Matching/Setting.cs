namespace Kist.Scan.Matching;

/// <summary>What a file's path says about what lies in it.</summary>
internal readonly record struct Setting(bool IsTest, bool IsNoise, bool IsConfiguration, bool IsPgPass)
{
    private static readonly HashSet<string> s_noise = new(StringComparer.OrdinalIgnoreCase)
    {
        "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "go.sum", "Cargo.lock",
        "packages.lock.json", "composer.lock", "Gemfile.lock", "poetry.lock", "uv.lock", "Pipfile.lock", "flake.lock",
        "mix.lock", "pubspec.lock", "Podfile.lock", "bun.lock", "deno.lock", "gradle.lockfile", "Package.resolved",
        "SHA256SUMS", "SHA512SUMS", "MANIFEST.MF", "project.assets.json",
    };

    private static readonly string[] s_noiseEnds =
        [".map", ".min.js", ".min.css", ".svg", ".po", ".pot", ".ipynb", ".bfu", ".sum", ".snap", ".deps.json",
         ".sha512", ".sha256", ".css", ".scss", ".sig", ".asc", ".pem.pub", ".pub", ".crt", ".cer", ".lock",
         ".strings", ".resx", ".xlf", ".sri", ".hex", ".srec", ".ttf", ".woff", ".geojson"];

    private static readonly HashSet<string> s_testFolders = new(StringComparer.OrdinalIgnoreCase)
    {
        "test", "tests", "testing", "testdata", "test-data", "test_data", "fixtures", "fixture", "__tests__", "spec",
        "specs", "e2e", "mock", "mocks", "__mocks__", "testsuite", "test-suite", "unittests", "__fixtures__",
        "regress", "selftests", "examples", "example", "samples", "demo", "demos",
    };

    private static readonly string[] s_configurations =
        [".env", ".ini", ".properties", ".yml", ".yaml", ".toml", ".conf", ".cfg", ".config", ".json", ".tfvars", ".tf",
         ".xml", ".npmrc", ".netrc", ".pypirc", ".cnf"];

    /// <summary>Looks at a path.</summary>
    public static Setting Of(string path)
    {
        var name = path[(path.LastIndexOfAny(['/', '!']) + 1)..];
        var isTest = false;
        foreach (var range in path.AsSpan().Split('/'))
            isTest |= s_testFolders.GetAlternateLookup<ReadOnlySpan<char>>().Contains(path.AsSpan()[range]);
        isTest |= name.Contains("_test.", StringComparison.Ordinal) || name.Contains(".test.", StringComparison.Ordinal)
            || name.Contains(".spec.", StringComparison.Ordinal) || name.Contains("_spec.", StringComparison.Ordinal)
            || name.StartsWith("test_", StringComparison.Ordinal)
                || name.StartsWith("test.", StringComparison.Ordinal)
                    || name.EndsWith("Tests.cs", StringComparison.Ordinal)
            || name.EndsWith("Test.java", StringComparison.Ordinal);
        return new Setting(
            isTest || IsManual(path, name), s_noise.Contains(name) || EndsWithAny(name, s_noiseEnds) || IsChanges(name),
            EndsWithAny(name, s_configurations) || name.StartsWith(".env", StringComparison.Ordinal),
            name is "pgpass.conf" || name.EndsWith(".pgpass", StringComparison.Ordinal));
    }

    // man/man5/netrc.5, man/de/man5/netrc.5.gz!netrc.5: what manuals show are examples.
    private static bool IsManual(string path, string name) =>
        name.Length > 2 && name[^2] == '.' && char.IsAsciiDigit(name[^1])
        && path.Contains("/man" + name[^1] + "/", StringComparison.Ordinal);

    // A list of changes is full of the names of commits.
    private static bool IsChanges(string name) =>
        name.StartsWith("changelog", StringComparison.OrdinalIgnoreCase)
        || Path.GetFileNameWithoutExtension(name.AsSpan()) is "CHANGES" or "NEWS" or "HISTORY" or "RELEASES";

    private static bool EndsWithAny(string name, string[] ends)
    {
        foreach (var end in ends)
            if (name.EndsWith(end, StringComparison.OrdinalIgnoreCase)) return true;
        return false;
    }
}
