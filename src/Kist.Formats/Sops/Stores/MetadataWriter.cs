using System.Text;

namespace Kist.Formats.Sops.Stores;

/// <summary>Writes metadata as a map, its names in order and without those that say nothing, as sops 3.13
/// does.</summary>
internal static class MetadataWriter
{
    private static readonly string[] s_kinds = ["age", "azure_kv", "gcp_kms", "hc_vault", "hckms", "kms", "pgp"];

    /// <param name="rules">Whether the selection rule is written; binary files have none.</param>
    public static SopsValue Write(SopsMetadata metadata, bool rules)
    {
        var items = new List<SopsItem>();
        if (metadata.Groups is [var only]) AddKeys(items, only, always: false);
        else items.Add(new SopsItem("key_groups", SopsValue.OfList([.. metadata.Groups.Select(Group)])));
        items.Add(Text("lastmodified", GoTime.Write(metadata.LastModified)));
        items.Add(Text("mac", metadata.Mac));
        if (metadata.Rules.MacOnlyEncrypted)
            items.Add(new SopsItem("mac_only_encrypted", SopsValue.OfBoolean(true)));
        if (metadata.Groups.Count > 1 && metadata.ShamirThreshold > 0)
            items.Add(new SopsItem("shamir_threshold", SopsValue.OfInteger(metadata.ShamirThreshold)));
        if (rules && metadata.Rules.Text.Length > 0)
            items.Add(Text(SopsRules.NameOf(metadata.Rules.Selection), metadata.Rules.Text));
        items.Add(Text("version", metadata.Version));
        items.Sort(static (a, b) => string.CompareOrdinal(a.Key, b.Key));
        return SopsValue.OfBranch(items);
    }

    private static SopsValue Group(KeyGroup group)
    {
        var items = new List<SopsItem>();
        AddKeys(items, group, always: true);
        return SopsValue.OfBranch(items);
    }

    /// <summary>In a group the lists of age and Vault keys are there even when they are empty.</summary>
    private static void AddKeys(List<SopsItem> items, KeyGroup group, bool always)
    {
        foreach (var kind in s_kinds)
        {
            var keys = group.Keys.Where(k => k.Kind == kind).Select(Key).ToList();
            if (keys.Count > 0 || (always && kind is ("age" or "hc_vault")))
                items.Add(new SopsItem(kind, SopsValue.OfList(keys)));
        }
    }

    private static SopsValue Key(MasterKey key)
    {
        var items = new List<SopsItem> { Text("enc", key.Enc) };
        items.AddRange(key switch
        {
            AgeMasterKey age => [Text("recipient", age.Recipient)],
            PgpMasterKey pgp => [Text("created_at", pgp.CreatedAt), Text("fp", pgp.Fingerprint)],
            VaultMasterKey vault =>
            [
                Text("created_at", vault.CreatedAt), Text("engine_path", vault.EnginePath),
                Text("key_name", vault.KeyName), Text("vault_address", vault.VaultAddress),
            ],
            KmsMasterKey kms => Kms(kms),
            GcpKmsMasterKey gcp => [Text("created_at", gcp.CreatedAt), Text("resource_id", gcp.ResourceId)],
            AzureMasterKey azure =>
            [
                Text("created_at", azure.CreatedAt), Text("name", azure.Name),
                Text("vault_url", azure.VaultUrl), Text("version", azure.Version),
            ],
            HckmsMasterKey hckms => [Text("created_at", hckms.CreatedAt), Text("key_id", hckms.KeyId)],
            _ => (SopsItem[])[],
        });
        items.Sort(static (a, b) => string.CompareOrdinal(a.Key, b.Key));
        return SopsValue.OfBranch(items);
    }

    private static List<SopsItem> Kms(KmsMasterKey kms)
    {
        var items = new List<SopsItem>
        {
            Text("arn", kms.Arn), Text("aws_profile", kms.AwsProfile), Text("created_at", kms.CreatedAt),
        };
        if (kms.Role.Length > 0) items.Add(Text("role", kms.Role));
        if (kms.Context.Count > 0)
            items.Add(new SopsItem("context",
                SopsValue.OfBranch([.. kms.Context.Select(c => Text(c.Key, c.Value))])));
        return items;
    }

    private static SopsItem Text(string name, string value) =>
        new(name, SopsValue.OfText(Encoding.UTF8.GetBytes(value)));
}
