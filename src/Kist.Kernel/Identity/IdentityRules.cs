using System.Globalization;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Policies;

namespace Kist.Kernel.Identity;

/// <summary>What may stand in an identity's fields: one rule for entities, aliases and groups.</summary>
public static class IdentityRules
{
    /// <summary>The longest name in UTF-16 units.</summary>
    public const int MaxNameLength = 512;

    private const int MaxPairs = 64;
    private const int MaxKeyBytes = 128;
    private const int MaxValueBytes = 512;

    /// <summary>
    /// The form in which names are compared: two spellings of one name, by case, are one entity, so that it has one set
    /// of policies and one lock-out counter.
    /// </summary>
    public static string Fold(string name) => name.ToLowerInvariant();

    /// <summary>
    /// Refuses names that look like another one: control and invisible characters, odd blanks, blanks at the ends,
    /// characters that are another form of others.
    /// Slashes and backslashes are allowed, since login methods know <c>DOMAIN\user</c> and URLs; policy templates
    /// refuse them.
    /// </summary>
    public static Fault? CheckName(string field, string name)
    {
        if (name.Length > MaxNameLength) return Fault.Invalid($"{field} has more than {MaxNameLength} characters");
        if (name.Length > 0 && (name[0] == ' ' || name[^1] == ' '))
            return Fault.Invalid($"{field} begins or ends with a blank");
        foreach (var rune in name.EnumerateRunes())
            if (rune.Value != ' ' && System.Text.Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control
                or UnicodeCategory.Format or UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
                or UnicodeCategory.OtherNotAssigned || rune.Value == 0xFFFD)
                return Fault.Invalid($"{field} has a control, invisible or otherwise forbidden character");
            else if (Spelling.HasAnother(rune))
                return Fault.Invalid($"{field} has a character of which Unicode knows a plainer form; use that one");
        return null;
    }

    /// <summary>At most 64 pairs, keys of at most 128 bytes, values of at most 512.</summary>
    public static Fault? CheckMetadata(string field, IReadOnlyDictionary<string, string>? metadata)
    {
        if (metadata is null) return null;
        if (metadata.Count > MaxPairs)
            return Fault.ListedInvalid($"{field} has more than {MaxPairs} pairs");
        foreach (var (key, value) in metadata)
        {
            if (key.Length == 0) return Fault.ListedInvalid($"{field} has an empty key");
            if (System.Text.Encoding.UTF8.GetByteCount(key) > MaxKeyBytes)
                return Fault.ListedInvalid($"{field} has a key of more than {MaxKeyBytes} bytes");
            if (System.Text.Encoding.UTF8.GetByteCount(value) > MaxValueBytes)
                return Fault.ListedInvalid($"{field} has a value of more than {MaxValueBytes} bytes");
        }
        return null;
    }

    /// <summary>
    /// Cleans policies for an entity or group: each once, lower case. <c>root</c>, in whatever spelling, can never be
    /// given through identity, nor can names that no policy can have.
    /// </summary>
    public static Fault? CleanPolicies(IReadOnlyList<string>? names, out IReadOnlyList<string>? clean)
    {
        clean = null;
        if (names is null) return null;
        var list = new List<string>();
        foreach (var text in names)
        {
            if (text.Trim().Length == 0) continue;
            if (!PolicyName.TryParse(text.Trim(), out var name, out var error))
                return Fault.Invalid($"policies: {error}");
            if (name == PolicyName.Root) return Fault.Invalid("policies cannot contain root");
            if (name.IsInternal) return Fault.Invalid($"cannot assign policy \"{name}\"");
            if (!list.Contains(name.ToString())) list.Add(name.ToString());
        }
        clean = list;
        return null;
    }

    /// <summary>
    /// Whether <paramref name="text"/> can be the id of anything: nothing else is ever put into a key.
    /// </summary>
    internal static bool IsId(string text) =>
        text.Length == 36 && Guid.TryParseExact(text, "D", out var id) && id.ToString() == text;
}
