using Xunit;

namespace Kist.Tidy.Tests;

public sealed class TextTests
{
    [Fact]
    public void NothingIsMarkedAsUnfinished() => Exceptions.Judge("unfinished", TextRules.Unfinished(Repository.Files));

    [Fact]
    public void EveryTestRunsAndCanFail() => Exceptions.Judge("hollow-test", TextRules.Hollow(CSharp("tests/")));

    [Fact]
    public void NothingNamesADevelopersMachine() =>
        Exceptions.Judge("machine-name", TextRules.MachineNames(Repository.Files));

    [Fact]
    public void WarningsAreNotTurnedOff() => Exceptions.Judge("silenced-warning", TextRules.Silenced(
        [.. CSharp("src/"), .. new[] { ".csproj", ".props", ".targets" }.SelectMany(e => Repository.Select("", e))]));

    [Theory]
    [InlineData("// TO" + "DO: later", 1)]
    [InlineData("throw new NotImplemented" + "Exception();", 1)]
    [InlineData("var todo = 1; // a mastodont", 0)]
    public void UnfinishedMarksAreFound(string text, int found) =>
        Assert.Equal(found, TextRules.Unfinished(File(text)).Count());

    [Theory]
    [InlineData("[Fact(Skip " + "= \"why\")]", 1)]
    [InlineData("[Fact(SkipUnless " + "= nameof(X))]", 1)]
    [InlineData("try { F(); } catch (IOException) " + "{ }", 1)]
    [InlineData("items.Skip(1); var Skip" + "ped = 2; catch (IOException) { return; }", 0)]
    public void HollowTestsAreFound(string text, int found) =>
        Assert.Equal(found, TextRules.Hollow(File(text)).Count());

    [Theory]
    [InlineData("cd /wo" + "rk/main", 1)]
    [InlineData("\"/home" + "/jo/kist\"", 1)]
    [InlineData("sys/generate-root/attempt pki/root/x /v1/pki/root/generate ./work/x", 0)]
    public void MachineNamesAreFound(string text, int found) =>
        Assert.Equal(found, TextRules.MachineNames(File(text)).Count());

    private static IEnumerable<TextFile> CSharp(string folder) => Repository.Select(folder, ".cs");

    private static TextFile[] File(string text) => [new("a.cs", text)];
}
