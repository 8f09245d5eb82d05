using System.Security.Cryptography;
using System.Text;
using Kist.Cli.Output;
using Kist.Scan;
using Kist.Scan.Gitleaks;

namespace Kist.Cli.Scanning;

/// <summary>Makes the scanner that a request asks for.</summary>
internal static class ScannerSetup
{
    public static Problem? Make(ScanRequest request, string root, KnownFetch? known, out Scanner scanner)
    {
        scanner = null!;
        if (ScanWords.Confidence(request.Confidence, out var confidence) is { } wrong) return wrong;
        if (Configuration(request, root, out var gitleaks) is { } broken) return broken;
        scanner = new Scanner(new ScanSettings
        {
            Gitleaks = gitleaks,
            MinimumConfidence = confidence,
            OnlyRules = request.OnlyRules.ToHashSet(),
            DisabledRules = request.DisabledRules.ToHashSet(),
            HonorsAllowComments = !request.IgnoreAllowComments,
            Known = known?.Sets ?? [],
        });
        foreach (var id in request.OnlyRules)
            if (!scanner.Rules.Any(rule => rule.Id == id))
                return new Problem($"there is no rule {id}", "kist scan --explain RULE", ScanRun.Incomplete);
        return null;
    }

    /// <summary>Says whether there is a rule of an id.</summary>
    public static Func<string, bool> RuleNames(Scanner scanner)
    {
        HashSet<string>? names = null;
        return id => (names ??= [.. scanner.Rules.Select(rule => rule.Id)]).Contains(id);
    }

    // As gitleaks looks for it: the option, the variable, the file at the top.
    private static Problem? Configuration(ScanRequest request, string root, out GitleaksConfig? config)
    {
        config = null;
        var file = request.Config ?? Environment.GetEnvironmentVariable("GITLEAKS_CONFIG");
        if (string.IsNullOrEmpty(file))
        {
            file = Path.Combine(root, ".gitleaks.toml");
            if (!File.Exists(file)) return null;
        }
        if (!File.Exists(file))
            return new Problem($"there is no file {file}", "--config FILE", ScanRun.Incomplete);
        var folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        config = GitleaksConfig.Read(File.ReadAllText(file), file, path =>
        {
            var found = File.Exists(path) ? path : Path.Combine(folder, path);
            return File.Exists(found) ? File.ReadAllText(found) : null;
        });
        return config.Problem is { } problem
            ? new Problem(problem, "correct the file, or name another: --config FILE", ScanRun.Incomplete) : null;
    }

    /// <summary>Stands for everything that decides what is found in a history: program, settings,
    /// configuration.</summary>
    public static string Version(ScanRequest request, string root)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Add(hash, typeof(Scanner).Module.ModuleVersionId.ToString());
        Add(hash, $"{request.Confidence} {request.AllFiles} {request.ArchiveDepth} {request.IgnoreAllowComments}");
        foreach (var id in request.OnlyRules.Order(StringComparer.Ordinal)) Add(hash, "+" + id);
        foreach (var id in request.DisabledRules.Order(StringComparer.Ordinal)) Add(hash, "-" + id);
        foreach (var file in (string?[])[request.Config, Path.Combine(root, Kist.Scan.Ignores.AllowFile.Name),
            Path.Combine(root, ".gitleaks.toml")])
            Add(hash, file is not null && File.Exists(file)
                ? Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file))) : "");
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static void Add(IncrementalHash hash, string text) => hash.AppendData(Encoding.UTF8.GetBytes(text + "\n"));
}
