using System.Text;

namespace Kist.Scan.Tests;

public sealed class ScannerTests
{
    private static readonly Scanner s_scanner = new(new ScanSettings());
    private readonly Random _random = new(7);

    [Fact]
    public void CleanContentHasNoFindings() => Assert.Empty(Scan("int main() { return 0; }\n"));

    [Fact]
    public void AFindingSaysWhereItIs()
    {
        var token = Make("ghp_{b62*36}");

        var finding = Assert.Single(Scan($"one\r\ntwo\r\n  token: \"{token}\" # three\r\n"));

        Assert.Equal((3, 3, 11, 50), (finding.StartLine, finding.EndLine, finding.StartColumn, finding.EndColumn));
        Assert.Equal(token, Encoding.ASCII.GetString(finding.Secret.Span));
        Assert.Equal("  token: \"ghp_****\" # three", finding.MaskedLine);
        Assert.DoesNotContain(token[8..], finding.MaskedLine + finding.Masked + finding.Why + finding,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ghp_{b62*16}XxXX{b62*16}", true)]
    [InlineData("ghp_{b62*16}xxxx{b62*16}", true)]
    [InlineData("ghp_{b62*16}xxxxxxxx{b62*12}", false)]
    [InlineData("ghp_XXXXXXXXXXXX{b62*24}", false)]
    public void ATokenWithAFewOfTheLetterXIsNoPlaceholder(string template, bool isFound) =>
        Assert.Equal(isFound, Scan($"key={Make(template)}\n").Count > 0);

    [Fact]
    public void APieceOfALongContentCountsOnFromWhereItBegins()
    {
        var info = new PieceInfo { Path = "a.log", FirstLine = 100, FirstColumn = 5000 };
        var findings = new List<Finding>();

        s_scanner.Scan(Bytes($"x={Make("glpat-{b62*20}")}\ny={Make("glpat-{b62*20}")}\n"), info, findings);

        Assert.Equal([(100, 5002), (101, 3)], findings.Select(f => (f.StartLine, f.StartColumn)));
    }

    [Theory]
    [InlineData("utf-16LE", true)]
    [InlineData("utf-16BE", true)]
    [InlineData("utf-16LE", false)]
    [InlineData("utf-16BE", false)]
    public void Utf16IsRead(string name, bool hasMark)
    {
        var encoding = Encoding.GetEncoding(name);
        var token = Make("ghp_{b62*36}");
        byte[] content = [.. hasMark ? encoding.GetPreamble() : [],
            .. encoding.GetBytes($"Größe = 1\ntoken = {token}\n")];
        var findings = new List<Finding>();

        s_scanner.Scan(content, new PieceInfo { Path = "a.txt" }, findings);

        var finding = Assert.Single(findings);
        Assert.Equal(2, finding.StartLine);
        Assert.Equal(token, encoding.GetString(content, finding.Offset, finding.Length));
    }

    [Fact]
    public void BinaryContentYieldsNothing() => Assert.Empty(Scan($"\0\u0001\0\0 {Make("ghp_{b62*36}")}"));

    [Theory]
    [InlineData("kist:allow")]
    [InlineData("gitleaks:allow")]
    public void ACommentAllowsItsLineAlone(string comment)
    {
        var text = $"a = \"{Make("ghp_{b62*36}")}\" # {comment}\nb = \"{Make("ghp_{b62*36}")}\"\n";

        Assert.Equal([2], Scan(text).Select(f => f.StartLine));
    }

    [Fact]
    public void AWrongChecksumLowersTheSeverityAndHidesNothing()
    {
        var finding = Assert.Single(Scan($"a = \"{Make("ghp_{b62*30}")}000000\"\n"));

        Assert.Equal(Severity.Low, finding.Severity);
        Assert.Contains("checksum is wrong", finding.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void AnEnormousLineIsNoProblem()
    {
        var noise = string.Concat(Enumerable.Repeat("password:token=key://a@b:c\"", 40_000));

        Assert.Contains(Scan(noise + Make(" ghp_{b62*36} ") + noise), f => f.Rule.Id == "github-pat");
    }

    [Theory]
    [InlineData("DB_PASSWORD=${DB_PASSWORD:?required}", "")]
    [InlineData("password: {{ .Values.password }}", "")]
    [InlineData("api_key = os.environ[\"API_KEY\"]", "")]
    [InlineData("secret_key = \"replace-me-with-a-random-string\"", "")]
    [InlineData("api_token = \"0123456789abcdef0123456789abcdef\"", "counts up")]
    [InlineData("token_address = \"0x44a8c45367a496dc537b5e90c87811def40de0a4\"", "")]
    [InlineData("password = \"changeme\"", "placeholder")]
    [InlineData("accessToken: string; clientSecret: SecretString", "")]
    [InlineData("secret = \"com.corp.security.TokenFactory\"", "dots")]
    public void WhatIsNoneStaysQuietAndIsExplained(string line, string reason)
    {
        Assert.Empty(Scan(line + "\n"));
        var judged = s_scanner.Explain(Bytes(line + "\n"), new PieceInfo { Path = "app.env" });
        Assert.All(judged, j => Assert.False(j.IsFinding));
        if (reason.Length > 0) Assert.Contains(judged, j => j.Why.Contains(reason, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("check.log", "PASS: gas/{hex*4}/iamcu-{hex*3}9")]
    [InlineData("notes.txt", "signing_key = {HEX*40}")]
    [InlineData("list.txt", "passwd\t1:4.13+dfsg1-1+deb12u1")]
    [InlineData("ChangeLog", "cloudflare: undo {hex*40}")]
    [InlineData("notes.txt", "Sort cloudflare domains\n\ncommit {hex*40}")]
    [InlineData("README.md", "circleci.com/gh/a/b.svg?style=svg&circle-token={hex*40}")]
    [InlineData("man/man5/netrc.5", "machine debian.invalid login apt password {b62*12}")]
    [InlineData("notes.txt", "the machine to login on with a password for {b62*12}")]
    [InlineData("list.txt", "intercom odoo14-addon-product-supplierinfo-intercompany-multi-company")]
    [InlineData("complete.fish", "mysql -u x -p $_flag_password")]
    [InlineData("gnutls.pp", "function sign(issuer_key:Tgnutls_x509_privkey_t):longint;")]
    [InlineData("help.sql", "export DB_TOKEN=\"eyJ{b62*20}...\"")]
    [InlineData("list.tsv", "alibabacloud-privatelink{digit*8}-py2 3.0.0")]
    [InlineData("help.pas", "reg_key = 'CLSID\\{{uuid}}\\InprocServer32'")]
    public void WhatCleanTreesAreFullOfStaysQuiet(string path, string template)
    {
        var findings = new List<Finding>();
        s_scanner.Scan(Encoding.UTF8.GetBytes(Make(template) + "\n"), new PieceInfo { Path = path }, findings);

        Assert.DoesNotContain(findings, f => f.Confidence >= Confidence.Medium);
    }

    [Fact]
    public void AnEntryOfNetrcIsReadInAnyOrder()
    {
        var found = Scan($"machine a.corp\n  password {Make("{b62*12}")}\n  login me\nmachine b.corp login you\n");

        Assert.Contains(found, f => f is { Rule.Id: "netrc", StartLine: 2 });
    }

    [Theory]
    [InlineData("DB_PASSWORD = \"{b62*7}!{b62*5}#{b62*4}\"")]
    [InlineData("internal_api_key: {b36*40}")]
    [InlineData("<add key=\"SigningSecret\" value=\"{b64*43}=\" />")]
    [InlineData("System.setProperty(\"GITHUB_TOKEN\", \"{b62*32}\")")]
    [InlineData("var acmeToken string = \"{b62*32}\"")]
    [InlineData("{\"config.ini\": \"ACME_TOKEN={b36*32}\\nBACKUP=true\"}")]
    [InlineData("<acmeToken>\n    {b62*32}\n</acmeToken>")]
    [InlineData("acme_TOKEN :::= \"{b36*32}\"")]
    [InlineData("  \"acmeToken\" => \"{hex*40}\"")]
    [InlineData("- name: ACME_TOKEN\n  value: {b62*32}")]
    [InlineData("variable \"corp_api_token\" {\n  default = \"{b62*42}\"\n}")]
    [InlineData("postgres://svc:{b62*18}@db.internal.corp:5432/app")]
    [InlineData("jdbc:postgresql://db.corp.internal/app?user=svc&password={b62*19}")]
    [InlineData("Server=tcp:sql01,1433;Database=crm;User ID=sa;Password={b62*10}!{b62*6};Encrypt=True")]
    [InlineData("curl -u deploy:{b62*16} https://corp.internal/x")]
    [InlineData("Authorization: Bearer {b64u*48}")]
    [InlineData("machine api.corp.internal login svc password {b62*20}")]
    [InlineData("mysqldump -uroot -p{b62*14} shop")]
    public void AValueWithAContextIsFound(string template)
    {
        for (var i = 0; i < 20; i++)
        {
            var text = Make(template);
            Assert.True(Scan(text + "\n").Count > 0, text);
        }
    }

    private List<Finding> Scan(string text)
    {
        var findings = new List<Finding>();
        s_scanner.Scan(Bytes(text), new PieceInfo { Path = "app.txt" }, findings);
        return findings;
    }

    private string Make(string template) => Samples.Make(template, _random);

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
