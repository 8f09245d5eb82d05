using System.Globalization;
using Kist.Formats.Sops.Keys;

namespace Kist.Formats.Sops.Config;

/// <summary>Master keys as people write them: in flags, variables and <c>.sops.yaml</c>.</summary>
public static class KeyTexts
{
    /// <summary>Now, as it stands in an entry.</summary>
    public static string Now(DateTimeOffset now) =>
        now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>Reads keys of one kind, between commas.</summary>
    /// <param name="kind">As in metadata: <c>age</c>, <c>pgp</c>, …</param>
    /// <param name="context">The encryption context of KMS keys.</param>
    /// <param name="profile">The profile of KMS keys; empty for none.</param>
    public static SopsOutcome<IReadOnlyList<MasterKey>> Parse(string kind, string text, DateTimeOffset now,
        IReadOnlyList<KeyValuePair<string, string>>? context = null, string profile = "")
    {
        var keys = new List<MasterKey>();
        foreach (var part in text.Split(','))
        {
            // A list may end with a comma, and be folded over lines.
            var one = part.Trim();
            if (one.Length == 0) continue;
            if (!One(kind, one, Now(now), context ?? [], profile).Try(out var key, out var fault)) return fault;
            keys.Add(key);
        }
        return SopsOutcome<IReadOnlyList<MasterKey>>.Of(keys);
    }

    /// <summary>Reads an encryption context, <c>name:value,…</c>; null where it is none.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>>? ParseContext(string text)
    {
        var context = new List<KeyValuePair<string, string>>();
        foreach (var part in text.Split(','))
        {
            var at = part.IndexOf(':', StringComparison.Ordinal);
            if (at < 0) return null;
            context.Add(new(part[..at].Trim(), part[(at + 1)..].Trim()));
        }
        context.Sort(static (a, b) => string.CompareOrdinal(a.Key, b.Key));
        return context;
    }

    private static SopsOutcome<MasterKey> One(string kind, string text, string now,
        IReadOnlyList<KeyValuePair<string, string>> context, string profile)
    {
        switch (kind)
        {
            case "age":
                return Age(text);
            case "pgp":
                return new PgpMasterKey(text.Replace(" ", "", StringComparison.Ordinal), now);
            case "hc_vault":
                return VaultKeySource.Parse(text, now).Try(out var vault, out var fault)
                    ? SopsOutcome<MasterKey>.Of(vault) : fault;
            case "kms":
                return KmsKeySource.Parse(text, context, profile, now).Try(out var kms, out fault)
                    ? SopsOutcome<MasterKey>.Of(kms) : fault;
            case "gcp_kms":
                return new GcpKmsMasterKey(text, now);
            case "hckms":
                return new HckmsMasterKey(text, now);
            case "azure_kv":
                return Azure(text, now);
            default:
                return new SopsFault(SopsExit.Generic, $"there are no keys of the kind {kind}");
        }
    }

    private static SopsOutcome<MasterKey> Age(string text)
    {
        // A comment after an SSH key does not belong to the recipient.
        var recipient = text.StartsWith("ssh-", StringComparison.Ordinal)
            ? string.Join(' ', text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Take(2)) : text;
        if (recipient.StartsWith("AGE-SECRET-KEY-", StringComparison.OrdinalIgnoreCase)
            || recipient.StartsWith("AGE-PLUGIN-", StringComparison.OrdinalIgnoreCase))
            return new SopsFault(SopsExit.Generic,
                "a private age key stands where a recipient is wanted: give the public key, age1…");
        var parsed = Formats.Age.AgeRecipient.Parse(recipient);
        (parsed.Value as IDisposable)?.Dispose();
        // A plug-in may be missing here and there where the file is encrypted.
        return parsed.Fault is { } fault && !IsPlugin(recipient)
            ? new SopsFault(SopsExit.Generic, $"the age recipient {Shown(recipient)}: {fault.Message}")
            : new AgeMasterKey(recipient);
    }

    private static bool IsPlugin(string recipient) => recipient.StartsWith("age1", StringComparison.Ordinal)
        && recipient.LastIndexOf('1') > 4 && !recipient.StartsWith("age1pq1", StringComparison.Ordinal);

    // It may be anything, also a secret that was put in the wrong place.
    private static string Shown(string recipient) =>
        recipient.StartsWith("age1", StringComparison.Ordinal) && recipient.Length > 20 ? recipient[..20] + "…"
            : recipient.Split(' ')[0] is { Length: < 16 } and ['s', 's', 'h', ..] type ? type + " …" : "given";

    private static SopsOutcome<MasterKey> Azure(string text, string now)
    {
        if (Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme == "https"
            && uri.AbsolutePath.Trim('/').Split('/') is ["keys", var name, .. var rest] && rest.Length <= 1)
            return new AzureMasterKey(uri.GetLeftPart(UriPartial.Authority), name, rest is [var one] ? one : "", now);
        return new SopsFault(SopsExit.Generic,
            $"{text} is no key of Azure Key Vault: https://NAME.vault.azure.net/keys/KEY/VERSION");
    }
}
