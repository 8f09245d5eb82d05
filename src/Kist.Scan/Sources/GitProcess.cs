using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace Kist.Scan.Sources;

/// <summary>git could not be run, or refused; the message is its own first line.</summary>
public sealed class GitException(string message) : Exception(message);

/// <summary>
/// One run of git. Nothing that a repository's configuration names is run with it: no monitor, no filter, no pager.
/// </summary>
internal sealed class GitProcess : IDisposable
{
    private const int KeptError = 4096;
    private readonly Process _process;
    private readonly Thread _errorReader;
    private string _said = "";

    private GitProcess(Process process)
    {
        _process = process;
        Output = process.StandardOutput.BaseStream;
        // A thread: reading in the background would start the thread pool, which takes longer than a small git does.
        _errorReader = new Thread(ReadError, 256 * 1024) { IsBackground = true };
        _errorReader.Start(process.StandardError.BaseStream);
    }

    /// <summary>Standard output, as bytes.</summary>
    public Stream Output { get; }

    /// <summary>Standard input, as bytes; only with <c>input</c>.</summary>
    public Stream Input => _process.StandardInput.BaseStream;

    /// <summary>Starts git in a folder.</summary>
    /// <param name="folder">Where; null: where this process is, in the repository that the environment names.</param>
    public static GitProcess Start(string? folder, bool input, params ReadOnlySpan<string> arguments)
    {
        var start = new ProcessStartInfo("git")
        {
            RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = input,
            UseShellExecute = false,
        };
        if (folder is not null)
        {
            start.WorkingDirectory = folder;
            foreach (var name in (ReadOnlySpan<string>)["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"])
                start.Environment.Remove(name);
        }
        start.Environment["GIT_OPTIONAL_LOCKS"] = "0";
        start.Environment["GIT_NO_LAZY_FETCH"] = "1";
        start.Environment["GIT_NO_REPLACE_OBJECTS"] = "1";
        start.Environment["GIT_TERMINAL_PROMPT"] = "0";
        start.Environment["LC_ALL"] = "C";
        foreach (var fixedArgument in (ReadOnlySpan<string>)["-c", "core.fsmonitor=false", "-c", "core.quotePath=false",
            "-c", "log.showSignature=false", "-c", "core.untrackedCache=keep", "-c", "core.packedGitWindowSize=1m",
            // git's own memory counts as ours: without these it maps whole packs.
            "-c", "core.packedGitLimit=16m", "-c", "core.deltaBaseCacheLimit=32m", "--no-pager"])
            start.ArgumentList.Add(fixedArgument);
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        try
        {
            return new GitProcess(Process.Start(start)!);
        }
        catch (Win32Exception e)
        {
            throw new GitException($"git cannot be run: {e.Message}");
        }
    }

    /// <summary>
    /// Starts git with revisions: many go through standard input, which takes no options before git 2.42; the few words
    /// of a range that has some (<c>--not --all</c>) are arguments.
    /// </summary>
    public static GitProcess StartWith(
        string? folder, IReadOnlyList<string> revisions, params ReadOnlySpan<string> arguments)
    {
        foreach (var revision in revisions)
            if (revision.StartsWith('-')) return Start(folder, input: false, [.. arguments, .. revisions, "--"]);
        var git = Start(folder, input: true, [.. arguments, "--stdin"]);
        git.Send(revisions);
        return git;
    }

    private void Send(IReadOnlyList<string> revisions)
    {
        try
        {
            using var input = new StreamWriter(Input) { NewLine = "\n" };
            foreach (var revision in revisions) input.WriteLine(revision);
        }
        catch (IOException)
        {
            _process.StandardInput.Close(); // git has ended already, and Finish says why
        }
    }

    /// <summary>The whole output of a short run; null when git refused.</summary>
    public static string? Ask(string? folder, params ReadOnlySpan<string> arguments)
    {
        using var git = Start(folder, input: false, arguments);
        using var reader = new StreamReader(git.Output, Encoding.UTF8);
        var text = reader.ReadToEnd();
        return git.Finish() is null ? text.TrimEnd('\n') : null;
    }

    /// <summary>Waits for the end: null when all went well, else what git said.</summary>
    public string? Finish()
    {
        _process.WaitForExit();
        _errorReader.Join();
        if (_process.ExitCode == 0) return null;
        var line = _said.Split('\n', 2)[0].Trim();
        return line.Length > 0 ? line : $"git ended with {_process.ExitCode}";
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill();
        _process.Dispose();
    }

    private void ReadError(object? error)
    {
        var stream = (Stream)error!;
        var text = new byte[KeptError];
        var scrap = new byte[KeptError];
        var length = 0;
        try
        {
            while (true)
            {
                var room = text.AsSpan(length);
                var read = stream.Read(room.IsEmpty ? scrap : room);
                if (read == 0) break;
                if (!room.IsEmpty) length += read;
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            length = Math.Min(length, KeptError); // git was ended: what it said no longer matters
        }
        _said = Encoding.UTF8.GetString(text, 0, length);
    }
}
