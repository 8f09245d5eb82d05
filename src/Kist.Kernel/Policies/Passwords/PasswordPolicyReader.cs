using System.Globalization;
using System.Text;
using Kist.Kernel.Hcl;

namespace Kist.Kernel.Policies.Passwords;

/// <summary>Turns a parsed document into a password policy: <c>length</c> and <c>rule "charset"</c> blocks.</summary>
internal static class PasswordPolicyReader
{
    private const int MaxCharset = 256;

    internal static (PasswordPolicy?, string?) Read(HclObject root)
    {
        foreach (var member in root.Members)
            if (member.Key is not ("length" or "rule"))
                return Refuse("only 'length' and 'rule' may stand here", member.Position);
        if (!TryReadWhole(root.Find("length"), out var length)) return (null, "length must be a whole number");
        if (length is < PasswordPolicy.MinLength or > PasswordPolicy.MaxLength)
            return (null, $"length must be between {PasswordPolicy.MinLength} and {PasswordPolicy.MaxLength}");

        var rules = new List<CharsetRule>();
        foreach (var block in root.Blocks("rule", labels: 1))
        {
            if (block is not { Body: { } body, Labels: ["charset"] })
                return Refuse("expected: rule \"charset\" { … }", block.Position);
            var (rule, error) = ReadCharset(body);
            if (rule is null) return Refuse(error!, block.Position);
            rules.Add(rule);
        }
        if (rules.Count == 0) return (null, "at least one charset rule is needed");
        var least = rules.Sum(rule => (long)rule.MinChars);
        return least > length
            ? (null, $"length is {length}, but the rules need at least {least} characters")
            : (new PasswordPolicy(length, rules), null);
    }

    private static (PasswordPolicy?, string?) Refuse(string message, HclPosition position) =>
        (null, new HclError(message, position).ToString());

    private static (CharsetRule?, string?) ReadCharset(HclObject body)
    {
        foreach (var member in body.Members)
            if (member.Key is not ("charset" or "min-chars")) return (null, "unknown key in a charset rule");
        if (body.Find("charset") is not HclString { Value.Length: > 0 } charset)
            return (null, "charset must be a string, not empty");
        var set = charset.Value.EnumerateRunes().ToHashSet();
        if (set.Count > MaxCharset) return (null, $"a charset has at most {MaxCharset} characters");
        if (!set.All(IsPrintable)) return (null, "charset contains a character that cannot be printed");
        var minChars = 0;
        if (body.Find("min-chars") is { } value && !TryReadWhole(value, out minChars) || minChars < 0)
            return (null, "min-chars must be a whole number, not negative");
        return (new CharsetRule(set, minChars), null);
    }

    private static bool IsPrintable(Rune rune) => rune == new Rune(' ') || Rune.GetUnicodeCategory(rune) is
        not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate
            or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator
            or UnicodeCategory.ParagraphSeparator or UnicodeCategory.SpaceSeparator);

    private static bool TryReadWhole(HclValue? value, out int whole)
    {
        var parsed = value switch
        {
            HclNumber number => number.Text,
            HclString text => text.Value,
            _ => null,
        };
        return int.TryParse(parsed, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out whole);
    }
}
