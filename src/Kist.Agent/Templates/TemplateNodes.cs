namespace Kist.Agent.Templates;

/// <summary>A part of a template: what it writes.</summary>
internal abstract record Node(int Line);

/// <summary>Text as it stands.</summary>
internal sealed record TextNode(int Line, string Text) : Node(Line)
{
    public override string ToString() => "[REDACTED]";
}

/// <summary>A pipeline whose value is written, unless it is kept in a variable.</summary>
internal sealed record PrintNode(int Line, Pipeline Pipeline) : Node(Line);

/// <summary><c>if</c> and <c>with</c>; <c>with</c> also makes the value the dot of its body.</summary>
internal sealed record BranchNode(
    int Line, bool IsWith, Pipeline Pipeline, IReadOnlyList<Node> Body, IReadOnlyList<Node> Else) : Node(Line);

/// <summary><c>range</c>.</summary>
internal sealed record RangeNode(
    int Line, Pipeline Pipeline, IReadOnlyList<Node> Body, IReadOnlyList<Node> Else) : Node(Line);

/// <summary><c>template</c>, and <c>block</c> where it stands.</summary>
internal sealed record CallNode(int Line, string Name, Pipeline? Pipeline) : Node(Line);

/// <summary><c>break</c> and <c>continue</c>.</summary>
internal sealed record JumpNode(int Line, bool IsBreak) : Node(Line);

/// <summary>Commands, each of which gets the value of the one before as its last argument.</summary>
/// <param name="Variables">What the value is kept in: at most one, for <c>range</c> two.</param>
/// <param name="Declares">Whether the variables are new (<c>:=</c>).</param>
internal sealed record Pipeline(
    int Line, IReadOnlyList<string> Variables, bool Declares, IReadOnlyList<Command> Commands);

/// <summary>One command: a value, or a function and its arguments.</summary>
internal sealed record Command(int Line, IReadOnlyList<Operand> Operands);

/// <summary>A value in a command, with the fields that are taken of it.</summary>
internal abstract record Operand(int Line, IReadOnlyList<string> Fields);

/// <summary>A string, number, truth value or nil.</summary>
internal sealed record ConstantOperand(int Line, IReadOnlyList<string> Fields, object? Value) : Operand(Line, Fields)
{
    public override string ToString() => "[REDACTED]";
}

/// <summary>The dot.</summary>
internal sealed record DotOperand(int Line, IReadOnlyList<string> Fields) : Operand(Line, Fields);

/// <summary>A variable.</summary>
internal sealed record VariableOperand(int Line, IReadOnlyList<string> Fields, string Name) : Operand(Line, Fields);

/// <summary>A function; what follows it in its command are its arguments.</summary>
internal sealed record FunctionOperand(int Line, IReadOnlyList<string> Fields, string Name) : Operand(Line, Fields);

/// <summary>A pipeline in parentheses.</summary>
internal sealed record InnerOperand(int Line, IReadOnlyList<string> Fields, Pipeline Pipeline) : Operand(Line, Fields);
