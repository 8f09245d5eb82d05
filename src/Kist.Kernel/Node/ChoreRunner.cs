using Kist.Kernel.Barrier;
using Kist.Kernel.Routes;

namespace Kist.Kernel.Node;

/// <summary>
/// Runs periodic work: expiry of leases and tokens, rotation of the barrier key, removals that a crash interrupted, and
/// the engines' own chores. Of many nodes one does it, under its term: each batch is refused once the term is lost. A
/// failing round is logged and tried again at its next time.
/// </summary>
internal sealed class ChoreRunner : IAsyncDisposable
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(500);

    private static readonly TimeSpan RememberEvery = TimeSpan.FromMinutes(1);

    private readonly Unsealed _kernel;
    private readonly Leadership _leadership;
    private readonly Task _running;
    private IReadOnlyList<string> _handovers = [];
    private long _rememberedAt;

    public ChoreRunner(Unsealed kernel, Leadership leadership, CancellationToken stopping)
    {
        (_kernel, _leadership) = (kernel, leadership);
        _rememberedAt = kernel.Clock.GetTimestamp();
        _running = Task.Run(() => RunAsync(stopping), CancellationToken.None);
    }

    public async ValueTask DisposeAsync() => await _running;

    private async Task RunAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(Tick, _kernel.Clock);
        var next = new Dictionary<(string Mount, string Name), DateTimeOffset>();
        Stores.Guard? runsUnder = null;
        var hasRun = false;
        try
        {
            do
            {
                await RememberChainsAsync(stopping);
                if (_leadership.Held is not { } term) continue;
                if (!hasRun || runsUnder != term.Guard)
                {
                    (hasRun, runsUnder) = (true, term.Guard);
                    next.Clear();
                    await RoundAsync(term, "finish removals", _kernel.Mounts.FinishRemovalsAsync, stopping);
                    continue;
                }
                await RoundAsync(term, "expire leases", ExpireAsync, stopping);
                foreach (var (mount, chore) in Due(next))
                {
                    await RoundAsync(term, chore.Name, chore.Run, stopping);
                    next[(mount, chore.Name)] = _kernel.Clock.GetUtcNow() + chore.Interval;
                }
            }
            while (await timer.WaitForNextTickAsync(stopping));
        }
        catch (OperationCanceledException)
        {
            // Sealed or stopped: what was interrupted goes on after the next unseal.
        }
    }

    /// <summary>Every node does this for its own audit, without a term.</summary>
    private async ValueTask RememberChainsAsync(CancellationToken ct)
    {
        if (_kernel.Clock.GetElapsedTime(_rememberedAt) < RememberEvery) return;
        _rememberedAt = _kernel.Clock.GetTimestamp();
        try
        {
            await _kernel.Audit.RememberAsync(ct);
        }
        catch (SealedException)
        {
            throw new OperationCanceledException(ct);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            _kernel.Log.ChoreFailed("remember audit chains", e);
        }
    }

    private List<(string Mount, Chore Chore)> Due(Dictionary<(string Mount, string Name), DateTimeOffset> next)
    {
        var now = _kernel.Clock.GetUtcNow();
        var due = new List<(string, Chore)>();
        foreach (var chore in (Chore[])
        [
            new Chore("rotate barrier key", TimeSpan.FromMinutes(1), RotateAsync),
            new Chore("forget replaced root keys", TimeSpan.FromMinutes(10), ForgetHandoversAsync),
        ])
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

    /// <summary>What was there a round ago has been there long enough for every node that is awake.</summary>
    private async ValueTask ForgetHandoversAsync(CancellationToken ct)
    {
        var present = await _kernel.Barrier.HandoversAsync(ct);
        var old = present.Intersect(_handovers).ToList();
        await _kernel.Barrier.ForgetHandoversAsync(old, ct);
        _handovers = [.. present.Except(old)];
    }

    private async ValueTask RoundAsync(
        Term term, string name, Func<CancellationToken, ValueTask> run, CancellationToken ct)
    {
        if (_leadership.Held?.Guard != term.Guard) return;
        try
        {
            if (term.Guard is { } guard) await _kernel.Barrier.UnderTermAsync(guard, run, ct);
            else await run(ct);
        }
        catch (TermLostException)
        {
            _leadership.Lose(term);
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
