using System.Diagnostics;
using System.Runtime.InteropServices;
using Kist.Testing;
using Xunit;

namespace Kist.Native.Tests.Security;

/// <summary>
/// What the process, its files and its open endpoints give away (security.md E11, E16, E17, J06, J08, J10).
/// </summary>
public sealed partial class ProcessTests(AttackedServer attacked)
{
    private const UnixFileMode Others = (UnixFileMode)0b000_111_111;

    /// <summary>Answers of every status that can be had, as verb, path, body and whether root asks.</summary>
    public static TheoryData<string, string, string?, bool, int> Statuses => new()
    {
        { "GET", "/v1/sys/health", null, false, 200 }, { "GET", "/v1/auth/token/lookup-self", null, true, 200 },
        { "POST", "/v1/sys/capabilities-self", """{"paths":["secret/a"]}""", true, 200 },
        { "DELETE", "/v1/secret/data/none", null, true, 204 }, { "GET", "/v1/secret/data/none", null, true, 404 },
        { "GET", "/v1/auth/token/lookup-self", null, false, 400 }, { "GET", "/v1/secret/../x", null, true, 400 },
        { "POST", "/v1/auth/token/create", "{", true, 400 }, { "GET", "/v1/nowhere/x", null, true, 404 },
        { "GET", "/ui/", null, false, 404 }, { "GET", "/", null, false, 404 },
        { "PATCH", "/v1/sys/mounts/x", "{}", true, 405 },
        { "BREW", "/v1/sys/health", null, false, 405 }, { "GET", "/v1/sys/internal/specs/openapi", null, false, 200 },
        { "GET", "/v1/sys/metrics?format=prometheus", null, true, 200 },
    };

    [Theory, MemberData(nameof(Statuses))] // E16
    public async Task NoAnswerIsCachedSniffedCompressedOrTagged(
        string verb, string path, string? body, bool isRoot, int status)
    {
        var server = await attacked.GetAsync();

        var answer = await server.SendAsync(verb, path, isRoot ? server.QuickStart.RootToken : null, body,
            ("Accept-Encoding", "gzip, br, zstd"), ("If-None-Match", "*"), ("Origin", "https://evil.example"));

        Assert.True(answer.Status == status, $"{answer.Status} {answer.Text}");
        Assert.Equal("no-store", answer.Headers["cache-control"]);
        Assert.Equal("nosniff", answer.Headers["x-content-type-options"]);
        foreach (var header in (string[])["etag", "last-modified", "content-encoding", "server", "x-powered-by",
            "set-cookie", "access-control-allow-origin"])
            Assert.False(answer.Headers.ContainsKey(header), header);
    }

    [Fact] // E17, J10
    public async Task WhatIsOpenToAnyoneNamesNothing()
    {
        var server = await attacked.GetAsync();
        var name = attacked.NewName("hidden-thing");
        await attacked.AsRootAsync("POST", "/v1/sys/mounts/" + name, """{"type":"kv"}""");
        await attacked.AsRootAsync("POST", $"/v1/{name}/{name}-secret", """{"a":"b"}""");
        await attacked.AsRootAsync("PUT", $"/v1/sys/policies/acl/{name}", """{"policy":""}""");
        foreach (var path in (string[])["sys/health", "sys/seal-status", "sys/leader", "sys/init",
            "sys/internal/specs/openapi", "sys/internal/ui/mounts", "sys/internal/ui/mounts/" + name,
            "sys/internal/ui/namespaces", "sys/replication/status",
            "sys/internal/ui/feature-flags", "sys/wrapping/pubkey", "sys/generate-root/attempt", "sys/rekey/init"])
        {
            var answer = await server.SendAsync("GET", "/v1/" + path);

            Assert.DoesNotContain(name, answer.Text, StringComparison.Ordinal);
            Assert.DoesNotContain(server.Directory, answer.Text, StringComparison.Ordinal);
        }
        foreach (var path in (string[])["sys/metrics", "sys/metrics?format=prometheus", "sys/pprof", "sys/host-info",
            "sys/monitor", "sys/config/state/sanitized", "sys/in-flight-req", "sys/internal/counters/activity"])
            Assert.InRange((await server.SendAsync("GET", "/v1/" + path)).Status, 400, 403);
        var metrics = await attacked.AsRootAsync("GET", "/v1/sys/metrics?format=prometheus");
        Assert.Equal(200, metrics.Status);
        Assert.DoesNotContain(name + "-secret", metrics.Text, StringComparison.Ordinal);
    }

    [Fact] // E11
    public async Task TheServerLeavesNoCoreDumpAndNoDoorForDebuggers()
    {
        var server = await attacked.GetAsync();

        var limits = await File.ReadAllLinesAsync($"/proc/{server.ProcessId}/limits");

        var core = limits.Single(line => line.StartsWith("Max core file size", StringComparison.Ordinal));
        Assert.Matches(@"^Max core file size\s+0\s+0\s", core);
        if (File.Exists(KistBinary.Path + ".dll")) return; // for developers: the shared runtime has a diagnostics port
        Assert.Empty(Directory.GetFiles(Path.GetTempPath(), $"dotnet-diagnostic-{server.ProcessId}-*"));
        Assert.Empty(Directory.GetFiles(Path.GetTempPath(), $"clr-debug-pipe-{server.ProcessId}-*"));
    }

    [Fact] // E11
    public async Task NoOtherProcessOfTheSameUserOpensTheServersMemory()
    {
        // Root may open everything by a capability: without it, root is an ordinary owner of the process.
        string[] launcher = Environment.UserName == "root" ? ["setpriv", "--bounding-set", "-sys_ptrace"] : ["env"];
        var directory = Directory.CreateTempSubdirectory("kist-memory-");
        using var other = Process.Start(new ProcessStartInfo(launcher[0], [.. launcher[1..], "sleep", "60"]))!;
        try
        {
            using var server = KistProcess.Start(
                directory.FullName, ["server", "--start", "kist", "--listen", "127.0.0.1:0"], null, launcher);
            await Eventually.HoldsAsync(() => Task.FromResult(
                server.HasExited || server.Output.Contains("listening", StringComparison.Ordinal)));
            Assert.False(server.HasExited, server.Output);

            Assert.True(await OpensAsync(launcher, $"/proc/{other.Id}/mem"), "the test itself can open nothing");
            Assert.False(await OpensAsync(launcher, $"/proc/{server.Id}/mem"));
        }
        finally
        {
            other.Kill();
            directory.Delete(recursive: true);
        }
    }

    [Fact] // J08
    public async Task EveryFileIsForItsOwnerAloneWhateverTheUmask()
    {
        var before = SetUmask(0);
        try
        {
            await using var server = await KistServer.StartQuickAsync();
            await server.SendAsync("POST", "/v1/secret/data/a", server.QuickStart.RootToken, """{"data":{"a":"b"}}""");

            var all = Directory.GetFileSystemEntries(server.QuickStart.Store, "*", SearchOption.AllDirectories)
                .Concat(Directory.GetFiles(server.QuickStart.AuditFolder))
                .Concat(Directory.GetFiles(Path.Combine(server.Directory, ".config", "kist")))
                .Concat(Directory.GetFiles(Path.Combine(server.Directory, "kist"))
                    .Where(file => !file.EndsWith("setup-complete", StringComparison.Ordinal)))
                .Append(server.QuickStart.Store).Append(server.QuickStart.AuditFolder)
                .Append(Path.Combine(server.Directory, "kist"))
                .Append(Path.Combine(server.Directory, ".config", "kist")).ToList();

            Assert.InRange(all.Count, 8, 100);
            Assert.All(all,
                path => Assert.True((File.GetUnixFileMode(path) & Others) == 0, $"{path} is open to others"));
        }
        finally
        {
            SetUmask(before);
        }
    }

    [Theory] // J08
    [InlineData("""ha_storage "consul" { token = "s3cret" }""")]
    [InlineData("""storage "sqlite" { path = "./data2", password = "s3cret" }""")]
    [InlineData("""seal "keyfile" { path = "./k", pin = "s3cret" }""")]
    public async Task AConfigurationWithSecretsThatEveryoneMayReadIsRefused(string stanza)
    {
        var directory = Directory.CreateTempSubdirectory("kist-config-");
        try
        {
            var file = Path.Combine(directory.FullName, "kist.hcl");
            await File.WriteAllTextAsync(file, stanza + (stanza.StartsWith("storage", StringComparison.Ordinal) ? ""
                : "\nstorage \"inmem\" {}") + "\nlistener \"tcp\" { address = \"127.0.0.1:1\" }\n");
            File.SetUnixFileMode(file, (UnixFileMode)0b110_100_100);

            var (exitCode, output) = await KistProcess.RunAsync(directory.FullName, ["server", "-config=" + file]);

            Assert.NotEqual(0, exitCode);
            Assert.Contains("chmod 600", output, StringComparison.Ordinal);
            Assert.DoesNotContain("s3cret", output, StringComparison.Ordinal);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Theory] // J06
    [InlineData("/etc/kist-attack.log", null)]
    [InlineData("/proc/self/mem", null)]
    [InlineData("/dev/kmsg", null)]
    [InlineData("AUDIT/../../escape.log", null)]
    [InlineData("AUDIT/./a.log", null)]
    [InlineData("relative.log", null)]
    [InlineData("AUDIT/exec.log", "0755")]
    [InlineData("AUDIT/setuid.log", "4600")]
    [InlineData("AUDIT", null)]
    [InlineData("STORE/kist.db", null)]
    public async Task TheApiOpensNoFileOutsideTheAuditFolder(string path, string? mode)
    {
        var server = await attacked.GetAsync();
        var real = path.Replace("AUDIT", server.QuickStart.AuditFolder, StringComparison.Ordinal)
            .Replace("STORE", server.QuickStart.Store, StringComparison.Ordinal);
        var options = new System.Text.Json.Nodes.JsonObject { ["file_path"] = real };
        if (mode is not null) options["mode"] = mode;

        var answer = await attacked.AsRootAsync("PUT", "/v1/sys/audit/" + attacked.NewName("evil"),
            new System.Text.Json.Nodes.JsonObject { ["type"] = "file", ["options"] = options }.ToJsonString());

        Assert.Equal(400, answer.Status);
    }

    [Fact] // G01: a small request may not ask for a large answer
    public async Task RandomBytesAreMadeInMeasure()
    {
        foreach (var path in (string[])["random/1000000000", "random"])
        {
            var answer = await attacked.AsRootAsync("POST", "/v1/sys/tools/" + path, """{"bytes":1000000000}""");

            Assert.Equal(400, answer.Status);
        }
    }

    private static async Task<bool> OpensAsync(string[] launcher, string file)
    {
        using var shell = Process.Start(new ProcessStartInfo(
            launcher[0], [.. launcher[1..], "sh", "-c", "exec 3<\"$0\"", file]) { RedirectStandardError = true })!;
        await shell.WaitForExitAsync();
        return shell.ExitCode == 0;
    }

    [LibraryImport("libc", EntryPoint = "umask")]
    private static partial uint SetUmask(uint mask);
}
