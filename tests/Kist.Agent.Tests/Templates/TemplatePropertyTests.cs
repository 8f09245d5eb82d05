using CsCheck;
using Kist.Fuzz;

namespace Kist.Agent.Tests.Templates;

/// <summary>Whatever a template says, reading and rendering it end with a text or a fault.</summary>
public sealed class TemplatePropertyTests
{
    private static readonly Gen<string> s_word = One(
        "{{", "}}", "{{-", "-}}", " ", "if", "else", "end", "range", "with", "define", "template", "block", "break",
        "$x", ":=", "=", ",", "(", ")", "|", ".", ".Data", ".x", "\"a\"", "`b`", "'c'", "1", "-2.5", "0x", "secret",
        "len",
        "index", "printf", "indent", "toJSON", "parseJSON", "parseYAML", "split", "and", "or", "eq", "loop", "nil",
        "true", "/*", "*/", "\n", "text", "scratch.Set", "regexMatch", "executeTemplate", "add", "slice", "sprig_dict");

    [Fact]
    public void Any_mixture_of_words_is_read() =>
        s_word.Array[1, 30].Sample(words => Feed("agent-template", string.Join(' ', words)), iter: 20_000);

    [Fact]
    public void Any_action_is_read() =>
        s_word.Array[1, 8].Sample(
            words => Feed("agent-template", "{{ " + string.Join(' ', words) + " }}"), iter: 20_000);

    [Fact]
    public void Any_yaml_is_read() =>
        One("a", ":", "-", " ", "\n", "[", "]", "{", "}", "\"", "'", "&", "*", "|", ">", "!", "#", "1", "~", ",")
            .Array[1, 20].Sample(parts => Feed("agent-yaml", string.Concat(parts)), iter: 5_000);

    private static Gen<string> One(params string[] words) => Gen.Int[0, words.Length - 1].Select(i => words[i]);

    private static void Feed(string target, string text) =>
        Targets.All[target](System.Text.Encoding.UTF8.GetBytes(text));
}
