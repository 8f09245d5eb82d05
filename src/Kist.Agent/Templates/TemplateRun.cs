using System.Text;

namespace Kist.Agent.Templates;

/// <summary>One rendering of a template.</summary>
internal sealed class TemplateRun
{
    private const int MaxText = 16 << 20;
    private const int MaxCalls = 100;
    private const int MaxSteps = 10_000_000;

    private readonly Dictionary<string, IReadOnlyList<Node>> _named;
    private readonly StringBuilder _output;
    private readonly List<(string Name, object? Value)> _variables = [("$", null)];
    private object? _dot;
    private int _calls;
    private long _steps;

    public TemplateRun(TemplateContext context, Dictionary<string, IReadOnlyList<Node>> named, StringBuilder output)
    {
        (Context, _named, _output) = (context, new(named, StringComparer.Ordinal), output);
        Scratch = new Scratch();
    }

    private enum Flow
    {
        Next, Break, Continue,
    }

    /// <summary>What the rendering works with.</summary>
    public TemplateContext Context { get; }

    /// <summary>The values that <c>scratch</c> keeps.</summary>
    public Scratch Scratch { get; private init; }

    /// <summary>Writes the nodes' text.</summary>
    public void Execute(IReadOnlyList<Node> body) => Body(body);

    /// <summary>The text of a named template with a dot of its own (<c>executeTemplate</c>).</summary>
    public string Execute(string name, object? dot)
    {
        if (_calls + 1 > MaxCalls) throw new TemplateFault("templates call each other without end");
        var text = new StringBuilder();
        var inner = new TemplateRun(Context, _named, text)
        {
            _calls = _calls + 1, _steps = _steps, _dot = dot, Scratch = Scratch,
        };
        inner._variables[0] = ("$", dot);
        inner.Body(Named(name, 0));
        _steps = inner._steps;
        return text.ToString();
    }

    /// <summary>Counts work, so that no template runs on for ever.</summary>
    public void Spend(long steps, int line = 0)
    {
        if ((_steps += steps) > MaxSteps)
            throw new TemplateFault("the template takes more steps than it may", line);
    }

    private Flow Body(IReadOnlyList<Node> nodes)
    {
        var known = _variables.Count;
        foreach (var node in nodes)
        {
            Spend(1, node.Line);
            var flow = One(node);
            if (flow == Flow.Next) continue;
            Forget(known);
            return flow;
        }
        Forget(known);
        return Flow.Next;
    }

    private Flow One(Node node)
    {
        switch (node)
        {
            case TextNode text:
                Write(text.Text, text.Line);
                return Flow.Next;
            case PrintNode print:
                var value = Value(print.Pipeline);
                if (print.Pipeline.Variables.Count == 0) Write(TemplateValue.Text(value), print.Line);
                return Flow.Next;
            case BranchNode branch: return Branch(branch);
            case RangeNode range: return Range(range);
            case CallNode call:
                Call(call);
                return Flow.Next;
            default:
                return ((JumpNode)node).IsBreak ? Flow.Break : Flow.Continue;
        }
    }

    private Flow Branch(BranchNode branch)
    {
        var known = _variables.Count;
        var value = Value(branch.Pipeline);
        var isTrue = TemplateValue.Truth(value);
        var outer = _dot;
        if (branch.IsWith && isTrue) _dot = value;
        var flow = Body(isTrue ? branch.Body : branch.Else);
        _dot = outer;
        Forget(known);
        return flow;
    }

    private Flow Range(RangeNode range)
    {
        var known = _variables.Count;
        var value = Value(range.Pipeline with { Variables = [] });
        var outer = _dot;
        var flow = Flow.Next;
        var isEmpty = true;
        foreach (var (key, item) in Items(value, range.Line))
        {
            isEmpty = false;
            Spend(1, range.Line);
            Keep(range.Pipeline, key, item);
            _dot = item;
            flow = Body(range.Body);
            if (range.Pipeline.Declares) Forget(known);
            if (flow == Flow.Break) break;
        }
        _dot = outer;
        if (isEmpty) flow = Body(range.Else);
        else flow = Flow.Next;
        Forget(known);
        return flow;
    }

    private static IEnumerable<(object? Key, object? Item)> Items(object? value, int line) => value switch
    {
        null => [],
        IReadOnlyList<object?> list => list.Select((item, i) => ((object?)(long)i, item)),
        TemplateMap map => map.Select(pair => ((object?)pair.Key, pair.Value)),
        long count => Count(count),
        _ => throw new TemplateFault($"range cannot go over {TemplateValue.Kind(value)}", line),
    };

    private static IEnumerable<(object? Key, object? Item)> Count(long count)
    {
        for (long i = 0; i < count; i++) yield return (i, i);
    }

    private void Keep(Pipeline pipeline, object? key, object? item)
    {
        object?[] values = pipeline.Variables.Count == 2 ? [key, item] : [item];
        for (var i = 0; i < pipeline.Variables.Count; i++)
            if (pipeline.Declares) _variables.Add((pipeline.Variables[i], values[i]));
            else Assign(pipeline.Variables[i], values[i]);
    }

    private void Call(CallNode call)
    {
        var body = Named(call.Name, call.Line);
        if (++_calls > MaxCalls) throw new TemplateFault("templates call each other without end", call.Line);
        var dot = call.Pipeline is null ? null : Value(call.Pipeline);
        var (outer, variables) = (_dot, _variables.ToArray());
        _variables.Clear();
        _variables.Add(("$", dot));
        _dot = dot;
        Body(body);
        _variables.Clear();
        _variables.AddRange(variables);
        _dot = outer;
        _calls--;
    }

    private IReadOnlyList<Node> Named(string name, int line) =>
        _named.TryGetValue(name, out var body)
            ? body
            : throw new TemplateFault($"there is no template called \"{name}\"", line);

    private object? Value(Pipeline pipeline)
    {
        object? value = null;
        for (var i = 0; i < pipeline.Commands.Count; i++)
            value = Value(pipeline.Commands[i], i > 0, value);
        if (pipeline.Variables is not [var name]) return value;
        if (pipeline.Declares) _variables.Add((name, value));
        else Assign(name, value);
        return value;
    }

    private object? Value(Command command, bool isPiped, object? piped)
    {
        Spend(1, command.Line);
        var first = command.Operands[0];
        if (first is FunctionOperand function)
        {
            return Function(function, command, isPiped, piped);
        }
        if (isPiped || command.Operands.Count > 1)
            throw new TemplateFault("a value that is no function takes no arguments", command.Line);
        return Value(first);
    }

    private object? Function(FunctionOperand function, Command command, bool isPiped, object? piped)
    {
        try
        {
            if (function.Name is "and" or "or")
                return Taken(Logic(function, command, isPiped, piped), function.Fields, function.Line);
            var arguments = new List<object?>(command.Operands.Count);
            for (var i = 1; i < command.Operands.Count; i++) arguments.Add(Value(command.Operands[i]));
            if (isPiped) arguments.Add(piped);
            if (function is { Name: "scratch", Fields: [var method] }) return Scratch.Call(method, arguments);
            var result = Functions.Call(new FunctionCall(this, function.Name, arguments));
            if (result is string { Length: > MaxText }) throw TooLong(function.Line);
            return Taken(result, function.Fields, function.Line);
        }
        catch (TemplateFault fault) when (fault.Line == 0)
        {
            throw new TemplateFault(fault.Message, function.Line);
        }
    }

    // Only as many arguments are looked at as it takes.
    private object? Logic(FunctionOperand function, Command command, bool isPiped, object? piped)
    {
        if (command.Operands.Count == 1 && !isPiped)
            throw new TemplateFault($"{function.Name} needs a value", function.Line);
        object? value = null;
        for (var i = 1; i < command.Operands.Count; i++)
        {
            value = Value(command.Operands[i]);
            if (TemplateValue.Truth(value) == (function.Name == "or")) return value;
        }
        return isPiped ? piped : value;
    }

    private object? Value(Operand operand) => operand switch
    {
        ConstantOperand constant => Taken(constant.Value, constant.Fields, constant.Line),
        DotOperand dot => Taken(_dot, dot.Fields, dot.Line),
        VariableOperand variable => Taken(Variable(variable.Name), variable.Fields, variable.Line),
        InnerOperand inner => Taken(Inner(inner.Pipeline), inner.Fields, inner.Line),
        FunctionOperand function => Function(function, new Command(function.Line, [function]), false, null),
        _ => null,
    };

    private object? Inner(Pipeline pipeline)
    {
        var known = _variables.Count;
        var value = Value(pipeline);
        Forget(known);
        return value;
    }

    private object? Taken(object? value, IReadOnlyList<string> fields, int line)
    {
        foreach (var field in fields) value = Field(value, field, line);
        return value;
    }

    /// <summary>A field of a value, as <c>.Name</c> takes it.</summary>
    private object? Field(object? value, string name, int line)
    {
        switch (value)
        {
            case TemplateMap map:
                if (map.TryGetValue(name, out var found)) return found;
                return Context.FailsOnMissingKey
                    ? throw new TemplateFault($"the map has no key \"{name}\"", line)
                    : null;
            case TemplateObject thing:
                return thing.Fields.TryGetValue(name, out var member)
                    ? member
                    : throw new TemplateFault($"{thing.Name} has no field {name}", line);
            case null:
                throw new TemplateFault($"there is no value to take the field {name} of", line);
            default:
                throw new TemplateFault($"{TemplateValue.Kind(value)} has no field {name}", line);
        }
    }

    private object? Variable(string name)
    {
        for (var i = _variables.Count - 1; i >= 0; i--)
            if (_variables[i].Name == name) return _variables[i].Value;
        return null;
    }

    private void Assign(string name, object? value)
    {
        for (var i = _variables.Count - 1; i >= 0; i--)
        {
            if (_variables[i].Name != name) continue;
            _variables[i] = (name, value);
            return;
        }
    }

    private void Forget(int known) => _variables.RemoveRange(known, _variables.Count - known);

    private static TemplateFault TooLong(int line) => new($"a text is longer than {MaxText >> 20} MiB", line);

    private void Write(string text, int line)
    {
        if (_output.Length + text.Length > MaxText) throw TooLong(line);
        _output.Append(text);
    }
}
