namespace Kist.Scan.Tests;

public sealed class ScannerTests
{
    [Fact]
    public void CleanContentHasNoFindings()
    {
        var findings = new List<Finding>();

        new Scanner(new ScanSettings()).Scan("int main() { return 0; }\n"u8, new PieceInfo { Path = "a.c" }, findings);

        Assert.Empty(findings);
    }
}
