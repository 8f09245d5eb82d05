using Kist.Agent;
using Kist.Agent.Configuration;
using Kist.Agent.Link;
using Kist.Cli.Client;
using Kist.Cli.Output;
using Kist.Cli.Serving;
using Kist.Secrets;
using Kist.Server.Configuration;

namespace Kist.Cli.Agents;

/// <summary>Starts an agent as the command line says, with signals and the log of a service.</summary>
internal static class AgentStart
{
    /// <summary>The exit code of the run.</summary>
    public static int Run(AgentArguments arguments, LinkSettings server, Screen screen)
    {
        if (LogProblem(arguments) is { } misspelt) return screen.Show(misspelt);
        var writer = new LogWriter(Console.OpenStandardError(), TimeProvider.System);
        var parts = new AgentParts
        {
            Read = () => Read(arguments),
            Server = server,
            Log = new AgentLog((level, text) => writer.Write(level, text, null)),
            Environment = Environment.GetEnvironmentVariable,
            Configure = config => writer.Configure(
                arguments.LogLevel is { } level && LogLevels.TryParse(level, out var parsed) ? parsed : config.LogLevel,
                arguments.LogFormat is { } format ? format == "json" : config.LogsJson),
        };
        if (arguments.Check) return Check(parts, screen);
        foreach (var failure in ProcessHardening.Apply()) screen.Warn(failure);
        using var signals = new Signals();
        var (run, error) = AgentRun.Prepare(parts);
        if (run is null) return screen.Show(Worded(error!));
        signals.OnReload(run.Reload);
        var (code, failed) = run.RunAsync(signals.Stopping).GetAwaiter().GetResult();
        return failed is null ? code : screen.Show(new Problem(failed, "stop what uses it, or listen elsewhere"));
    }

    private static int Check(AgentParts parts, Screen screen)
    {
        if (AgentRun.Check(parts, out var config) is { } error) return screen.Show(Worded(error));
        foreach (var warning in config!.Warnings) screen.Warn(warning);
        screen.Remark("The configuration is in order");
        return 0;
    }

    private static Problem Worded(string error) => new(error);

    private static (AgentConfig? Config, string? Error) Read(AgentArguments arguments)
    {
        var (config, error) = arguments.ConfigFiles.Count > 0
            ? AgentConfigReader.Read([.. Files(arguments.ConfigFiles)])
            : AgentDefaults.Make(arguments, Environment.GetEnvironmentVariable);
        return config is null ? (null, error)
            : (config with { ExitAfterAuth = config.ExitAfterAuth || arguments.ExitAfterAuth }, null);
    }

    private static List<string> Files(IReadOnlyList<string> paths)
    {
        var files = new List<string>();
        foreach (var path in paths)
        {
            if (!Directory.Exists(path)) files.Add(path);
            else files.AddRange(Directory.EnumerateFiles(path).Where(f => f.EndsWith(".hcl", StringComparison.Ordinal)
                || f.EndsWith(".json", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        }
        return files;
    }

    private static Problem? LogProblem(AgentArguments arguments)
    {
        if (arguments.LogLevel is { } level && !LogLevels.TryParse(level, out _))
            return new Problem("--log-level is not known", "use trace, debug, info, warn or error");
        return arguments.LogFormat is null or "json" or "standard"
            ? null
            : new Problem("--log-format is not known", "use standard or json");
    }
}
