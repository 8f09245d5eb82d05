using System.Globalization;
using System.Text;

namespace Kist.Formats.Sops.Stores;

/// <summary>Reads metadata from their map; types count for little, because flat formats have none.</summary>
internal static class MetadataReader
{
    private static readonly string[] s_kinds = ["kms", "gcp_kms", "hckms", "azure_kv", "hc_vault", "pgp", "age"];

    public static SopsOutcome<SopsMetadata> Read(SopsValue map)
    {
        var text = Field(map, "lastmodified");
        if (GoTime.Moment(GoTime.Parse(Encoding.UTF8.GetBytes(text))) is not { } modified)
            return Wrong(map, "lastmodified", "is no time in RFC 3339");
        var version = Field(map, "version");
        if (version.Length == 0 || !IsVersion(version)) return Wrong(map, "version", "is missing or no version");
        var threshold = Field(map, "shamir_threshold");
        var needed = 0;
        if (threshold.Length > 0 && !int.TryParse(threshold, NumberStyles.AllowLeadingSign,
            CultureInfo.InvariantCulture, out needed)) return Wrong(map, "shamir_threshold", "is no number");
        if (!Groups(map).Try(out var groups, out var fault)) return fault;
        if (groups.Count == 0) return new SopsFault(SopsExit.Generic, "No keys found in file");
        if (!Rules(map).Try(out var rules, out fault)) return fault;
        return new SopsMetadata
        {
            Groups = groups,
            ShamirThreshold = Math.Max(needed, 0),
            Rules = rules,
            LastModified = modified,
            Mac = Field(map, "mac"),
            Version = version,
        };
    }

    private static SopsOutcome<SopsRules> Rules(SopsValue map)
    {
        var only = Field(map, "mac_only_encrypted");
        var macOnly = only.Equals("true", StringComparison.OrdinalIgnoreCase) || only == "1";
        SopsRules? rules = null;
        foreach (var selection in Enum.GetValues<SopsSelection>())
        {
            var text = Field(map, SopsRules.NameOf(selection));
            if (text.Length == 0) continue;
            if (rules is not null)
                return new SopsFault(SopsExit.Generic, "Cannot use more than one of encrypted_suffix, "
                    + "unencrypted_suffix, encrypted_regex, unencrypted_regex, encrypted_comment_regex, or "
                    + "unencrypted_comment_regex in the same file");
            if (!SopsRules.Of(selection, text, macOnly).Try(out rules, out var fault)) return fault;
        }
        return rules ?? SopsRules.Default with { MacOnlyEncrypted = macOnly };
    }

    private static SopsOutcome<List<KeyGroup>> Groups(SopsValue map)
    {
        var groups = new List<KeyGroup>();
        if (!Group(map).Try(out var flat, out var fault)) return fault;
        if (flat.Keys.Count > 0) return SopsOutcome<List<KeyGroup>>.Of([flat]);
        if (Find(map, "key_groups") is not { Kind: SopsKind.List } list) return groups;
        foreach (var entry in list.List)
        {
            if (entry.Kind == SopsKind.Comment) continue;
            if (entry.Kind != SopsKind.Branch) return Wrong(entry, "key_groups", "has an entry that is no map");
            if (!Group(entry).Try(out var group, out fault)) return fault;
            groups.Add(group);
        }
        return groups;
    }

    private static SopsOutcome<KeyGroup> Group(SopsValue map)
    {
        var keys = new List<MasterKey>();
        foreach (var kind in s_kinds)
        {
            if (Find(map, kind) is not { } list || list.Kind == SopsKind.Null) continue;
            // Flat formats have no empty lists: an empty text stands for one.
            if (list.Kind == SopsKind.Text && list.Bytes.IsEmpty) continue;
            if (list.Kind != SopsKind.List) return Wrong(list, kind, "is no list");
            foreach (var entry in list.List)
            {
                if (entry.Kind == SopsKind.Comment) continue;
                if (entry.Kind != SopsKind.Branch) return Wrong(entry, kind, "has an entry that is no map");
                var created = Field(entry, "created_at");
                if (kind != "age" && GoTime.Parse(Encoding.UTF8.GetBytes(created)) is null)
                    return Wrong(entry, $"created_at of {kind}", "is no time in RFC 3339");
                keys.Add(Key(kind, entry, created));
            }
        }
        return new KeyGroup(keys);
    }

    private static MasterKey Key(string kind, SopsValue entry, string created)
    {
        var enc = Field(entry, "enc");
        return kind switch
        {
            "kms" => new KmsMasterKey(Field(entry, "arn"), Field(entry, "role"), Context(entry),
                Field(entry, "aws_profile"), created, enc),
            "gcp_kms" => new GcpKmsMasterKey(Field(entry, "resource_id"), created, enc),
            "hckms" => new HckmsMasterKey(Field(entry, "key_id"), created, enc),
            "azure_kv" => new AzureMasterKey(Field(entry, "vault_url"), Field(entry, "name"),
                Field(entry, "version"), created, enc),
            "hc_vault" => new VaultMasterKey(Field(entry, "vault_address"), Field(entry, "engine_path"),
                Field(entry, "key_name"), created, enc),
            "pgp" => new PgpMasterKey(Field(entry, "fp"), created, enc),
            _ => new AgeMasterKey(Field(entry, "recipient"), enc),
        };
    }

    private static List<KeyValuePair<string, string>> Context(SopsValue entry) =>
        Find(entry, "context") is not { Kind: SopsKind.Branch } context ? []
            : [.. context.Branch.Where(i => !i.IsComment).OrderBy(i => i.Key, StringComparer.Ordinal)
                .Select(i => new KeyValuePair<string, string>(i.Key, AsText(i.Value)))];

    private static SopsValue? Find(SopsValue map, string name)
    {
        foreach (var item in map.Branch)
            if (item.Key == name && !item.IsComment) return item.Value;
        return null;
    }

    private static string Field(SopsValue map, string name) => Find(map, name) is { } value ? AsText(value) : "";

    private static string AsText(SopsValue value) =>
        value.IsComplex || value.Kind == SopsKind.Null ? "" : Encoding.UTF8.GetString(value.Kind == SopsKind.Time
            ? value.Bytes.Span : Scalars.Text(value));

    private static bool IsVersion(string version)
    {
        var core = version.AsSpan(version[0] == 'v' ? 1 : 0);
        var end = core.IndexOfAny('-', '+');
        if (end >= 0) core = core[..end];
        var numbers = 0;
        foreach (var part in core.Split('.'))
        {
            var number = core[part];
            if (number.IsEmpty || number.ContainsAnyExceptInRange('0', '9')) return false;
            numbers++;
        }
        return numbers is >= 1 and <= 4;
    }

    private static SopsFault Wrong(SopsValue value, string field, string reason) =>
        new(SopsExit.Generic, $"the sops metadata cannot be read: {field} {reason}") { Line = value.Line };
}
