namespace Kist.Formats.Sops.Config;

/// <summary>Where files are published to.</summary>
/// <param name="Line">The line of the rule.</param>
/// <param name="Recreation">The keys that a file is encrypted to anew before it is uploaded; null to leave it.</param>
/// <param name="OmitExtensions">Whether the extension is left out of the destination's path.</param>
public abstract record DestinationRule(int Line, CreationRule? Recreation, bool OmitExtensions)
{
    private static readonly string[] s_names =
    [
        "path_regex", "recreation_rule", "omit_extensions", "s3_bucket", "s3_prefix", "gcs_bucket", "gcs_prefix",
        "vault_path", "vault_address", "vault_kv_mount_name", "vault_kv_version",
    ];

    internal static SopsOutcome<DestinationRule> Read(ConfigNode node, ConfigReading reading)
    {
        if (node.Entries is null) return reading.Wrong(node, "a destination rule is a map: path_regex, vault_path, …");
        reading.WarnOfOthers(node, "a destination rule", s_names);
        CreationRule? recreation = null;
        if (node.Find("recreation_rule") is { } inner)
        {
            if (!CreationRule.Read(inner, reading).Try(out var read, out var wrong)) return wrong;
            recreation = read.Groups.Any(g => g.Keys.Count > 0) ? read : null;
        }
        if (!reading.TryBoolean(node, "omit_extensions", out var omit, out var fault)) return fault;
        if (!reading.TryNumber(node, "vault_kv_version", 2, out var version, out fault)) return fault;
        if (version is not (1 or 2)) return reading.Wrong(node, "vault_kv_version is 1 or 2");
        string? Text(string name) => node.Find(name)?.Text is { Length: > 0 } text ? text : null;
        var (s3, gcs, vault) = (Text("s3_bucket"), Text("gcs_bucket"), Text("vault_path"));
        if ((s3 is null ? 0 : 1) + (gcs is null ? 0 : 1) + (vault is null ? 0 : 1) > 1)
            return reading.Wrong(node, "a destination rule has one of s3_bucket, gcs_bucket and vault_path");
        if (s3 is not null) return new S3Destination(node.Line, recreation, omit, s3, Text("s3_prefix") ?? "");
        if (gcs is not null) return new GcsDestination(node.Line, recreation, omit, gcs, Text("gcs_prefix") ?? "");
        return vault is null
            ? reading.Wrong(node, "a destination rule needs s3_bucket, gcs_bucket or vault_path")
            : new VaultDestination(node.Line, recreation, omit, vault, Text("vault_address"),
                Text("vault_kv_mount_name") ?? "secret/", version);
    }
}

/// <summary>A bucket of Amazon S3, or of what speaks its language.</summary>
public sealed record S3Destination(
    int Line, CreationRule? Recreation, bool OmitExtensions, string Bucket, string Prefix)
    : DestinationRule(Line, Recreation, OmitExtensions);

/// <summary>A bucket of Google Cloud Storage.</summary>
public sealed record GcsDestination(
    int Line, CreationRule? Recreation, bool OmitExtensions, string Bucket, string Prefix)
    : DestinationRule(Line, Recreation, OmitExtensions);

/// <summary>A key-value engine of Vault or Kist. It gets the decrypted values.</summary>
/// <param name="Address">The server; null: what the client is set to.</param>
/// <param name="Mount">The mount, with its slash.</param>
/// <param name="Version">1 or 2.</param>
public sealed record VaultDestination(int Line, CreationRule? Recreation, bool OmitExtensions, string Path,
    string? Address, string Mount, int Version) : DestinationRule(Line, Recreation, OmitExtensions);
