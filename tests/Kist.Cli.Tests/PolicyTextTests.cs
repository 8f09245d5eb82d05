using CsCheck;

namespace Kist.Cli.Tests;

public sealed class PolicyTextTests
{
    private static readonly string[] Lines =
    [
        "path \"x\" {", "}", "capabilities=[\"read\",\"list\"]", "# c { \"", "", "  a = 1  ", "[", "]", "// \"",
        "\"k\"={", "deny  =  [ ]", "/* a", "*/ b = 2",
    ];

    [Fact]
    public void Indents_by_brackets_and_keeps_comments_and_strings()
    {
        Assert.Null(PolicyText.Format("""
            # first
              path   "a/{{x}}  b"{
            capabilities=["read",   "list"]   // why


              allowed_parameters = {
             "k" = [ "a=b", "#not a comment" ]
                    }
            /* long
            comment { */
            }
            """, out var formatted));
        Assert.Equal("""
            # first
            path "a/{{x}}  b" {
              capabilities = ["read", "list"] // why

              allowed_parameters = {
                "k" = ["a=b", "#not a comment"]
              }
              /* long
              comment { */
            }

            """, formatted);
    }

    [Theory]
    [InlineData("path \"a\" {", "a bracket is never closed")]
    [InlineData("}", "line 1: a bracket closes that was never opened")]
    [InlineData("path \"a {\n}", "line 1: a quote is never closed")]
    [InlineData("{\"path\": }", "line 1: this is not JSON")]
    public void Text_that_does_not_close_is_an_error_with_its_line(string text, string error) =>
        Assert.Equal(error, PolicyText.Format(text, out _)!.Message);

    [Fact]
    public void A_JSON_policy_is_indented()
    {
        Assert.Null(PolicyText.Format("""{"path":{"a":{"capabilities":["read"]}}}""", out var formatted));
        Assert.StartsWith("{\n  \"path\": {\n", formatted);
    }

    [Fact]
    public void Formatting_twice_changes_nothing_and_only_blanks_move() =>
        Gen.Int[0, Lines.Length - 1].Array[0, 20].Sample(static numbers =>
        {
            var text = string.Join('\n', numbers.Select(static n => Lines[n]));
            if (PolicyText.Format(text, out var once) is not null) return true;
            return PolicyText.Format(once, out var twice) is null && once == twice && Letters(text) == Letters(once);
        }, seed: "0000KCd2gD01", iter: 3000);

    private static string Letters(string text) => string.Concat(text.Where(static c => !char.IsWhiteSpace(c)));
}
