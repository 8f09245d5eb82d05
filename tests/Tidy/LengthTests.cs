using Xunit;

namespace Kist.Tidy.Tests;

public sealed class LengthTests
{
    [Fact]
    public void FunctionsFitAScreen() => Exceptions.Judge("long-function", LengthRules.LongFunctions(Code.All));

    [Fact]
    public void FilesStayShort() => Exceptions.Judge("long-file", LengthRules.LongFiles(Written()));

    [Fact]
    public void LinesStayNarrow() => Exceptions.Judge("long-line", LengthRules.LongLines(Written()));

    [Theory]
    [InlineData(70, 0)]
    [InlineData(71, 1)]
    public void AFunctionJustOverTheLimitIsFound(int lines, int found)
    {
        var body = string.Concat(Enumerable.Repeat("        F();\n", lines - 3));
        var text = $"class C\n{{\n    /// <summary>\n    /// </summary>\n    [A]\n    void F()\n{{\n{body}}}\n}}\n";

        var violations = LengthRules.LongFunctions(new Code([new TextFile("C.cs", text)])).ToList();

        Assert.Equal(found, violations.Count);
        Assert.All(violations, v => Assert.Equal(("C.cs:C.F", lines), (v.Where, v.Size)));
    }

    [Theory]
    [InlineData(600, 0)]
    [InlineData(601, 1)]
    public void AFileJustOverTheLimitIsFound(int lines, int found) =>
        Assert.Equal(found, LengthRules.LongFiles([new TextFile("C.cs", new string('\n', lines))]).Count());

    [Theory]
    [InlineData(120, 0)]
    [InlineData(121, 1)]
    public void ALineJustOverTheLimitIsFound(int columns, int found) =>
        Assert.Equal(found, LengthRules.LongLines([new TextFile("C.cs", new string('ü', columns) + "\n")]).Count());

    private static IEnumerable<TextFile> Written() =>
        new[] { ".cs", ".csproj", ".props", ".targets", ".sh", ".ci/run" }.SelectMany(e => Repository.Select("", e));
}
