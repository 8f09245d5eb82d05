using System.Diagnostics;
using Kist.Testing;

namespace Kist.Native.Tests.Scan;

/// <summary>A folder with a git that is nobody's and the kist under test in PATH.</summary>
public sealed class GitShell : IDisposable
{
    /// <summary>A token in GitHub's form, which opens nothing.</summary>
    public static readonly string Token = "gh" + "p_" + "PXJCBKy7wF1OL6Mlej1nNahsZvBWGS3zAvAp";

    private readonly string _home = Directory.CreateTempSubdirectory("kist-git-").FullName;

    public GitShell()
    {
        Directory.CreateDirectory(Path.Combine(_home, "bin"));
        File.CreateSymbolicLink(Path.Combine(_home, "bin", "kist"), KistBinary.Path);
        Folder = Directory.CreateDirectory(Path.Combine(_home, "repository")).FullName;
        Run("git init -q -b main && git config user.name Alice && git config user.email alice@example.com");
    }

    /// <summary>The repository.</summary>
    public string Folder { get; }

    /// <summary>What a script ended with and printed, both streams together.</summary>
    public (int Code, string Output) Try(string script)
    {
        var start = new ProcessStartInfo("bash", ["--noprofile", "--norc", "-c", script + "\n"])
        {
            WorkingDirectory = Folder, RedirectStandardOutput = true, RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        var runtime = start.Environment.TryGetValue("DOTNET_ROOT", out var found) ? found : null;
        start.Environment.Clear();
        if (runtime is not null) start.Environment["DOTNET_ROOT"] = runtime;
        start.Environment["HOME"] = _home;
        start.Environment["PATH"] = Path.Combine(_home, "bin") + ":/usr/local/bin:/usr/bin:/bin";
        start.Environment["LANG"] = "C.UTF-8";
        start.Environment["TOKEN"] = Token;
        start.Environment["GIT_CONFIG_NOSYSTEM"] = "1";
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + error.Result);
    }

    /// <summary>Runs a script that must go well.</summary>
    public string Run(string script)
    {
        var (code, output) = Try(script);
        Xunit.Assert.True(code == 0, $"{script} ended with {code}\n{output}");
        return output;
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(_home, recursive: true);
}
