using Kist.Agent.Link;

namespace Kist.Agent.Answers;

/// <summary>
/// One question for all who ask the same at the same time; that one of them leaves does not end it. Who comes after a
/// change was told asks anew: the reply on its way may be from before it.
/// </summary>
internal sealed class SharedReplies
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(AnswerKey Key, long Change), Shared> _running = [];

    /// <summary>Asks, or waits for the reply to the same question, and gives what is taken from it.</summary>
    /// <param name="change">The last change that was told.</param>
    /// <param name="take">Must copy what it keeps: the reply is zeroed when the last one has taken it.</param>
    public async Task<T> AskAsync<T>(
        AnswerKey key, long change, Func<Task<Reply>> ask, Func<Reply, T> take, CancellationToken ct)
    {
        var shared = Join((key, change), ask);
        try
        {
            return take(await shared.Reply.WaitAsync(ct));
        }
        finally
        {
            Leave(shared);
        }
    }

    private Shared Join((AnswerKey Key, long Change) question, Func<Task<Reply>> ask)
    {
        Shared shared;
        lock (_gate)
        {
            if (_running.TryGetValue(question, out var running))
            {
                running.Users++;
                return running;
            }
            // Both are counted before the reply can come: it may be there before this method returns.
            _running[question] = shared = new Shared { Users = 2 };
        }
        _ = RunAsync(question, shared, ask);
        return shared;
    }

    private async Task RunAsync((AnswerKey Key, long Change) question, Shared shared, Func<Task<Reply>> ask)
    {
        try
        {
            shared.Answered(await ask());
        }
        catch (Exception e)
        {
            shared.Failed(e);
        }
        lock (_gate) _running.Remove(question);
        Leave(shared);
    }

    // Whoever leaves last zeroes the answer.
    private void Leave(Shared shared)
    {
        lock (_gate)
        {
            if (--shared.Users > 0) return;
        }
        if (shared.Reply.IsCompletedSuccessfully) shared.Reply.Result.Dispose();
    }

    private sealed class Shared
    {
        private readonly TaskCompletionSource<Reply> _reply = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<Reply> Reply => _reply.Task;

        /// <summary>Those who wait for it or copy it, and the question itself.</summary>
        public required int Users { get; set; }

        public void Answered(Reply reply) => _reply.SetResult(reply);

        public void Failed(Exception e)
        {
            _reply.SetException(e);
            // Those who waited may all have left.
            _ = _reply.Task.Exception;
        }
    }
}
