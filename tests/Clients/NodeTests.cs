using System.Diagnostics;
using Kist.Testing;
using Xunit;

namespace Kist.Clients.Tests;

/// <summary>
/// npm's node-vault against the native binary. Each script of the folder Node expects of Kist what the client's users
/// expect of Vault.
/// </summary>
public sealed class NodeTests(SharedServer shared)
{
    private static readonly string s_folder = Path.Combine(KistBinary.RepositoryRoot, "tests", "Clients", "Node");

    public static TheoryData<string> Scripts =>
        [.. Directory.EnumerateFiles(s_folder, "*.test.js").Select(f => Path.GetFileName(f)!)
            .Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Scripts))]
    public async Task A_script_of_the_client_finds_what_it_expects(string script)
    {
        var server = await shared.GetAsync();
        var start = new ProcessStartInfo("node", ["--test", "--test-reporter=tap", script])
        {
            WorkingDirectory = s_folder, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.Environment.Clear();
        start.Environment["HOME"] = server.Directory;
        start.Environment["PATH"] = Environment.GetEnvironmentVariable("PATH");
        start.Environment["KIST_ADDR"] = server.Address.GetLeftPart(UriPartial.Authority);
        start.Environment["KIST_AUDIT_FOLDER"] = server.QuickStart.AuditFolder;
        start.Environment["KIST_TOKEN"] = server.QuickStart.RootToken;
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var timer = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        try
        {
            await process.WaitForExitAsync(timer.Token);
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
        var said = await error + await output;
        Assert.True(process.ExitCode == 0, said);
        Assert.Matches(@"(?m)^# pass [1-9][0-9]*$", said); // Node ends well, too, when it finds no test.
    }
}
