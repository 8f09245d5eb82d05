using System.Globalization;

namespace Kist.Kernel.Hcl;

/// <summary>Where something stands in a document; both count from 1, columns in UTF-16 units.</summary>
public readonly record struct HclPosition(int Line, int Column);

/// <summary>
/// A value of a parsed document. Immutable; blocks and attributes have the same shape (see <see cref="HclObject"/>).
/// </summary>
public abstract record HclValue(HclPosition Position);

/// <summary>A quoted string or heredoc, escapes resolved.</summary>
public sealed record HclString(HclPosition Position, string Value) : HclValue(Position)
{
    /// <summary>Not the text: a configuration file holds passwords of databases.</summary>
    public override string ToString() => "[REDACTED]";
}

/// <summary>A number, kept as written because documents mix integers, floats and hexadecimal.</summary>
public sealed record HclNumber(HclPosition Position, string Text) : HclValue(Position)
{
    /// <summary>The number as a whole number; false when it has a fraction or does not fit.</summary>
    public bool TryGetInt64(out long value)
    {
        var culture = CultureInfo.InvariantCulture;
        if (Text.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
            return long.TryParse(Text.AsSpan(2), NumberStyles.AllowHexSpecifier, culture, out value);
        return long.TryParse(Text, NumberStyles.AllowLeadingSign, culture, out value);
    }
}

/// <summary><c>true</c> or <c>false</c>.</summary>
public sealed record HclBool(HclPosition Position, bool Value) : HclValue(Position);

/// <summary>A list in brackets.</summary>
public sealed record HclList(HclPosition Position, IReadOnlyList<HclValue> Items) : HclValue(Position);

/// <summary>
/// A key and its value. A block <c>path "x" { … }</c> is the member <c>path</c> holding an object with the member
/// <c>x</c>.
/// </summary>
public sealed record HclMember(string Key, HclPosition Position, HclValue Value);

/// <summary>
/// Members in the order of the document. A key occurs more than once only for repeated blocks; the parser refuses
/// repeated attributes. That blocks are nested objects is what makes the HCL and the JSON form one shape.
/// </summary>
public sealed record HclObject(HclPosition Position, IReadOnlyList<HclMember> Members) : HclValue(Position)
{
    /// <summary>The first value under <paramref name="key"/>, or null.</summary>
    public HclValue? Find(string key)
    {
        foreach (var member in Members)
            if (member.Key == key) return member.Value;
        return null;
    }

    /// <summary>
    /// Every block called <paramref name="type"/> with <paramref name="labels"/> labels, whichever way it is written:
    /// <c>type "label" { }</c>, <c>type = { label = { } }</c>, or in JSON with or without lists around the objects.
    /// A member of that name whose shape is not a block's is returned with a null <see cref="HclBlock.Body"/>.
    /// </summary>
    public IEnumerable<HclBlock> Blocks(string type, int labels)
    {
        foreach (var member in Members)
        {
            if (member.Key != type) continue;
            foreach (var block in Unfold(member.Value, labels, [], member.Position)) yield return block;
        }
    }

    private static IEnumerable<HclBlock> Unfold(HclValue value, int depth, string[] labels, HclPosition position)
    {
        switch (value)
        {
            case HclList list:
                foreach (var item in list.Items)
                    foreach (var block in Unfold(item, depth, labels, item.Position)) yield return block;
                break;
            case HclObject body when depth == 0:
                yield return new HclBlock(labels, position, body);
                break;
            case HclObject inner:
                foreach (var member in inner.Members)
                    foreach (var block in Unfold(member.Value, depth - 1, [.. labels, member.Key], member.Position))
                        yield return block;
                break;
            default:
                yield return new HclBlock(labels, position, null);
                break;
        }
    }
}

/// <summary>
/// One block: its labels and its body; the body is null when something else stands where a block is expected.
/// </summary>
public sealed record HclBlock(IReadOnlyList<string> Labels, HclPosition Position, HclObject? Body);
