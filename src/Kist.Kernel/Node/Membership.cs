using Kist.Kernel.Barrier;

namespace Kist.Kernel.Node;

/// <summary>
/// This node's place among those on the store: ten times in a term's life it sees to the <see cref="Leadership"/> and,
/// less often, shows itself in the <see cref="NodeRoster"/>. It has a flow of its own, because the work that a term is
/// held for may take long.
/// </summary>
internal sealed class Membership : IAsyncDisposable
{
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(2);

    private readonly Unsealed _kernel;
    private readonly CancellationTokenSource _stopping = new();
    private readonly TimeSpan _tick;
    private Task _running = Task.CompletedTask;

    public Membership(Unsealed kernel)
    {
        _kernel = kernel;
        var isAlone = !kernel.Node.Store.IsShared;
        Leadership = new Leadership(
            kernel.Core.Sub("leader/"), isAlone, kernel.Settings.LeadershipTtl, kernel.Clock, kernel.Log);
        _tick = kernel.Settings.LeadershipTtl / 10;
        Roster = new NodeRoster(kernel, kernel.Core.Sub("nodes/"));
        if (!isAlone) _running = Task.Run(() => RunAsync(_stopping.Token));
    }

    public Leadership Leadership { get; }

    public NodeRoster Roster { get; }

    /// <summary>Takes leave: another node may take the term at once. Call it after the chores have stopped.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        _stopping.Dispose();
        if (!_kernel.Node.Store.IsShared) return;
        using var patience = new CancellationTokenSource(Farewell);
        try
        {
            await Leadership.ReleaseAsync(patience.Token);
            await Roster.LeaveAsync(patience.Token);
        }
        catch (Exception e) when (e is Stores.StoreException or SealedException or OperationCanceledException)
        {
            // The term then runs out by itself, and so does the entry in the roster.
        }
    }

    private async Task RunAsync(CancellationToken ct)
    {
        using var timer = new PeriodicTimer(_tick, _kernel.Clock);
        try
        {
            do
            {
                await TryAsync(Leadership.TickAsync, ct);
                await TryAsync(Roster.ShowAsync, ct);
            }
            while (await timer.WaitForNextTickAsync(ct));
        }
        catch (OperationCanceledException)
        {
            // Sealed or stopped.
        }
    }

    private async ValueTask TryAsync(Func<CancellationToken, ValueTask> step, CancellationToken ct)
    {
        try
        {
            await step(ct);
        }
        catch (Exception e) when (e is not OperationCanceledException || !ct.IsCancellationRequested)
        {
            _kernel.Log.ChoreFailed("membership", e);
        }
    }
}
