using System.Text;

namespace Kist.Formats.Sops.Crypto;

/// <summary>
/// Where a walk through a tree is: the path as additional data (<c>a:b:</c>; items of lists add nothing), the path for
/// messages, and what the rules say about this place.
/// </summary>
internal sealed class TreeWalk(SopsRules rules, string file)
{
    /// <summary>How deep maps and lists may lie in each other.</summary>
    public const int MaxDepth = 1000;

    private byte[] _path = new byte[256];
    private readonly List<object> _places = [];
    private int _length;

    /// <summary>The rules of the file.</summary>
    public SopsRules Rules => rules;

    /// <summary>The additional data of what is here.</summary>
    public ReadOnlySpan<byte> Aad => _length == 0 ? ":"u8 : _path.AsSpan(0, _length);

    /// <summary>Goes to a key; the result leads back.</summary>
    public int Enter(string key)
    {
        var before = _length;
        var bytes = Encoding.UTF8.GetByteCount(key);
        if (_length + bytes + 1 > _path.Length) Array.Resize(ref _path, (_length + bytes + 1) * 2);
        Encoding.UTF8.GetBytes(key, _path.AsSpan(_length));
        _length += bytes + 1;
        _path[_length - 1] = (byte)':';
        _places.Add(key);
        return before;
    }

    /// <summary>Goes to an item of a list.</summary>
    public void Enter(int index) => _places.Add(index);

    /// <summary>Goes back from an item of a list.</summary>
    public void Leave() => _places.RemoveAt(_places.Count - 1);

    /// <summary>Goes back from a key.</summary>
    public void Leave(int before)
    {
        _places.RemoveAt(_places.Count - 1);
        _length = before;
    }

    /// <summary>A fault at the place where the walk is.</summary>
    public SopsFault Fault(SopsExit exit, string message, SopsValue value) => new(exit, message)
    {
        File = file,
        Line = value.Line,
        Key = _places.Count == 0 ? null
            : string.Concat(_places.Select(p => p is string key ? $"[\"{key}\"]" : $"[{p}]")),
    };
}

/// <summary>What the rules say inside one branch or list: for what is here, and by the comments gathered so
/// far.</summary>
internal struct Scope(bool above, bool commented)
{
    private bool _gathered;

    /// <summary>Whether what the keys above decided is to encrypt.</summary>
    public readonly bool Above => above;

    /// <summary>Whether a comment that counts here matched.</summary>
    public readonly bool Commented => commented || _gathered;

    /// <summary>Whether a comment is encrypted; it counts for what follows it.</summary>
    public bool TakeComment(SopsRules rules, SopsValue comment)
    {
        if (!rules.ByComment) return above;
        var matches = rules.Regex!.Matches(Encoding.UTF8.GetString(comment.Bytes.Span));
        var encrypts = rules.Selection == SopsSelection.UnencryptedCommentRegex
            ? !(Commented || matches) : Commented && !matches;
        _gathered |= matches;
        return encrypts;
    }

    /// <summary>Whether a value here is encrypted, under a key or (null) in a list.</summary>
    public readonly bool Encrypts(SopsRules rules, string? key)
    {
        if (rules.ByComment) return rules.Selection == SopsSelection.UnencryptedCommentRegex ? !Commented : Commented;
        return key is null ? above : rules.Encrypts(key, above);
    }

    /// <summary>The scope of what lies in a value here.</summary>
    public readonly Scope Below(SopsRules rules, string? key) =>
        rules.ByComment ? new Scope(above, Commented) : new Scope(Encrypts(rules, key), false);

    /// <summary>An item that is no comment ends what was gathered.</summary>
    public void Next() => _gathered = false;
}
