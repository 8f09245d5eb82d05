namespace Kist.Formats.Sops.Config;

/// <summary>How a new file is encrypted, as a rule of <c>.sops.yaml</c> says it.</summary>
/// <param name="Line">The line of the rule.</param>
/// <param name="Groups">To whom.</param>
/// <param name="ShamirThreshold">How many groups are needed; 0: all.</param>
/// <param name="Selections">The selection rules that are not empty; a file may have one.</param>
/// <param name="MacOnlyEncrypted">Whether the MAC covers encrypted values only.</param>
public sealed record CreationRule(int Line, IReadOnlyList<KeyGroup> Groups, int ShamirThreshold,
    IReadOnlyList<(SopsSelection Selection, string Text)> Selections, bool MacOnlyEncrypted)
{
    private static readonly (string Name, string Kind)[] s_flat =
    [
        ("age", "age"), ("pgp", "pgp"), ("kms", "kms"), ("gcp_kms", "gcp_kms"), ("azure_keyvault", "azure_kv"),
        ("hc_vault_transit_uri", "hc_vault"), ("hckms", "hckms"),
    ];

    /// <summary>The names that a rule may have.</summary>
    internal static readonly string[] Names =
    [
        "path_regex", "key_groups", "shamir_threshold", "aws_profile", "mac_only_encrypted", "name",
        .. s_flat.Select(f => f.Name), .. Enum.GetValues<SopsSelection>().Select(SopsRules.NameOf),
    ];

    internal static SopsOutcome<CreationRule> Read(ConfigNode node, ConfigReading reading)
    {
        if (node.Entries is null) return reading.Wrong(node, "a creation rule is a map: path_regex, age, …");
        var groups = new List<KeyGroup>();
        if (node.Find("key_groups") is { } list)
        {
            if (list.Items is null) return reading.Wrong(list, "key_groups is a list of groups");
            foreach (var item in list.Items)
            {
                var keys = new List<MasterKey>();
                if (ReadGroup(item, reading, keys, 0) is { } wrong) return wrong;
                groups.Add(new KeyGroup(keys));
            }
        }
        else
        {
            var keys = new List<MasterKey>();
            if (ReadKeys(node, s_flat, reading, keys) is { } wrong) return wrong;
            groups.Add(new KeyGroup(keys));
        }
        var selections = new List<(SopsSelection, string)>();
        foreach (var selection in Enum.GetValues<SopsSelection>())
        {
            var name = SopsRules.NameOf(selection);
            if (node.Find(name) is not { } value) continue;
            if (value.Text is null) return reading.Wrong(value, $"{name} is a text");
            if (value.Text.Length == 0) continue;
            selections.Add((selection, value.Text));
            if (SopsRules.Of(selection, value.Text).Fault is { } bad)
                return reading.Wrong(value, $"{name}: {bad.Message}");
        }
        if (selections.Count > 1)
            return reading.Wrong(node, "a rule has at most one of " + string.Join(", ",
                Enum.GetValues<SopsSelection>().Select(SopsRules.NameOf)));
        if (!reading.TryNumber(node, "shamir_threshold", 0, out var threshold, out var fault)) return fault;
        if (!reading.TryBoolean(node, "mac_only_encrypted", out var macOnly, out fault)) return fault;
        return new CreationRule(node.Line, groups, threshold, selections, macOnly);
    }

    private static SopsFault? ReadGroup(ConfigNode node, ConfigReading reading, List<MasterKey> keys, int depth)
    {
        if (node.Entries is null) return reading.Wrong(node, "a key group is a map: age, pgp, …");
        if (depth > 16) return reading.Wrong(node, "groups are merged too deeply");
        if (node.Find("merge") is { } merge)
        {
            if (merge.Items is null) return reading.Wrong(merge, "merge is a list of groups");
            foreach (var inner in merge.Items)
                if (ReadGroup(inner, reading, keys, depth + 1) is { } wrong) return wrong;
        }
        return ReadKeys(node, [("age", "age"), ("pgp", "pgp"), ("hc_vault", "hc_vault")], reading, keys)
            ?? ReadMaps(node, "kms", reading, keys) ?? ReadMaps(node, "gcp_kms", reading, keys)
            ?? ReadMaps(node, "azure_keyvault", reading, keys) ?? ReadMaps(node, "hckms", reading, keys);
    }

    private static SopsFault? ReadKeys(ConfigNode node, (string Name, string Kind)[] kinds, ConfigReading reading,
        List<MasterKey> keys)
    {
        var profile = node.Find("aws_profile")?.Text ?? "";
        foreach (var (name, kind) in kinds)
        {
            if (node.Find(name) is not { } value) continue;
            foreach (var one in value.Items ?? [value])
            {
                // hckms: [{key_id: …}] stands in groups and in rules.
                var text = one.Text ?? one.Find("key_id")?.Text;
                if (one.IsNull) continue;
                if (text is null)
                    return reading.Wrong(one, $"{name} is a text of keys between commas, or a list of them");
                if (!KeyTexts.Parse(kind, text, reading.Now, null, profile).Try(out var some, out var fault))
                    return reading.Wrong(one, fault.Message);
                foreach (var key in some) Add(keys, key);
            }
        }
        return null;
    }

    private static SopsFault? ReadMaps(ConfigNode node, string name, ConfigReading reading, List<MasterKey> keys)
    {
        if (node.Find(name) is not { } list) return null;
        if (list.Items is null) return reading.Wrong(list, $"{name} of a group is a list");
        foreach (var item in list.Items)
        {
            var now = KeyTexts.Now(reading.Now);
            MasterKey? key = null;
            switch (name)
            {
                case "kms" when item.Find("arn")?.Text is { } arn:
                    var context = new List<KeyValuePair<string, string>>();
                    foreach (var (own, value) in item.Find("context")?.Entries ?? [])
                        context.Add(new(own, value.Text ?? ""));
                    context.Sort(static (a, b) => string.CompareOrdinal(a.Key, b.Key));
                    key = new KmsMasterKey(arn, item.Find("role")?.Text ?? "", context,
                        item.Find("aws_profile")?.Text ?? "", now);
                    break;
                case "gcp_kms" when item.Find("resource_id")?.Text is { } id:
                    key = new GcpKmsMasterKey(id, now);
                    break;
                case "azure_keyvault" when (item.Find("vaultUrl") ?? item.Find("vault_url"))?.Text is { } url
                    && item.Find("key")?.Text is { } azure:
                    key = new AzureMasterKey(url, azure, item.Find("version")?.Text ?? "", now);
                    break;
                case "hckms" when item.Find("key_id")?.Text is { } hckms:
                    key = new HckmsMasterKey(hckms, now);
                    break;
            }
            if (key is null) return reading.Wrong(item, $"an entry of {name} lacks the name of its key");
            Add(keys, key);
        }
        return null;
    }

    private static void Add(List<MasterKey> keys, MasterKey key)
    {
        if (!keys.Exists(k => k.Kind == key.Kind && k.Id == key.Id)) keys.Add(key);
    }
}
