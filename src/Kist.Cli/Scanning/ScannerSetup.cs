using System.Security.Cryptography;
using System.Text;
using Kist.Cli.Output;
using Kist.Scan;

namespace Kist.Cli.Scanning;

/// <summary>Makes the scanner that a request asks for.</summary>
internal static class ScannerSetup
{
    public static Problem? Make(ScanRequest request, string root, out Scanner scanner)
    {
        scanner = null!;
        if (ScanWords.Confidence(request.Confidence, out var confidence) is { } wrong) return wrong;
        scanner = new Scanner(new ScanSettings
        {
            MinimumConfidence = confidence,
            OnlyRules = request.OnlyRules.ToHashSet(),
            DisabledRules = request.DisabledRules.ToHashSet(),
            HonorsAllowComments = !request.IgnoreAllowComments,
        });
        foreach (var id in request.OnlyRules)
            if (!scanner.Rules.Any(rule => rule.Id == id))
                return new Problem($"there is no rule {id}", "kist scan --explain RULE", ScanRun.Incomplete);
        return null;
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
