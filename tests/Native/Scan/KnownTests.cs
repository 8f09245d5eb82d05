using System.Text;
using System.Text.Json.Nodes;
using Kist.Native.Tests.Security;
using Kist.Testing;
using Xunit;

namespace Kist.Native.Tests.Scan;

/// <summary>What a server holds, found where it was copied to, by a scanner that never holds it.</summary>
public sealed class KnownTests(AttackedServer attacked)
{
    private const string Value = "Nachtigall \"9\" & 7/Ödland+zwölf";

    private async Task<(KistRun Run, string Folder)> ScannerAsync()
    {
        var folder = attacked.NewName("known");
        var data = new JsonObject { ["password"] = Value, ["short"] = "geheim", ["inner"] = new JsonObject() };
        data["inner"]!["key"] = "q7Wm-other-value-Zt52";
        var body = new JsonObject { ["data"] = data }.ToJsonString();
        await attacked.AsRootAsync("POST", $"/v1/secret/data/{folder}/db", body);
        var token = await TokenPolicies.TokenAsync(
            attacked, $$"""path "secret/fingerprints/{{folder}}/*" { capabilities = ["read"] }""");
        var server = await attacked.GetAsync();
        return (new KistRun(server.Address.GetLeftPart(UriPartial.Authority), token), folder);
    }

    public static TheoryData<string, string> Spellings() => new()
    {
        { "verbatim", Value },
        { "base64", Convert.ToBase64String(Encoding.UTF8.GetBytes("admin:" + Value)) },
        { "URL", Uri.EscapeDataString(Value) },
        { "hex", Convert.ToHexStringLower(Encoding.UTF8.GetBytes(Value)) },
        { "JSON", JsonValue.Create(Value).ToJsonString() },
    };

    [Theory]
    [MemberData(nameof(Spellings))]
    public async Task A_copy_is_found_in_every_spelling_in_a_log(string form, string spelling)
    {
        var (run, folder) = await ScannerAsync();
        using (run)
        {
            var line = $"level=info msg=\"{spelling}\"\n";
            var found = await run.WithInputAsync(line, "scan", "-", "--known-path", $"secret/{folder}/", "--redact");

            Assert.True(found.ExitCode == 1, found.Output + found.Error);
            Assert.Contains($"secret/{folder}/db#password (version 1)", found.Output);
            if (form != "verbatim") Assert.Contains(form, found.Output);
            Assert.Contains("1 values", found.Error); // "geheim" could be guessed
            Assert.DoesNotContain(Value, found.Output + found.Error);
        }
    }

    [Fact]
    public async Task Copies_are_found_in_a_tree_a_history_and_an_image()
    {
        var (run, folder) = await ScannerAsync();
        using (run)
        {
            await File.WriteAllTextAsync(Path.Combine(run.Home, "layer"), "x = q7Wm-other-value-Zt52\n");
            var script = $"""
                set -e; git init -q r; cd r; git config user.name A; git config user.email a@example.com
                echo 'x: q7Wm-other-value-Zt52' > notes.txt; git add .; git commit -qm one
                git rm -q notes.txt; echo clean > other.txt; git add .; git commit -qm two
                tar cf ../image.tar ../layer
                known="--known-path secret/{folder}/"
                "$KIST" scan $known . ; echo "tree $?"
                "$KIST" scan --history $known . || echo "history $?"
                "$KIST" scan $known ../image.tar || echo "image $?"
                "$KIST" scan $known ../layer || echo "file $?"
                """;

            var ran = await run.ShellAsync(script);

            foreach (var expected in (string[])["tree 0", "history 1", "image 1", "file 1", "db#inner.key"])
                Assert.Contains(expected, ran.Output);
        }
    }

    [Fact]
    public async Task Fingerprints_need_a_right_of_their_own_and_hold_no_value()
    {
        var (run, folder) = await ScannerAsync();
        run.Dispose();
        await attacked.AsRootAsync(
            "POST", $"/v1/secret/data/{folder}/hidden", """{"data":{"k":"v8Lk-hidden-value-Qx41"}}""");
        var server = await attacked.GetAsync();
        var reader = await TokenPolicies.TokenAsync(
            attacked, $$"""path "secret/data/{{folder}}/*" { capabilities = ["read"] }""");
        var partial = await TokenPolicies.TokenAsync(attacked, $$"""
            path "secret/fingerprints/{{folder}}/*" { capabilities = ["read"] }
            path "secret/fingerprints/{{folder}}/hidden" { capabilities = ["deny"] }
            """);

        Assert.Equal(403, (await server.SendAsync("GET", $"/v1/secret/fingerprints/{folder}/", reader)).Status);
        var answer = await server.SendAsync("GET", $"/v1/secret/fingerprints/{folder}/", partial);
        var again = await server.SendAsync("GET", $"/v1/secret/fingerprints/{folder}/", partial);

        Assert.Equal(200, answer.Status);
        Assert.DoesNotContain("hidden", answer.Text);
        Assert.DoesNotContain("Nachtigall", answer.Text);
        Assert.NotEqual((string)answer.Json!["data"]!["key"]!, (string)again.Json!["data"]!["key"]!);
        Assert.Equal(2, answer.Json!["data"]!["values"]!.AsArray().Count);
        Assert.Equal(1, (int)answer.Json!["data"]!["left_out"]!);
        Assert.Contains(await attacked.AuditAsync(), line => line.Contains($"secret/fingerprints/{folder}/"));
    }

    [Fact]
    public async Task Pages_follow_each_other()
    {
        var folder = attacked.NewName("pages");
        foreach (var name in (string[])["a", "b", "c"])
            await attacked.AsRootAsync("POST", $"/v1/secret/data/{folder}/{name}",
                $$$"""{"data":{"k":"{{{Convert.ToHexString(Guid.NewGuid().ToByteArray())}}}"}}""");

        var first = await attacked.AsRootAsync("GET", $"/v1/secret/fingerprints/{folder}?limit=2");
        var next = (string)first.Json!["data"]!["next"]!;
        var last = await attacked.AsRootAsync("GET", $"/v1/secret/fingerprints/{folder}?limit=2&after={next}");

        Assert.Equal($"{folder}/b", next);
        Assert.Equal($"{folder}/c", (string)last.Json!["data"]!["values"]![0]!["path"]!);
        Assert.Null(last.Json!["data"]!["next"]);
    }
}
