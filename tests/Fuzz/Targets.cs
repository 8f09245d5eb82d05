namespace Kist.Fuzz;

/// <summary>
/// What can be fuzzed, by name. A target takes any bytes and may only return: every exception is a defect.
/// </summary>
public static class Targets
{
    public static IReadOnlyDictionary<string, Action<ReadOnlySpan<byte>>> All { get; } =
        new Dictionary<string, Action<ReadOnlySpan<byte>>>
        {
            ["backup"] = BackupTargets.File,
            ["age-file"] = AgeTargets.File,
            ["age-identities"] = AgeTargets.Identities,
            ["age-recipients"] = AgeTargets.Recipients,
            ["age-openssh-key"] = AgeTargets.OpenSshKey,
            ["sops-yaml"] = SopsTargets.Yaml,
            ["sops-json"] = SopsTargets.Json,
            ["sops-dotenv"] = SopsTargets.Dotenv,
            ["sops-ini"] = SopsTargets.Ini,
            ["sops-binary"] = SopsTargets.Binary,
            ["sops-words"] = SopsTargets.Words,
            ["dotenv"] = DotenvTargets.File,
            ["dotenv-expanded"] = DotenvTargets.Expanded,
            ["sops-config"] = SopsConfigTargets.File,
            ["agent-template"] = AgentTargets.Template,
            ["agent-yaml"] = AgentTargets.Yaml,
            ["scan"] = ScanTargets.Content,
            ["scan-pgpass"] = ScanTargets.Password,
            ["scan-explain"] = ScanTargets.Explained,
            ["scan-gitleaks"] = ScanTargets.Configuration,
            ["scan-fingerprint"] = ScanTargets.Sent,
        };
}
