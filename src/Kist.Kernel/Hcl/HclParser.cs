namespace Kist.Kernel.Hcl;

/// <summary>
/// Recursive descent over the tokens of the native notation. A method that returns null has recorded the error.
/// </summary>
internal sealed class HclParser
{
    private readonly HclTree _tree;
    private readonly HclLexer _lexer;
    private HclToken _next;

    internal HclParser(string text, HclLimits limits)
    {
        _tree = new HclTree(limits);
        _lexer = new HclLexer(text, _tree);
        _next = _lexer.Next();
    }

    internal (HclObject?, HclError?) Parse()
    {
        var root = Body(new HclPosition(1, 1), HclTokenKind.End, depth: 0);
        return _tree.Error is { } error ? (null, error) : (root, null);
    }

    private HclObject? Body(HclPosition position, HclTokenKind end, int depth)
    {
        if (!_tree.Admit(position, depth)) return null;
        var members = new HclTree.Members(_tree);
        while (_next.Kind != end)
        {
            if (!Item(members, depth)) return null;
            // HCL 1 lets commas separate the items of an object, not those of the document.
            if (end != HclTokenKind.End && _next.Kind == HclTokenKind.Comma) Take();
        }
        Take();
        return new HclObject(position, members.List);
    }

    /// <summary><c>key = value</c>, or <c>key "label" … { body }</c>.</summary>
    private bool Item(HclTree.Members members, int depth)
    {
        var keys = new List<HclToken>(2);
        while (_next.Kind is HclTokenKind.Identifier or HclTokenKind.String && keys.Count <= _tree.MaxDepth)
            keys.Add(Take());
        if (keys.Count == 0) return Refuse("expected a key or the end of the block");
        if (_next.Kind == HclTokenKind.Assign && keys.Count > 1)
            return Refuse("expected '{' after the labels of a block");
        if (_next.Kind is not (HclTokenKind.Assign or HclTokenKind.OpenBrace))
            return Refuse("expected '=' or '{' after the key");

        var isBlock = _next.Kind == HclTokenKind.OpenBrace;
        if (!isBlock) Take();
        var value = Value(depth + keys.Count);
        // Labels become nested objects from the inside out, which is exactly the JSON form of a block.
        for (var i = keys.Count - 1; value is not null && i > 0; i--)
        {
            if (!_tree.Admit(keys[i].Position, depth + i)) return false;
            value = new HclObject(keys[i].Position, [new HclMember(keys[i].Text, keys[i].Position, value)]);
        }
        return value is not null && members.Add(new HclMember(keys[0].Text, keys[0].Position, value), isBlock);
    }

    private HclValue? Value(int depth)
    {
        var token = Take();
        if (!_tree.Admit(token.Position, depth)) return null;
        switch (token.Kind)
        {
            case HclTokenKind.String: return new HclString(token.Position, token.Text);
            case HclTokenKind.Number: return new HclNumber(token.Position, token.Text);
            case HclTokenKind.Identifier when token.Text is "true" or "false":
                return new HclBool(token.Position, token.Text == "true");
            case HclTokenKind.OpenBrace: return Body(token.Position, HclTokenKind.CloseBrace, depth);
            case HclTokenKind.OpenBracket: return List(token.Position, depth);
            default:
                _tree.Fail("expected a string, number, true, false, list or object", token.Position);
                return null;
        }
    }

    private HclList? List(HclPosition position, int depth)
    {
        var items = new List<HclValue>();
        while (_next.Kind != HclTokenKind.CloseBracket)
        {
            if (Value(depth + 1) is not { } item) return null;
            items.Add(item);
            if (_next.Kind == HclTokenKind.Comma) Take();
            else if (_next.Kind != HclTokenKind.CloseBracket)
            {
                Refuse("expected ',' or ']' in the list");
                return null;
            }
        }
        Take();
        return new HclList(position, items);
    }

    private HclToken Take()
    {
        var token = _next;
        _next = _lexer.Next();
        return token;
    }

    private bool Refuse(string message)
    {
        _tree.Fail(message, _next.Position);
        return false;
    }
}
