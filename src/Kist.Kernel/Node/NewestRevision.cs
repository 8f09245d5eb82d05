using Kist.Kernel.Stores;

namespace Kist.Kernel.Node;

/// <summary>
/// Asks a store for its newest revision on behalf of many at once: whoever comes while a question is on its way shares
/// the next one, which is asked after all of them came. So the cost does not grow with the number of requests.
/// </summary>
internal sealed class NewestRevision(IStore store)
{
    private readonly Lock _lock = new();
    private Task<long>? _asked;          // on its way, or answered
    private Task<long>? _next;           // begins when that one has ended

    /// <summary>A revision that is not less than that of any commit acknowledged before this call.</summary>
    public ValueTask<long> AskAsync(CancellationToken ct)
    {
        lock (_lock)
        {
            if (_next is not null) return new(_next.WaitAsync(ct));
            if (_asked is { IsCompleted: false } before) return new((_next = AfterAsync(before)).WaitAsync(ct));
            _asked = QuestionAsync();
            return new(_asked.WaitAsync(ct));
        }
    }

    /// <summary>Whatever the store does, failures come with the task.</summary>
    private async Task<long> QuestionAsync() => await store.RevisionAsync(CancellationToken.None);

    private async Task<long> AfterAsync(Task<long> before)
    {
        // Never on the thread that asked: it would go on inside of its lock, and what it asks here would be taken for a
        // question that has not begun, for good.
        await ((Task)before).ConfigureAwait(
            ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
        Task<long> asked;
        lock (_lock)
        {
            asked = QuestionAsync();
            (_asked, _next) = (asked, null);
        }
        return await asked;
    }
}
