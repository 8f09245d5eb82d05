using System.Text.RegularExpressions;
using Kist.Testing;
using Xunit;

namespace Kist.Native.Tests.Security;

/// <summary>
/// Attacks on the audit log of a real server, found by <c>kist audit verify</c> (security.md J13, E06).
/// </summary>
public sealed partial class AuditLogTests(AuditLogTests.Log log) : IClassFixture<AuditLogTests.Log>
{
    [Fact]
    public async Task TheLogAsTheServerLeftItIsWhole()
    {
        var (exitCode, output) = await VerifyAsync(["old", "new"], log.Old, log.New);

        Assert.True(exitCode == 0, output);
        Assert.Contains($"Anchor: {log.Anchor}", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnEditedLineIsNamed() => await AssertBadAsync(12, lines =>
        lines[11] = lines[11].Replace("\"time\":\"20", "\"time\":\"21", StringComparison.Ordinal));

    [Fact]
    public async Task ADeletedLineIsNamed() => await AssertBadAsync(12, lines => lines.RemoveAt(11));

    [Fact]
    public async Task AnInsertedLineIsNamed() => await AssertBadAsync(12, lines => lines.Insert(11, lines[10]));

    [Fact]
    public async Task SwappedLinesAreNamed() => await AssertBadAsync(12, lines =>
        (lines[11], lines[12]) = (lines[12], lines[11]));

    [Fact]
    public async Task AnInventedLineIsNamed() => await AssertBadAsync(12, lines =>
        lines.Insert(11, """{"time":"2026-01-01T00:00:00Z","type":"request"}"""));

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    public async Task ACutTailIsFoundByAnAnchor(int lines)
    {
        var cut = log.New.Take(log.New.Count - lines).ToList();

        var (exitCode, output) = await VerifyAsync(["old", "new", "--anchor", log.Anchor], log.Old, cut);

        Assert.True(exitCode == 1, output);
    }

    [Fact]
    public async Task AnOldLogPutBackIsFoundByAnAnchor()
    {
        var (exitCode, output) = await VerifyAsync(["old", "--anchor", log.Anchor], log.Old, log.New);

        Assert.True(exitCode == 1, output);
    }

    [Fact]
    public async Task SwappedFilesAreNamed()
    {
        var (exitCode, output) = await VerifyAsync(["new", "old"], log.Old, log.New);

        Assert.Equal(1, exitCode);
        Assert.Matches(@"\bold line 1\b", output);
    }

    [Fact]
    public async Task AFileWrittenTwiceIsNamed()
    {
        var (exitCode, output) = await VerifyAsync(["old", "old", "new"], log.Old, log.New);

        Assert.True(exitCode == 1, output);
    }

    [Fact] // E06: nobody can try out low-entropy values against the log, because the key is not in it
    public void TheLogHoldsNoKeyAndNoPlainHash()
    {
        var all = string.Join('\n', log.Old.Concat(log.New));
        var hash = System.Security.Cryptography.SHA256.HashData("4711"u8);

        Assert.Contains("hmac-sha256:", all, StringComparison.Ordinal);
        Assert.DoesNotContain("\"4711\"", all, StringComparison.Ordinal);
        Assert.DoesNotContain(Convert.ToHexStringLower(hash), all, StringComparison.Ordinal);
        Assert.NotEqual(log.PinHash, log.OtherPinHash); // another server's hash of the same value
    }

    private async Task AssertBadAsync(int line, Action<List<string>> attack)
    {
        var lines = log.Old.ToList();
        attack(lines);

        var (exitCode, output) = await VerifyAsync(["old", "new"], lines, log.New);

        Assert.True(exitCode == 1, output);
        Assert.Matches($@"\bold line {line}\b", output);
    }

    private static async Task<(int ExitCode, string Output)> VerifyAsync(
        string[] arguments, IReadOnlyList<string> old, IReadOnlyList<string> @new)
    {
        var folder = Directory.CreateTempSubdirectory("kist-audit-");
        try
        {
            await File.WriteAllLinesAsync(Path.Combine(folder.FullName, "old"), old);
            await File.WriteAllLinesAsync(Path.Combine(folder.FullName, "new"), @new);
            return await KistProcess.RunAsync(folder.FullName, ["audit", "verify", .. arguments]);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [GeneratedRegex(@"Anchor: (\d+:[0-9a-f]{64})")]
    private static partial Regex AnchorLine();

    /// <summary>The log of a server that has ended, in two files because it was rotated once.</summary>
    public sealed class Log : IAsyncLifetime
    {
        /// <summary>The lines of the older file.</summary>
        public IReadOnlyList<string> Old { get; private set; } = [];

        /// <summary>The lines of the newer file.</summary>
        public IReadOnlyList<string> New { get; private set; } = [];

        /// <summary>What the verifier printed for the whole log.</summary>
        public string Anchor { get; private set; } = "";

        /// <summary>This server's hash of a short number.</summary>
        public string PinHash { get; private set; } = "";

        /// <summary>Another server's hash of it.</summary>
        public string OtherPinHash { get; private set; } = "";

        /// <inheritdoc/>
        public async ValueTask InitializeAsync()
        {
            await using var server = await KistServer.StartQuickAsync();
            PinHash = await WorkAsync(server);
            var file = server.QuickStart.AuditFile;
            File.Move(file, file + ".1");
            server.Signal(Signals.HangUp);
            await Eventually.HoldsAsync(() => Task.FromResult(File.Exists(file)));
            await WorkAsync(server);
            Assert.Equal(0, await server.StopAsync());
            (Old, New) = (await File.ReadAllLinesAsync(file + ".1"), await File.ReadAllLinesAsync(file));
            Assert.InRange(Old.Count, 20, 1_000);
            Assert.InRange(New.Count, 20, 1_000);
            var (_, output) = await VerifyAsync(["old", "new"], Old, New);
            Anchor = AnchorLine().Match(output).Groups[1].Value;
            await using var other = await KistServer.StartQuickAsync();
            OtherPinHash = await WorkAsync(other);
        }

        /// <inheritdoc/>
        public ValueTask DisposeAsync() => ValueTask.CompletedTask;

        private static async Task<string> WorkAsync(KistServer server)
        {
            var root = server.QuickStart.RootToken;
            for (var i = 0; i < 10; i++)
                await server.SendAsync("POST", "/v1/secret/data/pin", root, """{"data":{"pin":"4711"}}""");
            var devices = await server.SendAsync("GET", "/v1/sys/audit", root);
            var device = devices.Json!["data"]!.AsObject().First().Key.TrimEnd('/');
            var hash = await server.SendAsync("POST", "/v1/sys/audit-hash/" + device, root, """{"input":"4711"}""");
            Assert.True(hash.Status == 200, hash.Text);
            return (string)hash.Json!["data"]!["hash"]!;
        }
    }
}
