using System.Text;
using Kist.Agent.Answers;
using Kist.Agent.Link;
using Kist.Secrets;

namespace Kist.Agent.Tests.Answers;

public sealed class SharedRepliesTests
{
    private static readonly AnswerKey s_key = new(AnswerKey.Agent, "", "/v1/prod/data/db");

    [Fact]
    public async Task A_reply_that_is_there_at_once_can_be_read()
    {
        var shared = new SharedReplies();
        for (var i = 0; i < 3; i++)
            Assert.Equal("first", await shared.AskAsync(
                s_key, 0, () => Task.FromResult(Reply("first")), Text, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_reply_that_comes_before_the_one_who_asks_waits_can_be_read()
    {
        var shared = new SharedReplies();
        using var asked = new Barrier(2);
        for (var i = 0; i < 20_000; i++)
        {
            var reply = new TaskCompletionSource<Reply>();
            var answering = Task.Run(() =>
            {
                asked.SignalAndWait();
                reply.SetResult(Reply("there"));
            }, TestContext.Current.CancellationToken);
            var asking = shared.AskAsync(s_key, i, () =>
            {
                asked.SignalAndWait();
                return reply.Task;
            }, Text, TestContext.Current.CancellationToken);
            Assert.Equal("there", await asking);
            await answering;
        }
    }

    [Fact]
    public async Task One_question_is_asked_for_all_and_its_reply_zeroed_when_the_last_has_it()
    {
        var (shared, count) = (new SharedReplies(), 0);
        var coming = new TaskCompletionSource<Reply>();
        var reply = Reply("for all");
        Task<string> Ask(CancellationToken ct) => shared.AskAsync(s_key, 7, () =>
        {
            count++;
            return coming.Task;
        }, Text, ct);
        using var leaving = new CancellationTokenSource();
        var (first, second, third) = (Ask(leaving.Token), Ask(default), Ask(default));
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        coming.SetResult(reply);
        Assert.Equal(["for all", "for all"], await Task.WhenAll(second, third));
        Assert.Equal(1, count);
        await shared.AskAsync(s_key, 7, () => Task.FromResult(Reply("")), Text, default);
        Assert.Throws<ObjectDisposedException>(() => reply.Body);
    }

    [Fact]
    public async Task Who_comes_after_a_change_is_not_given_the_reply_from_before_it()
    {
        var shared = new SharedReplies();
        var old = new TaskCompletionSource<Reply>();
        var before = shared.AskAsync(s_key, 1, () => old.Task, Text, default);
        var after = await shared.AskAsync(s_key, 2, () => Task.FromResult(Reply("new")), Text, default);
        old.SetResult(Reply("old"));
        Assert.Equal(("old", "new"), (await before, after));
    }

    [Fact]
    public async Task A_question_that_fails_fails_for_all_and_the_next_is_asked_anew()
    {
        var shared = new SharedReplies();
        var coming = new TaskCompletionSource<Reply>();
        var asking = new[] { shared.AskAsync(s_key, 0, () => coming.Task, Text, default),
            shared.AskAsync(s_key, 0, () => coming.Task, Text, default) };
        coming.SetException(new IOException("broke"));
        foreach (var one in asking) await Assert.ThrowsAsync<IOException>(() => one);
        Assert.Equal("again", await shared.AskAsync(
            s_key, 0, () => Task.FromResult(Reply("again")), Text, default));
    }

    private static string Text(Reply reply) => Encoding.UTF8.GetString(reply.Body.Span);

    private static Reply Reply(string text)
    {
        var body = new SecretWriter();
        body.Write(Encoding.UTF8.GetBytes(text));
        return Kist.Agent.Link.Reply.Of(200, body);
    }
}
