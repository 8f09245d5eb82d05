using Kist.Scan.Ignores;

namespace Kist.Scan.Tests.Ignores;

public sealed class GlobTests
{
    [Theory]
    [InlineData("*.py", "a/b/c.py", true)]
    [InlineData("*.py", "a/b/c.pyc", false)]
    [InlineData("tests/**", "tests/a/b", true)]
    [InlineData("tests/**", "src/tests/a", false)]
    [InlineData("tests", "src/tests/a", true)]
    [InlineData("/tests", "src/tests/a", false)]
    [InlineData("src/tests", "src/tests/a", true)]
    [InlineData("**/fixtures/*.json", "a/b/fixtures/c.json", true)]
    [InlineData("**/fixtures/*.json", "fixtures/c.json", true)]
    [InlineData("**/fixtures/*.json", "fixtures/d/c.json", false)]
    [InlineData("a/**/z", "a/z", true)]
    [InlineData("a/**/z", "a/b/c/z", true)]
    [InlineData("a/*/z", "a/b/c/z", false)]
    [InlineData("?.txt", "a.txt", true)]
    [InlineData("?.txt", "ab.txt", false)]
    [InlineData("", "a", false)]
    [InlineData("/", "a", false)]
    public void A_pattern_matches_as_git_has_it(string pattern, string path, bool matches) =>
        Assert.Equal(matches, Glob.Matches(pattern, path));

    [Fact]
    public void No_pattern_takes_long()
    {
        var pattern = string.Concat(Enumerable.Repeat("**/*a*", 30)) + "b";

        Assert.False(Glob.Matches(pattern, new string('a', 2000)));
    }
}
