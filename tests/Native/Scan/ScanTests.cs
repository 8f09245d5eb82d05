using System.Text.Json;
using Xunit;

namespace Kist.Native.Tests.Scan;

public sealed class ScanTests : IDisposable
{
    private readonly GitShell _shell = new();

    public void Dispose() => _shell.Dispose();

    [Theory]
    [InlineData("echo fine > a; kist scan", 0)]
    [InlineData("echo \"token = '$TOKEN'\" > a; kist scan", 1)]
    [InlineData("echo \"token = '$TOKEN'\" > a; kist scan --exit-code 9", 9)]
    [InlineData("echo \"token = '$TOKEN'\" > a; kist scan --report-format json --report-path r.json --redact=50", 1)]
    [InlineData("kist scan", 2)]
    [InlineData("kist scan missing", 2)]
    [InlineData("printf '' | kist scan -", 2)]
    [InlineData("echo fine | kist scan -", 0)]
    [InlineData("echo \"token = '$TOKEN'\" | kist scan --stdin", 1)]
    [InlineData("echo fine > a; seq 100000 > s; tar czf t s; head -c 20000 t > b.tgz; rm s t; kist scan", 2)]
    [InlineData("echo fine > a; kist scan --no-such-flag", 2)]
    [InlineData("echo fine > a; kist scan -f xml", 2)]
    [InlineData("echo fine > a; kist scan --staged --history", 2)]
    [InlineData("echo 'x = [' > .kist-x; mkdir .kist; echo 'x = [' > .kist/scan.toml; kist scan", 2)]
    [InlineData("cd ..; kist scan --history .", 2)]
    [InlineData("kist scan --staged", 2)]
    [InlineData("echo fine > a; git add a; kist scan --staged", 0)]
    [InlineData("echo \"token = '$TOKEN'\" > a; git add a; kist scan protect --staged", 1)]
    [InlineData("echo \"token = '$TOKEN'\" > a; git add a; git commit -qm a; kist scan detect", 1)]
    [InlineData("echo \"token = '$TOKEN'\" > a; git add a; git commit -qm a; kist scan --range HEAD~1..HEAD", 2)]
    public void The_exit_code_says_what_happened(string script, int code)
    {
        var (actual, output) = _shell.Try(script);

        Assert.True(code == actual, $"{actual}\n{output}");
        Assert.DoesNotContain(GitShell.Token, output);
    }

    [Fact]
    public void Reports_go_where_they_are_asked_to()
    {
        _shell.Run("echo \"token = '$TOKEN'\" > a.py");
        foreach (var format in (string[])["json", "sarif", "gitlab"])
        {
            _shell.Try($"kist scan -f {format} > ../one.json 2> ../summary; kist scan -f {format} -o ../two.json");
            using var one = JsonDocument.Parse(File.ReadAllText(Path.Combine(_shell.Folder, "../one.json")));
            using var two = JsonDocument.Parse(File.ReadAllText(Path.Combine(_shell.Folder, "../two.json")));
            Assert.Equal(one.RootElement.ValueKind, two.RootElement.ValueKind);
            Assert.Contains("1 secret found", File.ReadAllText(Path.Combine(_shell.Folder, "../summary")));
        }
    }

    [Fact]
    public void A_fix_moves_values_into_an_encrypted_file()
    {
        _shell.Run("""
            kist age keygen -o ../key.txt 2> ../said; recipient=$(kist age keygen -y ../key.txt)
            echo OLD=kept > plain.env
            kist file encrypt --age $recipient --output store.enc.env plain.env; rm plain.env
            grep ^OLD store.enc.env > ../before
            echo "github_token = '$TOKEN'" > a.py
            """);
        var fixing = _shell.Run("export SOPS_AGE_KEY_FILE=$PWD/../key.txt; kist scan --fix --to store.enc.env");
        var seen = _shell.Run("""
            export SOPS_AGE_KEY_FILE=$PWD/../key.txt
            kist file exec-env store.enc.env -- sh -c 'echo "$GITHUB_TOKEN $OLD"'
            """);

        Assert.Equal($"{GitShell.Token} kept\n", seen);
        Assert.Contains("kist file exec-env store.enc.env", fixing);
        Assert.DoesNotContain(GitShell.Token, _shell.Run("cat a.py store.enc.env"));
        _shell.Run("grep ^OLD store.enc.env | cmp - ../before");
        Assert.Equal(2, _shell.Try("kist scan --fix --to no-such-file").Code);
    }

    [Fact]
    public void A_baseline_keeps_old_findings_quiet_and_new_ones_loud()
    {
        _shell.Run("echo \"token = '$TOKEN'\" > a.py && kist scan --write-baseline");
        _shell.Run("kist scan && cat .kist/.gitattributes");
        _shell.Run("sed -i 1i# a.py && kist scan");

        Assert.Equal(1, _shell.Try("cp a.py b.py; kist scan").Code);
        _shell.Run("kist scan --baseline-path .kist/scan.baseline a.py");
    }

    [Fact]
    public void Fixing_moves_the_value_and_leaves_a_reference()
    {
        _shell.Run("echo import sys > a.py; echo \"token = '$TOKEN'\" >> a.py && echo \"const t = '$TOKEN';\" > b.js");
        var output = _shell.Run("kist scan --fix");

        Assert.Equal("import os\nimport sys\ntoken = os.environ[\"TOKEN\"]\n",
            File.ReadAllText(Path.Combine(_shell.Folder, "a.py")));
        Assert.Contains("process.env.", File.ReadAllText(Path.Combine(_shell.Folder, "b.js")));
        Assert.Contains(GitShell.Token, File.ReadAllText(Path.Combine(_shell.Folder, ".env")));
        Assert.DoesNotContain(GitShell.Token, output);
        _shell.Run("git check-ignore -q .env && kist scan");
    }

    [Fact]
    public void The_doctor_names_each_thing_with_its_command()
    {
        _shell.Run("""
            echo "DB_PASSWORD=hunter22hunter" > .env && cp .env .env.prod && git add -f .env && git commit -qm env
            echo "ENV GH=$TOKEN" > Dockerfile
            mkdir -p .github/workflows; echo "token: $TOKEN" > .github/workflows/ci.yml
            """);
        var (code, output) = _shell.Try("kist doctor --json");

        Assert.Equal(1, code);
        using var json = JsonDocument.Parse(output);
        Assert.Equal(0, json.RootElement.GetProperty("step").GetInt32());
        var bad = json.RootElement.GetProperty("checks").EnumerateArray()
            .Where(check => !check.GetProperty("ok").GetBoolean()).ToList();
        Assert.Equal(["env-committed", "env-not-ignored", "env-shared", "hook", "image-values", "pipeline-values"],
            bad.Select(check => check.GetProperty("id").GetString()).Order(StringComparer.Ordinal));
        Assert.All(bad, check => Assert.NotEmpty(check.GetProperty("fix").GetString()!));
        Assert.DoesNotContain("hunter22", output);
    }
}
