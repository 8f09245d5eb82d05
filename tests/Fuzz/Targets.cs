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
            ["dotenv"] = DotenvTargets.File,
            ["dotenv-expanded"] = DotenvTargets.Expanded,
        };
}
