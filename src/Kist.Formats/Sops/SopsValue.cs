using System.Diagnostics;

namespace Kist.Formats.Sops;

/// <summary>What a node of the tree is.</summary>
public enum SopsKind : byte
{
    /// <summary>Nothing; never encrypted and covered by nothing.</summary>
    Null,
    /// <summary>Text; any bytes, UTF-8 as a rule.</summary>
    Text,
    /// <summary>A whole number of 64 bits with a sign.</summary>
    Integer,
    /// <summary>A floating-point number of 64 bits.</summary>
    Float,
    /// <summary>True or false.</summary>
    Boolean,
    /// <summary>A point in time.</summary>
    Time,
    /// <summary>Values in order; comments may stand among them.</summary>
    List,
    /// <summary>Keys and values in order; comments may stand among them.</summary>
    Branch,
    /// <summary>A comment without its mark.</summary>
    Comment,
    /// <summary>A number beyond 64 bits with a sign, which cannot be encrypted.</summary>
    Unsigned,
}

/// <summary>A node of the tree. Its bytes belong to the tree, which zeroes them.</summary>
[DebuggerDisplay("{Kind}")]
public sealed class SopsValue
{
    private readonly long _bits;

    private SopsValue(SopsKind kind, long bits = 0, ReadOnlyMemory<byte> bytes = default)
    {
        (Kind, _bits, Bytes) = (kind, bits, bytes);
    }

    /// <summary>The one that is nothing.</summary>
    public static SopsValue Null { get; } = new(SopsKind.Null);

    /// <summary>What it is.</summary>
    public SopsKind Kind { get; }

    /// <summary>The bytes of a text or a comment; a time in RFC 3339, with what it has of a second's fraction; the
    /// digits of an <see cref="SopsKind.Unsigned"/>.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>A whole number.</summary>
    public long Integer => _bits;

    /// <summary>A floating-point number.</summary>
    public double Float => BitConverter.Int64BitsToDouble(_bits);

    /// <summary>True or false.</summary>
    public bool Boolean => _bits != 0;

    /// <summary>Whether a comment stood behind what it is about, on its line.</summary>
    public bool Inline => _bits != 0;

    /// <summary>The values of a list.</summary>
    public List<SopsValue> List { get; private init; } = s_noList;

    /// <summary>The items of a branch.</summary>
    public List<SopsItem> Branch { get; private init; } = s_noBranch;

    /// <summary>The line in the file, from 1; 0 where it did not come from one.</summary>
    public int Line { get; internal init; }

    /// <summary>Whether it is a list or a branch.</summary>
    public bool IsComplex => Kind is SopsKind.List or SopsKind.Branch;

    /// <summary>A text; the bytes are not copied.</summary>
    public static SopsValue OfText(ReadOnlyMemory<byte> bytes, int line = 0) =>
        new(SopsKind.Text, bytes: bytes) { Line = line };

    /// <summary>A comment; the bytes are not copied.</summary>
    public static SopsValue OfComment(ReadOnlyMemory<byte> bytes, bool inline = false, int line = 0) =>
        new(SopsKind.Comment, inline ? 1 : 0, bytes) { Line = line };

    /// <summary>A whole number.</summary>
    public static SopsValue OfInteger(long value, int line = 0) => new(SopsKind.Integer, value) { Line = line };

    /// <summary>A floating-point number.</summary>
    public static SopsValue OfFloat(double value, int line = 0) =>
        new(SopsKind.Float, BitConverter.DoubleToInt64Bits(value)) { Line = line };

    /// <summary>True or false.</summary>
    public static SopsValue OfBoolean(bool value, int line = 0) =>
        new(SopsKind.Boolean, value ? 1 : 0) { Line = line };

    /// <summary>A time in RFC 3339.</summary>
    public static SopsValue OfTime(ReadOnlyMemory<byte> rfc3339, int line = 0) =>
        new(SopsKind.Time, bytes: rfc3339) { Line = line };

    /// <summary>A number too large to be kept.</summary>
    public static SopsValue OfUnsigned(ReadOnlyMemory<byte> digits, int line = 0) =>
        new(SopsKind.Unsigned, bytes: digits) { Line = line };

    /// <summary>A list; it may be added to.</summary>
    public static SopsValue OfList(List<SopsValue> values, int line = 0) =>
        new(SopsKind.List) { List = values, Line = line };

    /// <summary>A branch; it may be added to.</summary>
    public static SopsValue OfBranch(List<SopsItem> items, int line = 0) =>
        new(SopsKind.Branch) { Branch = items, Line = line };

    /// <summary>A comment where a value should be, as sops shows it.</summary>
    internal SopsValue CommentAsMap(string value, string inline) =>
        OfBranch([new SopsItem(value, OfText(Bytes)), new SopsItem(inline, OfBoolean(Inline))], Line);

    /// <inheritdoc/>
    public override string ToString() => Kind is SopsKind.Null ? "null" : "[REDACTED]";

    private static readonly List<SopsValue> s_noList = [];
    private static readonly List<SopsItem> s_noBranch = [];
}

/// <summary>One entry of a branch: a key and its value, or a comment (whose key is empty).</summary>
/// <param name="KeyType">What the key is where it is no text (<c>int</c>, <c>bool</c>, …): YAML has such keys, SOPS
/// does not; null for text.</param>
public readonly record struct SopsItem(string Key, SopsValue Value, string? KeyType = null)
{
    /// <summary>Whether it is a comment.</summary>
    public bool IsComment => Value.Kind == SopsKind.Comment && Key.Length == 0 && KeyType is null;
}
