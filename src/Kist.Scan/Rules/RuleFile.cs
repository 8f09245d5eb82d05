using System.Text;
using Kist.Scan.Matching;

namespace Kist.Scan.Rules;

/// <summary>A rule and how it finds.</summary>
/// <param name="Rule">What people see of it.</param>
/// <param name="Pattern">The shape it is found by.</param>
/// <param name="Near">The words near which <paramref name="Value"/> counts, lower case.</param>
/// <param name="Value">The shape of a value that says nothing by itself.</param>
/// <param name="Finder">The name of the code that finds it, where a pattern cannot.</param>
/// <param name="Check">The name of the checksum or decoding to verify.</param>
/// <param name="Matches">What it must find, as templates for made-up values.</param>
/// <param name="Refusals">What it must leave alone.</param>
internal sealed record RuleEntry(
    Rule Rule, Pattern? Pattern, string[] Near, Pattern? Value, string? Finder, string? Check, string[] Matches,
    string[] Refusals);

/// <summary>
/// Reads files of rules: stanzas of lines, each a word and the rest. <c>provider</c> begins a provider (with
/// <c>revoke</c>, where its keys are withdrawn), <c>rule</c> a rule: <c>what</c>, <c>severity</c>, <c>remedy</c>,
/// <c>pattern</c> or <c>near</c> with <c>value</c> or <c>finder</c>, <c>check</c>, and its own tests, <c>match</c> and
/// <c>refuse</c>.
/// </summary>
internal sealed class RuleFile
{
    private readonly List<RuleEntry> _rules = [];
    private readonly List<string> _matches = [];
    private readonly List<string> _refusals = [];
    private readonly string _file;
    private string _provider = "", _revoke = "";
    private string? _usual, _id, _what, _remedy, _finder, _check;
    private string[] _near = [];
    private Pattern? _pattern, _value;
    private Severity _severity;

    private RuleFile(string file) => _file = file;

    /// <summary>The rules of one file.</summary>
    /// <exception cref="FormatException">The file is wrong; the message names file and line.</exception>
    public static List<RuleEntry> Read(string file, ReadOnlySpan<byte> content)
    {
        var reader = new RuleFile(file);
        var text = Encoding.UTF8.GetString(content);
        var number = 0;
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            number++;
            if (line.IsWhiteSpace() || line[0] == '#') continue;
            try
            {
                reader.Line(line);
            }
            catch (FormatException wrong)
            {
                throw new FormatException($"{file}:{number}: {wrong.Message}", wrong);
            }
        }
        reader.Finish();
        return reader._rules;
    }

    private void Line(ReadOnlySpan<char> line)
    {
        var space = line.IndexOf(' ');
        if (space < 0) throw new FormatException($"nothing follows '{line}'");
        var rest = line[(space + 1)..].Trim();
        switch (line[..space])
        {
            case "provider": Finish(); (_provider, _usual) = (rest.ToString(), null); _revoke = _provider; break;
            case "revoke": _revoke = rest.ToString(); break;
            case "rule": Finish(); _id = rest.ToString(); break;
            case "what": _what = rest.ToString(); break;
            case "severity": _severity = SeverityOf(rest); break;
            case "remedy": _remedy = rest.ToString(); break;
            case "pattern": _pattern = PatternParser.Parse(rest); break;
            case "near": _near = rest.ToString().Split(' '); break;
            case "value": _value = PatternParser.Parse(rest); break;
            case "finder": _finder = rest.ToString(); break;
            case "check": _check = rest.ToString(); break;
            case "match": _matches.Add(rest.ToString()); break;
            case "refuse": _refusals.Add(rest.ToString()); break;
            default: throw new FormatException($"there is no '{line[..space]}' in rules");
        }
    }

    private void Finish()
    {
        if (_id is { } id)
        {
            if (_what is null) throw new FormatException($"{_file}: the rule {id} does not say what it finds");
            var rule = new Rule
            {
                Id = id, Provider = _provider, What = _what, Severity = _severity, Remedy = _remedy ?? Remedy(),
            };
            _rules.Add(new RuleEntry(
                rule, _pattern, _near, _value, _finder, _check, [.. _matches], [.. _refusals]));
        }
        (_id, _what, _remedy, _finder, _check, _pattern, _value) = (null, null, null, null, null, null, null);
        (_near, _severity) = ([], Severity.High);
        _matches.Clear();
        _refusals.Clear();
    }

    private static Severity SeverityOf(ReadOnlySpan<char> name) => name switch
    {
        "info" => Severity.Info,
        "low" => Severity.Low,
        "medium" => Severity.Medium,
        "high" => Severity.High,
        "critical" => Severity.Critical,
        _ => throw new FormatException($"there is no severity '{name}'"),
    };

    // One text for all rules of a provider.
    private string Remedy() => _usual
        ??= $"Revoke it at {_revoke}, issue a new one, and look there for use that was not yours.";
}
