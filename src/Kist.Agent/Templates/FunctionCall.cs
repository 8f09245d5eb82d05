using System.Globalization;

namespace Kist.Agent.Templates;

/// <summary>A call of a function with its arguments, the piped one last. Readers name what does not fit.</summary>
internal sealed class FunctionCall(TemplateRun run, string name, IReadOnlyList<object?> arguments)
{
    /// <summary>The rendering.</summary>
    public TemplateRun Run { get; } = run;

    /// <summary>The function.</summary>
    public string Name { get; } = name;

    /// <summary>All arguments.</summary>
    public IReadOnlyList<object?> Arguments { get; } = arguments;

    /// <summary>How many there are.</summary>
    public int Count => Arguments.Count;

    /// <summary>Any value.</summary>
    public object? this[int i] => Arguments[i];

    /// <summary>Refuses another number of arguments.</summary>
    public FunctionCall Takes(int least, int most = -1)
    {
        if (most < 0) most = least;
        if (Count >= least && Count <= most) return this;
        var wanted = least == most ? $"{least}" : most == int.MaxValue ? $"{least} or more" : $"{least} to {most}";
        throw new TemplateFault($"{Name} takes {wanted} arguments, not {Count}");
    }

    /// <summary>A string; numbers of answers count as such.</summary>
    public string Text(int i) => Arguments[i] switch
    {
        string text => text,
        JsonNumber number => number.Text,
        var other => throw Wrong(i, other, "a string"),
    };

    /// <summary>A whole number.</summary>
    public long Whole(int i) => Arguments[i] switch
    {
        long number => number,
        double number when number == Math.Floor(number) && Math.Abs(number) < 1e15 => (long)number,
        JsonNumber number when long.TryParse(number.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture,
            out var whole) => whole,
        var other => throw Wrong(i, other, "a whole number"),
    };

    /// <summary>A list; nil is an empty one.</summary>
    public IReadOnlyList<object?> List(int i) => Arguments[i] switch
    {
        IReadOnlyList<object?> list => list,
        null => [],
        var other => throw Wrong(i, other, "a list"),
    };

    /// <summary>A map; nil is an empty one.</summary>
    public TemplateMap Map(int i) => Arguments[i] switch
    {
        TemplateMap map => map,
        null => [],
        var other => throw Wrong(i, other, "a map"),
    };

    private TemplateFault Wrong(int i, object? value, string wanted) =>
        new($"{Name}: argument {i + 1} must be {wanted}, not {TemplateValue.Kind(value)}");
}
