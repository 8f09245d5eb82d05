using System.Text;
using Kist.Scan.Fixes;
using Kist.Scan.Tests.Sources;

namespace Kist.Scan.Tests.Fixes;

public sealed class ReplacementTests
{
    private static string? Fixed(string path, string text, out string reason)
    {
        var content = Encoding.UTF8.GetBytes(text.Replace("SECRET", Sample.Token()));
        var findings = new List<Finding>();
        new Scanner(new ScanSettings()).Scan(content, new PieceInfo { Path = path }, findings);
        var finding = Assert.Single(findings);
        var planned = Replacement.Plan(content, finding, path, out reason);
        if (planned is null) return null;
        return Encoding.UTF8.GetString(content.AsSpan(0, planned.Start))
            + planned.Form.Replace("NAME", planned.Name)
            + Encoding.UTF8.GetString(content.AsSpan(planned.Start + planned.Length));
    }

    [Theory]
    [InlineData("a.py", "api_token = \"SECRET\"", "api_token = os.environ[\"API_TOKEN\"]")]
    [InlineData("a.py", "    githubToken='SECRET'  # x", "    githubToken=os.environ[\"GITHUB_TOKEN\"]  # x")]
    [InlineData("a.js", "const o = { token: 'SECRET' };", "const o = { token: process.env.TOKEN };")]
    [InlineData("a.ts", "const githubToken: string = `SECRET`;",
        "const githubToken: string = process.env.GITHUB_TOKEN;")]
    [InlineData("a.go", "token := \"SECRET\"", "token := os.Getenv(\"TOKEN\")")]
    [InlineData("a.rb", "token = 'SECRET'", "token = ENV.fetch(\"TOKEN\")")]
    [InlineData("A.java", "String token = \"SECRET\";", "String token = System.getenv(\"TOKEN\");")]
    [InlineData("a.sh", "export GH_TOKEN=SECRET", "export GH_TOKEN=${GH_TOKEN}")]
    [InlineData("a.sh", "GH_TOKEN='SECRET'", "GH_TOKEN=\"${GH_TOKEN}\"")]
    [InlineData("a.yml", "  gh_token: SECRET", "  gh_token: ${GH_TOKEN}")]
    [InlineData("a.json", "{\"gh-token\": \"SECRET\"}", "{\"gh-token\": \"${GH_TOKEN}\"}")]
    [InlineData("a.py", "url = \"https://bot:SECRET@github.com/x\"", "url = os.environ[\"URL\"]")]
    public void A_reference_takes_the_secrets_place(string path, string text, string expected) =>
        Assert.Equal(expected, Fixed(path, text, out _));

    [Theory]
    [InlineData("Dockerfile", "ENV GH_TOKEN=\"SECRET\"")]
    [InlineData("a.unknown", "token = \"SECRET\"")]
    [InlineData("a.zip!b.py", "token = \"SECRET\"")]
    [InlineData("main.tf", "token = \"SECRET\"")]
    public void Where_people_must_decide_the_reason_is_given(string path, string text)
    {
        Assert.Null(Fixed(path, text, out var reason));
        Assert.NotEmpty(reason);
    }

    [Fact]
    public void A_file_that_changed_since_is_left_alone()
    {
        var findings = new List<Finding>();
        var content = Encoding.UTF8.GetBytes(Sample.Line());
        new Scanner(new ScanSettings()).Scan(content, new PieceInfo { Path = "a.py" }, findings);
        content[findings[0].Offset] ^= 1;

        Assert.Null(Replacement.Plan(content, findings[0], "a.py", out var reason));
        Assert.Contains("changed", reason);
    }

    [Theory]
    [InlineData("password = '", "PASSWORD")]
    [InlineData("  \"dbPassword\": \"", "DB_PASSWORD")]
    [InlineData("client.auth('", "RULE_ID")]
    [InlineData("DATABASE_URL=postgres://user:", "DATABASE_URL")]
    [InlineData("spring.datasource.password=", "SPRING_DATASOURCE_PASSWORD")]
    public void The_name_is_the_lines_own(string before, string name) =>
        Assert.Equal(name, Replacement.NameOf(Encoding.UTF8.GetBytes(before), "rule-id"));
}
