using System.Diagnostics;
using Kist.Testing;
using Xunit;

namespace Kist.Clients.Tests;

/// <summary>
/// Python's hvac, as Debian ships it, against the native binary. Each script of the folder Hvac expects of Kist what
/// the client's users expect of Vault.
/// </summary>
public sealed class HvacTests(SharedServer shared)
{
    // pyenv and the like put other Pythons into PATH; the packages of Debian belong to this one.
    private const string Python = "/usr/bin/python3";
    private static readonly string s_folder = Path.Combine(KistBinary.RepositoryRoot, "tests", "Clients", "Hvac");

    public static TheoryData<string> Scripts =>
    [
        .. Directory.EnumerateFiles(s_folder, "*.py").Select(f => Path.GetFileNameWithoutExtension(f)!)
            .Where(n => n is not ("scene" or "node")).Order(StringComparer.Ordinal),
    ];

    [Theory]
    [MemberData(nameof(Scripts))]
    public async Task A_script_of_the_client_finds_what_it_expects(string script)
    {
        var server = await shared.GetAsync();
        await RunAsync(script, server, server.QuickStart.RootToken);
    }

    [Fact]
    public async Task The_client_sets_up_a_server_from_nothing()
    {
        await using var server = await KistServer.StartConfiguredAsync((_, port) => $$"""
            storage "inmem" { }
            listener "tcp" { address = "127.0.0.1:{{port}}" }
            """);
        await RunAsync("node", server, token: null);
    }

    private static async Task RunAsync(string script, KistServer server, string? token)
    {
        var start = new ProcessStartInfo(Python, ["-B", "-W", "ignore", "-m", "unittest", script])
        {
            WorkingDirectory = s_folder, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.Environment.Clear();
        start.Environment["HOME"] = server.Directory; // hvac looks for a token there
        start.Environment["PATH"] = "/usr/bin:/bin";
        start.Environment["LANG"] = "C.UTF-8";
        start.Environment["KIST_ADDR"] = server.Address.GetLeftPart(UriPartial.Authority);
        start.Environment["KIST_AUDIT_FOLDER"] = server.QuickStart.AuditFolder;
        if (token is not null) start.Environment["KIST_TOKEN"] = token;
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
        // Python ends well, too, when it finds no test.
        Assert.Matches(@"Ran [1-9][0-9]* tests? in", said);
    }
}
