using Kist.Kernel.Barrier;
using Kist.Kernel.Routes;

namespace Kist.Kernel.Node;

/// <summary>
/// Runs periodic work: expiry of leases and tokens, rotation of the barrier key, removals that a crash interrupted, and
/// the engines' own chores. A failing round is logged and tried again at its next time.
/// </summary>
internal sealed class ChoreRunner : IAsyncDisposable
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(500);

    private readonly Unsealed _kernel;
    private readonly Task _running;

    public ChoreRunner(Unsealed kernel, CancellationToken stopping)
    {
        _kernel = kernel;
        _running = Task.Run(() => RunAsync(stopping), CancellationToken.None);
    }

    public async ValueTask DisposeAsync() => await _running;

    private async Task RunAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(Tick, _kernel.Clock);
        var next = new Dictionary<(string Mount, string Name), DateTimeOffset>();
        try
        {
            await RoundAsync("finish removals", _kernel.Mounts.FinishRemovalsAsync, stopping);
            while (await timer.WaitForNextTickAsync(stopping))
            {
                await RoundAsync("expire leases", ExpireAsync, stopping);
                foreach (var (mount, chore) in Due(next))
                {
                    await RoundAsync(chore.Name, chore.Run, stopping);
                    next[(mount, chore.Name)] = _kernel.Clock.GetUtcNow() + chore.Interval;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Sealed or stopped: what was interrupted goes on after the next unseal.
        }
    }

    private List<(string Mount, Chore Chore)> Due(Dictionary<(string Mount, string Name), DateTimeOffset> next)
    {
        var now = _kernel.Clock.GetUtcNow();
        var due = new List<(string, Chore)>();
        foreach (var chore in (Chore[])[new Chore("rotate barrier key", TimeSpan.FromMinutes(1), RotateAsync)])
            if (!next.TryGetValue(("", chore.Name), out var at) || at <= now) due.Add(("", chore));
        foreach (var mount in _kernel.Mounts.Current.All)
            foreach (var chore in mount.Engine.Chores)
                if (!next.TryGetValue((mount.Entry.Uuid, chore.Name), out var at) || at <= now)
                    due.Add((mount.Entry.Uuid, chore));
        return due;
    }

    /// <summary>A storm of expiries is worked off page by page, and requests get their turn between pages.</summary>
    private async ValueTask ExpireAsync(CancellationToken ct)
    {
        while (await _kernel.Leases.ExpireDueAsync(ct) > 0) await Task.Yield();
    }

    private async ValueTask RotateAsync(CancellationToken ct) => await _kernel.Barrier.RotateIfDueAsync(ct);

    private async ValueTask RoundAsync(string name, Func<CancellationToken, ValueTask> run, CancellationToken ct)
    {
        try
        {
            await run(ct);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            throw;
        }
        catch (SealedException)
        {
            throw new OperationCanceledException(ct);
        }
        catch (Exception e)
        {
            _kernel.Log.ChoreFailed(name, e);
        }
    }
}
