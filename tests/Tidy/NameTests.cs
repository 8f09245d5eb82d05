using Xunit;

namespace Kist.Tidy.Tests;

public sealed class NameTests
{
    private static readonly TextFile s_project = new("src/Kist.X/Kist.X.csproj", "<Project />");

    [Fact]
    public void NamesSayWhatThingsAre() => Exceptions.Judge("empty-name", NameRules.EmptyNames(Code.All));

    [Fact]
    public void NamespacesAreFolders() => Exceptions.Judge(
        "wrong-namespace", NameRules.WrongNamespaces(Code.All, [.. Repository.Select("", ".csproj")]));

    [Theory]
    [InlineData("src/A.cs", "class Base62;", 0)]
    [InlineData("src/A.cs", "class Utilisation;", 0)]
    [InlineData("src/A.cs", "class Helpless;", 0)]
    [InlineData("src/A.cs", "class PathHelper;", 1)]
    [InlineData("src/A.cs", "static class StringUtils;", 1)]
    [InlineData("src/A.cs", "record MountManager;", 1)]
    [InlineData("src/A.cs", "class EngineBase;", 1)]
    [InlineData("src/A.cs", "abstract class BaseEngine;", 1)]
    [InlineData("src/Helpers/A.cs", "class A;", 1)]
    public void EmptyNamesAreFound(string path, string text, int found) =>
        Assert.Equal(found, NameRules.EmptyNames(new Code([new TextFile(path, text)])).Count());

    [Theory]
    [InlineData("src/Kist.X/A.cs", "namespace Kist.X; class A;", 0)]
    [InlineData("src/Kist.X/B/C/A.cs", "namespace Kist.X.B.C; class A;", 0)]
    [InlineData("src/Kist.X/Program.cs", "return 0;", 0)]
    [InlineData("src/Kist.X/B/A.cs", "namespace Kist.X; class A;", 1)]
    [InlineData("src/Kist.X/A.cs", "namespace Kist.X { class A; }", 1)]
    [InlineData("src/Kist.X/A.cs", "class A;", 1)]
    public void WrongNamespacesAreFound(string path, string text, int found) =>
        Assert.Equal(found, NameRules.WrongNamespaces(new Code([new TextFile(path, text)]), [s_project]).Count());
}
