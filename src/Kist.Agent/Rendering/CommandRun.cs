using System.Diagnostics;

namespace Kist.Agent.Rendering;

/// <summary>Runs the command after a change of a file. What it writes goes where the agent's log goes.</summary>
internal static class CommandRun
{
    /// <summary>Runs it to its end, or ends it after <paramref name="limit"/>. What went wrong, or null.</summary>
    /// <param name="command">One text is for the shell; else a program and its arguments.</param>
    public static async Task<string?> RunAsync(IReadOnlyList<string> command, TimeSpan limit, CancellationToken ct)
    {
        using var process = new Process { StartInfo = StartOf(command) };
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(ct);
        timer.CancelAfter(limit);
        try
        {
            process.Start();
            await process.WaitForExitAsync(timer.Token);
            return process.ExitCode == 0 ? null : $"it ended with {process.ExitCode}";
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            return ct.IsCancellationRequested ? "the agent ends" : $"it took longer than {limit.TotalSeconds:0} s";
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or IOException)
        {
            return "it cannot be started: check its name and mode";
        }
    }

    /// <summary>How a command is started: the agent's environment without its tokens.</summary>
    public static ProcessStartInfo StartOf(IReadOnlyList<string> command)
    {
        var start = new ProcessStartInfo { UseShellExecute = false };
        string[] words = command is [var line] ? ["/bin/sh", "-c", line] : [.. command];
        start.FileName = words[0];
        foreach (var word in words.Skip(1)) start.ArgumentList.Add(word);
        foreach (var name in (ReadOnlySpan<string>)["KIST_TOKEN", "VAULT_TOKEN", "NOTIFY_SOCKET", "WATCHDOG_USEC"])
            start.Environment.Remove(name);
        return start;
    }
}
