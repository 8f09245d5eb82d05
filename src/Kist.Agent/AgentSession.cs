using Kist.Agent.Configuration;
using Kist.Agent.Rendering;
using Kist.Agent.Templates;

namespace Kist.Agent;

/// <summary>
/// The work of one configuration: the token, the memory, the templates, the program. A reload makes another one.
/// </summary>
internal sealed class AgentSession : IAsyncDisposable
{
    private static readonly TimeSpan s_saving = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _tasks = [];
    private readonly List<TemplateRunner> _runners = [];
    private readonly TaskCompletionSource<int> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SupervisedProgram? _program;
    private readonly AgentLog _log;

    public AgentSession(
        AgentConfig config, Access access, IReadOnlyList<ParsedTemplate> templates, Func<string, string?> environment,
        AgentLog log)
    {
        (Config, Access, _log) = (config, access, log);
        if (config.Exec is { } exec) _program = new SupervisedProgram(exec, log);
        foreach (var template in templates)
        {
            var output = _program is not null
                ? _program.Variable(template.Config.Destination)
                : new FileOutput(template.Config, log, access.Metrics).WriteAsync;
            _runners.Add(new TemplateRunner(
                template.Config, config, access, template.Render, output, environment, log));
        }
    }

    public AgentConfig Config { get; }

    public Access Access { get; }

    /// <summary>Completes with an exit code when the session ends by itself.</summary>
    public Task<int> End => _end.Task;

    /// <summary>Completes when there is a token, or the last known answers stand in for it, and every template has been
    /// rendered.</summary>
    public Task Ready { get; private set; } = Task.CompletedTask;

    /// <summary>Begins.</summary>
    public void Start()
    {
        var ct = _stop.Token;
        var rendered = Task.WhenAll(_runners.Select(r => r.First));
        if (Access.Keeper is { } keeper)
        {
            Begin(async () => Ended(await keeper.RunAsync(ct), 1));
            if (Config.Cache is not null || _runners.Count > 0) Begin(Access.FollowAsync);
        }
        foreach (var runner in _runners) Begin(async () => Ended(await runner.RunAsync(ct), 1));
        if (_program is not null) Begin(async () => _end.TrySetResult(await _program.RunAsync(rendered, ct)));
        if (Config.Cache?.Persist is not null) Begin(() => SaveAsync(ct));
        Ready = Task.WhenAll(Access.Keeper?.FirstTry ?? Task.CompletedTask, rendered);
        if (Config.ExitAfterAuth) Begin(() => EndAfterFirstAsync(rendered, ct));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        foreach (var task in _tasks) await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Access.DisposeAsync();
        _program?.Dispose();
        _stop.Dispose();
    }

    private async Task EndAfterFirstAsync(Task rendered, CancellationToken ct)
    {
        if (Access.Keeper is { } keeper) await keeper.TokenAsync(ct);
        await rendered.WaitAsync(ct);
        _log.Info("logged in and rendered everything once: ending");
        _end.TrySetResult(0);
    }

    private async Task SaveAsync(CancellationToken ct)
    {
        while (true)
        {
            await Task.Delay(s_saving, ct);
            Access.Save();
        }
    }

    private void Ended(bool isGood, int code)
    {
        if (!isGood) _end.TrySetResult(code);
    }

    private void Begin(Func<Task> work) => _tasks.Add(Task.Run(async () =>
    {
        try
        {
            await work();
        }
        catch (OperationCanceledException)
        {
            // The session ends.
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // A defect. Half an agent would be worse than one that is started again.
            _log.Error($"the agent fails: {e.GetType().Name} {e.StackTrace?.Split('\n').FirstOrDefault()?.Trim()}");
            _end.TrySetResult(1);
        }
    }));
}

/// <summary>A template of the configuration, ready to be rendered.</summary>
internal sealed record ParsedTemplate(
    TemplateConfig Config, Func<TemplateContext, (string? Text, TemplateFault? Fault)> Render);
