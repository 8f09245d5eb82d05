using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Kist.Agent.Configuration;
using Kist.Agent.Templates;

namespace Kist.Agent.Rendering;

/// <summary>
/// A program that runs with rendered values in its environment, and is started again when one of them changes. Its end
/// is the agent's.
/// </summary>
internal sealed partial class SupervisedProgram(ExecConfig config, AgentLog log) : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, string> _variables = new();
    private readonly SemaphoreSlim _changed = new(0);

    /// <summary>What takes the value of one variable.</summary>
    public TemplateOutput Variable(string name) => (text, _, _) =>
    {
        if (_variables.TryGetValue(name, out var old) && old == text) return Task.FromResult<string?>(null);
        _variables[name] = text;
        if (_changed.CurrentCount == 0) _changed.Release();
        return Task.FromResult<string?>(null);
    };

    /// <summary>Runs the program until it ends by itself or is cancelled; its exit code.</summary>
    public async Task<int> RunAsync(Task allRendered, CancellationToken ct)
    {
        await allRendered.WaitAsync(ct);
        while (true)
        {
            while (_changed.Wait(0))
            {
                // What changed until now is in.
            }
            using var program = Start();
            if (program is null) return 127;
            var end = program.WaitForExitAsync(CancellationToken.None);
            try
            {
                while (true)
                {
                    var change = _changed.WaitAsync(ct);
                    if (await Task.WhenAny(end, change) == end) return program.ExitCode;
                    await change;
                    if (config.Restarts) break;
                    log.Info("a value of the program's environment has changed; it goes on with the old one");
                }
                log.Info("a value of the program's environment has changed: starting it again");
            }
            catch (OperationCanceledException)
            {
                await StopAsync(program, end);
                return program.ExitCode == 0 ? 0 : 128 + config.StopSignal;
            }
            await StopAsync(program, end);
        }
    }

    public void Dispose() => _changed.Dispose();

    private Process? Start()
    {
        var start = CommandRun.StartOf(config.Command);
        foreach (var (name, value) in _variables) start.Environment[name] = value;
        var program = new Process { StartInfo = start };
        try
        {
            program.Start();
            log.Info($"started the program, process {program.Id}");
            return program;
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or IOException)
        {
            program.Dispose();
            log.Error("the program cannot be started: check its name and mode");
            return null;
        }
    }

    private async Task StopAsync(Process program, Task end)
    {
        if (!program.HasExited) _ = Kill(program.Id, config.StopSignal);
        if (await Task.WhenAny(end, Task.Delay(s_patience)) != end)
        {
            log.Warn($"the program did not end within {s_patience.TotalSeconds:0} s: ending it by force");
            program.Kill(entireProcessTree: true);
        }
        await end;
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int id, int signal);
}
