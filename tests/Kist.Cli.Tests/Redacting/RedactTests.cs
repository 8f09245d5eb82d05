using System.Text;

namespace Kist.Cli.Tests.Redacting;

/// <summary>`kist redact` as a pipe.</summary>
public sealed class RedactTests
{
    private const string Known = "correct-horse-9";

    [Fact]
    public async Task What_the_scanner_recognises_is_masked_and_the_rest_passes_byte_for_byte()
    {
        using var kist = new KistRun();
        var token = Token();
        var ran = await kist.WithInputAsync($"before\nexport GITHUB_TOKEN={token} # mine\n\tlast line, no end",
            "redact");
        Assert.Equal("before\nexport GITHUB_TOKEN=[REDACTED] # mine\n\tlast line, no end", ran.Output);
        Assert.Equal((0, ""), (ran.ExitCode, ran.Error));
    }

    [Fact]
    public async Task A_comment_that_allows_a_finding_lets_nothing_through()
    {
        using var kist = new KistRun();
        var ran = await kist.WithInputAsync($"token {Token()} # kist:allow\n", "redact");
        Assert.Equal("token [REDACTED] # kist:allow\n", ran.Output);
    }

    [Fact]
    public async Task A_private_key_is_masked_whole_and_what_follows_is_not()
    {
        using var kist = new KistRun();
        using var key = System.Security.Cryptography.RSA.Create(2048);
        var ran = await kist.WithInputAsync($"begin\n{key.ExportPkcs8PrivateKeyPem()}\nend\n", "redact");
        Assert.StartsWith("begin\n", ran.Output);
        Assert.EndsWith("\nend\n", ran.Output);
        Assert.DoesNotContain(key.ExportPkcs8PrivateKeyPem().Split('\n')[3], ran.Output);
        Assert.Contains("[REDACTED]", ran.Output);
    }

    [Fact]
    public async Task Values_of_secrets_files_and_lists_are_masked_in_every_form()
    {
        using var server = FakeServer.WithSecret(
            $$"""{"password":"{{Known}}","port":5432,"on":true,"other":"by-reference"}""");
        using var kist = new KistRun(server.Address);
        await File.WriteAllTextAsync(
            Path.Combine(kist.Home, ".env"), "A='from dotenv'\nPORT=8080\nB=kist://prod/database#other\n");
        await File.WriteAllTextAsync(Path.Combine(kist.Home, "s.yaml"), "a:\n  b: [from-yaml, 17]\n");
        await File.WriteAllTextAsync(Path.Combine(kist.Home, "list"), "from-list\r\nshort\nabc\n");
        Assert.Equal("x [REDACTED]\n", (await kist.WithInputAsync(
            "x by-reference\n", "redact", "--no-scan", "--from", "kist://prod/database#other")).Output);
        var encoded = Convert.ToBase64String(Encoding.UTF8.GetBytes(Known));
        var ran = await kist.WithInputAsync(
            $"1 {Known}\n2 {encoded}\n3 from dotenv\n4 from-yaml\n5 from-list\n"
            + "6 5432 8080 true abc 17\n7 by-reference\n",
            "redact", "--no-scan", "--from", "prod/database", "--file", ".env", "--file", "s.yaml", "--values", "list");
        Assert.Equal("", ran.Error);
        Assert.Equal("1 [REDACTED]\n2 [REDACTED]\n3 [REDACTED]\n4 [REDACTED]\n5 [REDACTED]\n"
            + "6 5432 8080 true abc 17\n7 [REDACTED]\n", ran.Output);
    }

    [Fact]
    public async Task A_known_value_that_overlaps_a_recognised_one_leaves_nothing_of_either()
    {
        using var kist = new KistRun();
        var token = Token();
        await File.WriteAllTextAsync(
            Path.Combine(kist.Home, "list"), "prefix=" + token[..8] + "\n" + token[^8..] + "&rest");
        var ran = await kist.WithInputAsync($"a prefix={token}&rest b\n", "redact", "--values", "list");
        Assert.Equal("a [REDACTED] b\n", ran.Output);
    }

    [Fact]
    public async Task A_line_comes_out_when_it_is_complete_and_not_before_the_next_one()
    {
        using var kist = new KistRun();
        using var process = kist.Start(KistRun.Binary, ["redact"]);
        for (var i = 0; i < 3; i++)
        {
            await process.StandardInput.WriteAsync($"line {i} {Token()} \n");
            await process.StandardInput.FlushAsync();
            Assert.Equal($"line {i} [REDACTED] ", await process.StandardOutput.ReadLineAsync());
        }
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
    }

    [Theory]
    [InlineData(3_000_000, 80)]
    [InlineData(3_000_000, 4_000_000)] // one line
    [InlineData(700_000, 7)]
    public async Task Of_much_input_every_secret_is_masked_and_nothing_is_lost_or_out_of_order(int size, int line)
    {
        using var kist = new KistRun();
        var (input, expected) = (new StringBuilder(), new StringBuilder());
        for (var i = 0; input.Length < size; i++)
        {
            var end = i % line == line - 1 ? "\n" : " ";
            if (i % 997 == 0)
            {
                input.Append($"key={Token()}{end}");
                expected.Append($"key=[REDACTED]{end}");
            }
            input.Append($"word{i}{end}");
            expected.Append($"word{i}{end}");
        }
        await File.WriteAllTextAsync(Path.Combine(kist.Home, "in"), input.ToString());
        var ran = await kist.ShellAsync("$KIST redact < in > out; cat in | $KIST redact | cmp - out && cat out");
        Assert.True(expected.ToString() == ran.Output, $"{ran.Error}{ran.Output.Length} of {expected.Length}");
    }

    [Fact]
    public async Task It_ends_when_nobody_reads_it()
    {
        using var kist = new KistRun();
        var ran = await kist.ShellAsync("yes | $KIST redact | head -n 1");
        Assert.Equal("y\n", ran.Output);
    }

    [Fact]
    public async Task Mistakes_are_named_without_values()
    {
        using var kist = new KistRun();
        await File.WriteAllTextAsync(Path.Combine(kist.Home, ".env"), "A=1\nno equals sign sesame\n");
        var broken = await kist.RunAsync("redact", "--file", ".env");
        Assert.Equal(1, broken.ExitCode);
        Assert.Contains(".env, line 2", broken.Error);
        Assert.DoesNotContain("sesame", broken.Error);
        Assert.Contains("cannot be read", (await kist.RunAsync("redact", "--values", "none")).Error);
        Assert.Contains("nothing to mask", (await kist.RunAsync("redact", "--no-scan")).Error);
    }

    // Drawn anew, so that no token stands in the repository.
    private static string Token() => "ghp_" + new string([.. Enumerable.Range(0, 36).Select(static _ =>
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"[Random.Shared.Next(62)])]);
}
