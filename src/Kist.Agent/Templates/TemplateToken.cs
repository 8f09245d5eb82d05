namespace Kist.Agent.Templates;

/// <summary>The kinds of words of a template.</summary>
internal enum TokenKind
{
    End, Text, Open, Close, Space, Word, Field, Variable, Dot, Quoted, Number, Character, Pipe, Declare, Assign, Comma,
    LeftParen, RightParen,
}

/// <summary>A word of a template.</summary>
/// <param name="Text">Of a field: without its dot; of a string: its content, escapes resolved.</param>
internal readonly record struct TemplateToken(TokenKind Kind, string Text, int Line)
{
    /// <summary>Not the text: what stands between the actions may be a password.</summary>
    public override string ToString() => Kind.ToString();
}
