using System.Globalization;

namespace Kist.Agent.Templates;

/// <summary>Builds the tree of a template; refuses functions and variables that are not there.</summary>
internal sealed class TemplateParser
{
    private const int MaxDepth = 100;
    private static readonly string[] s_ends = ["end", "else"];
    private readonly List<TemplateToken> _tokens;
    private readonly Dictionary<string, IReadOnlyList<Node>> _named;
    private readonly List<string> _variables = ["$"];
    private int _at;
    private int _depth;
    private int _loops;

    private TemplateParser(List<TemplateToken> tokens, Dictionary<string, IReadOnlyList<Node>> named) =>
        (_tokens, _named) = (tokens, named);

    /// <summary>The body of a template; what it defines is added to <paramref name="named"/>.</summary>
    public static IReadOnlyList<Node> Parse(
        string source, string left, string right, Dictionary<string, IReadOnlyList<Node>> named)
    {
        var parser = new TemplateParser(new TemplateLexer(source, left, right).Read(), named);
        var body = parser.Body([]);
        return parser.Peek.Kind == TokenKind.End ? body : throw Wrong(parser.Peek, "this end or else ends nothing");
    }

    private TemplateToken Peek => _tokens[_at];

    private TemplateToken Take() => _tokens[_at++];

    /// <summary>Until the end, or the open delimiter of an action with one of the words.</summary>
    private List<Node> Body(string[] until)
    {
        if (++_depth > MaxDepth) throw Wrong(Peek, $"nested deeper than {MaxDepth} levels");
        var known = _variables.Count;
        var nodes = new List<Node>();
        while (Peek.Kind != TokenKind.End)
        {
            var token = Take();
            if (token.Kind == TokenKind.Text) nodes.Add(new TextNode(token.Line, token.Text));
            else
            {
                SkipSpace();
                if (Peek.Kind == TokenKind.Word && s_ends.Contains(Peek.Text))
                {
                    if (until.Length == 0) throw Wrong(Peek, $"this {Peek.Text} ends nothing");
                    _variables.RemoveRange(known, _variables.Count - known);
                    _depth--;
                    return nodes;
                }
                if (Action() is { } node) nodes.Add(node);
            }
        }
        if (until.Length > 0) throw Wrong(Peek, "an action has no {{end}}");
        _depth--;
        return nodes;
    }

    private Node? Action()
    {
        var token = Peek;
        if (token.Kind == TokenKind.Word)
        {
            switch (token.Text)
            {
                case "if" or "with":
                    Take();
                    return Branch(token.Line, token.Text == "with");
                case "range":
                    Take();
                    return Range(token.Line);
                case "define":
                    Take();
                    Define();
                    return null;
                case "block":
                    Take();
                    return Block(token.Line);
                case "template":
                    Take();
                    return Call(token.Line);
                case "break" or "continue":
                    Take();
                    if (_loops == 0) throw Wrong(token, $"{token.Text} stands outside of a range");
                    Close();
                    return new JumpNode(token.Line, token.Text == "break");
            }
        }
        var pipeline = Pipe(TokenKind.Close);
        return new PrintNode(token.Line, pipeline);
    }

    private BranchNode Branch(int line, bool isWith)
    {
        var known = _variables.Count;
        var pipeline = Pipe(TokenKind.Close);
        var body = Body(s_ends);
        var otherwise = Else(line, isWith);
        _variables.RemoveRange(known, _variables.Count - known);
        return new BranchNode(line, isWith, pipeline, body, otherwise);
    }

    private IReadOnlyList<Node> Else(int line, bool isWith)
    {
        if (Take().Text == "end")
        {
            Close();
            return [];
        }
        SkipSpace();
        if (Peek.Kind == TokenKind.Word && Peek.Text == (isWith ? "with" : "if"))
        {
            Take();
            if (++_depth > MaxDepth) throw Wrong(Peek, $"nested deeper than {MaxDepth} levels");
            var inner = Branch(line, isWith);
            _depth--;
            return [inner];
        }
        Close();
        return Last();
    }

    /// <summary>The body behind an else, with its end.</summary>
    private List<Node> Last()
    {
        var body = Body(s_ends);
        if (Take() is { Text: not "end" } again) throw Wrong(again, "there is a second else");
        Close();
        return body;
    }

    private RangeNode Range(int line)
    {
        var known = _variables.Count;
        var pipeline = Pipe(TokenKind.Close, isRange: true);
        _loops++;
        var body = Body(s_ends);
        _loops--;
        IReadOnlyList<Node> otherwise = [];
        var isElse = Take().Text == "else";
        Close();
        if (isElse) otherwise = Last();
        _variables.RemoveRange(known, _variables.Count - known);
        return new RangeNode(line, pipeline, body, otherwise);
    }

    private void Define()
    {
        var name = Named("define");
        Close();
        Keep(name, Alone());
    }

    private CallNode Block(int line)
    {
        var name = Named("block");
        var pipeline = Pipe(TokenKind.Close);
        Keep(name, Alone());
        return new CallNode(line, name.Text, pipeline);
    }

    // Variables of the outside are not seen in a template of its own.
    private List<Node> Alone()
    {
        var outer = _variables.ToList();
        var loops = _loops;
        _loops = 0;
        _variables.RemoveRange(1, _variables.Count - 1);
        var body = Body(s_ends);
        if (Take() is { Text: not "end" } again) throw Wrong(again, "there is an else in a template's definition");
        Close();
        _variables.AddRange(outer.Skip(1));
        _loops = loops;
        return body;
    }

    private void Keep(TemplateToken name, IReadOnlyList<Node> body) => _named[name.Text] = body;

    private CallNode Call(int line)
    {
        var name = Named("template");
        SkipSpace();
        if (Peek.Kind != TokenKind.Close) return new CallNode(line, name.Text, Pipe(TokenKind.Close));
        Take();
        return new CallNode(line, name.Text, null);
    }

    private TemplateToken Named(string action)
    {
        SkipSpace();
        var name = Take();
        return name.Kind == TokenKind.Quoted ? name : throw Wrong(name, $"{action} needs a name in quotes");
    }

    private Pipeline Pipe(TokenKind end, bool isRange = false)
    {
        if (++_depth > MaxDepth) throw Wrong(Peek, $"nested deeper than {MaxDepth} levels");
        SkipSpace();
        var line = Peek.Line;
        var (variables, declares) = Targets(isRange);
        var commands = new List<Command>();
        while (true)
        {
            commands.Add(Command(end));
            if (commands.Count > 1 && commands[^1].Operands[0] is ConstantOperand)
                throw Wrong(Peek, "what stands behind | must be a function, not a value");
            var token = Take();
            if (token.Kind == end) break;
            if (token.Kind != TokenKind.Pipe) throw Wrong(token, "the action is malformed");
        }
        if (declares) _variables.AddRange(variables);
        _depth--;
        return new Pipeline(line, variables, declares, commands);
    }

    /// <summary>Reads <c>$v :=</c>, <c>$v =</c>, and for range <c>$i, $v :=</c>, where one stands.</summary>
    private (IReadOnlyList<string> Names, bool Declares) Targets(bool isRange)
    {
        var start = _at;
        var names = new List<string>();
        while (Peek.Kind == TokenKind.Variable && names.Count < 2)
        {
            names.Add(Take().Text);
            SkipSpace();
            if (Peek.Kind is TokenKind.Declare or TokenKind.Assign)
            {
                var sign = Take();
                if (names.Count > 1 && !isRange) throw Wrong(sign, "only a range has two variables");
                var unknown = names.Find(n => !_variables.Contains(n));
                if (sign.Kind == TokenKind.Assign && unknown is not null)
                    throw Wrong(sign, $"the variable {unknown} is not declared");
                SkipSpace();
                return (names, sign.Kind == TokenKind.Declare);
            }
            if (!isRange || Peek.Kind != TokenKind.Comma) break;
            Take();
            SkipSpace();
        }
        _at = start;
        return ([], false);
    }

    private Command Command(TokenKind end)
    {
        var line = Peek.Line;
        var operands = new List<Operand>();
        while (true)
        {
            SkipSpace();
            if (Peek.Kind == TokenKind.Pipe || Peek.Kind == end) break;
            operands.Add(Operand());
            if (Peek.Kind != TokenKind.Space && Peek.Kind != TokenKind.Pipe && Peek.Kind != end)
                throw Wrong(Peek, "something is missing between two values");
        }
        return operands.Count > 0 ? new Command(line, operands) : throw Wrong(Peek, "a command is missing");
    }

    private Operand Operand()
    {
        var token = Take();
        switch (token.Kind)
        {
            case TokenKind.Quoted:
                return new ConstantOperand(token.Line, Fields(), token.Text);
            case TokenKind.Number:
                return new ConstantOperand(token.Line, [], Number(token));
            case TokenKind.Dot:
                return new DotOperand(token.Line, Fields());
            case TokenKind.Field:
                return new DotOperand(token.Line, [token.Text, .. Fields()]);
            case TokenKind.Variable:
                return _variables.Contains(token.Text)
                    ? new VariableOperand(token.Line, Fields(), token.Text)
                    : throw Wrong(token, $"the variable {token.Text} is not declared");
            case TokenKind.LeftParen:
                var inner = Pipe(TokenKind.RightParen);
                return new InnerOperand(token.Line, Fields(), inner);
            case TokenKind.Word:
                return Word(token);
            default:
                throw Wrong(token, "a value or function is missing");
        }
    }

    private Operand Word(TemplateToken token)
    {
        switch (token.Text)
        {
            case "true" or "false": return new ConstantOperand(token.Line, [], token.Text == "true");
            case "nil": return new ConstantOperand(token.Line, [], null);
        }
        if (Functions.WhyNot(token.Text) is { } why) throw Wrong(token, why);
        return new FunctionOperand(token.Line, Fields(), token.Text);
    }

    private List<string> Fields()
    {
        var fields = new List<string>();
        while (Peek.Kind == TokenKind.Field) fields.Add(Take().Text);
        return fields;
    }

    private static object Number(TemplateToken token)
    {
        var text = token.Text;
        var culture = CultureInfo.InvariantCulture;
        var sign = text.StartsWith('-') ? -1 : 1;
        var digits = text.TrimStart('+', '-');
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, culture, out var whole)) return whole;
        if (digits.Length > 2 && digits[0] == '0')
        {
            var rest = digits.AsSpan(2);
            if (digits[1] is 'x' or 'X' && long.TryParse(rest, NumberStyles.AllowHexSpecifier, culture, out whole))
                return sign * whole;
            if (digits[1] is 'b' or 'B' && long.TryParse(rest, NumberStyles.AllowBinarySpecifier, culture, out whole))
                return sign * whole;
        }
        if (double.TryParse(text, NumberStyles.Float, culture, out var number) && double.IsFinite(number))
            return number;
        throw Wrong(token, "a number is malformed");
    }

    private void Close()
    {
        SkipSpace();
        if (Take() is { Kind: not TokenKind.Close } token) throw Wrong(token, "the action is longer than it may be");
    }

    private void SkipSpace()
    {
        while (Peek.Kind == TokenKind.Space) _at++;
    }

    private static TemplateFault Wrong(TemplateToken token, string what) => new(what, token.Line);
}
