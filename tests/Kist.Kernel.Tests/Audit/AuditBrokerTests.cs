using Kist.Kernel.Audit;
using Kist.Kernel.Pipeline;
using Xunit;
using static Kist.Kernel.Tests.Audit.Scene;

namespace Kist.Kernel.Tests.Audit;

/// <summary>Attack G07: a sink that fails or blocks never hangs anybody in silence, and never lets a request pass
/// unseen.</summary>
public sealed class AuditBrokerTests
{
    private static AuditEntry Read(Scene scene, string path = "secret/data/a") =>
        scene.Entry(Ask(Operation.Read, path), Root, Kv2);

    [Fact]
    public async Task Without_sinks_everything_succeeds()
    {
        await using var scene = await OpenAsync();
        await scene.Broker.DisableAsync("file/");
        Assert.Null(await scene.Broker.WriteRequestAsync(Read(scene)));
        Assert.Empty(scene.Broker.Health);
    }

    [Fact]
    public async Task A_failing_sink_refuses_requests_and_works_again_by_itself()
    {
        await using var scene = await OpenAsync();
        scene.Sink.Failure = new IOException("no space is left");
        var fault = await scene.Broker.WriteRequestAsync(Read(scene));
        Assert.Equal(FaultKind.Internal, fault?.Kind);
        Assert.Contains("failed to audit request", fault?.Message);
        Assert.Contains("failed to audit response", (await scene.Broker.WriteResponseAsync(Read(scene)))?.Message);
        Assert.NotNull(await scene.Broker.WritePairAsync(Read(scene), Read(scene)));
        var health = Assert.Single(scene.Broker.Health);
        Assert.Equal((AuditSinkState.Failing, "no space is left", 3, 4),
            (health.State, health.Reason, health.FailedWrites, health.LostLines));
        Assert.Equal(scene.Clock.GetUtcNow(), health.Since);
        Assert.Contains("no space is left", Assert.Single(scene.Log));
        scene.Sink.Failure = null;
        Assert.Null(await scene.Broker.WriteRequestAsync(Read(scene, "after")));
        Assert.Equal((AuditSinkState.Working, null), (scene.Broker.Health[0].State, scene.Broker.Health[0].Reason));
        Assert.Contains("works again", scene.Log[^1]);
        await scene.Broker.DisableAsync("file/");
        Assert.Null((await VerifyAsync(scene.Sink.Text)).Problem); // the chain has no gap
        Assert.Contains("\"lost_lines\":4", scene.Sink.Lines[^1]); // but says what it lost
    }

    [Fact]
    public async Task A_blocked_sink_refuses_within_the_bound_and_works_again_by_itself()
    {
        await using var scene = await OpenAsync();
        scene.Sink.Blocked = new TaskCompletionSource();
        var leader = scene.Broker.WriteRequestAsync(Read(scene, "leader")).AsTask();
        await scene.Sink.Stuck.Task;
        var follower = scene.Broker.WriteRequestAsync(Read(scene, "follower")).AsTask();
        scene.Clock.Advance(TimeSpan.FromSeconds(4.9));
        Assert.False(leader.IsCompleted || follower.IsCompleted);
        scene.Clock.Advance(TimeSpan.FromSeconds(1.3));
        Assert.NotNull(await leader);
        Assert.NotNull(await follower);
        var health = Assert.Single(scene.Broker.Health);
        Assert.Equal(AuditSinkState.Blocked, health.State);
        Assert.Contains("5 s", health.Reason);
        Assert.True(health.QueuedBytes > 0);
        Assert.NotNull(await scene.Broker.WriteRequestAsync(Read(scene, "later"))); // at once: nobody waits again
        scene.Sink.Blocked.SetResult();
        scene.Sink.Blocked = null;
        await EventuallyAsync(() => scene.Broker.Health[0] is { State: AuditSinkState.Working, QueuedBytes: 0 });
        Assert.Null(await scene.Broker.WriteRequestAsync(Read(scene, "after")));
        Assert.Equal(["leader", "follower", "later", "after"],
            scene.Sink.Entries[1..].Select(line => System.Text.Json.JsonDocument.Parse(line).RootElement
                .GetProperty("request").GetProperty("path").GetString()));
        Assert.Null((await VerifyAsync(scene.Sink.Text)).Problem);
    }

    [Fact]
    public async Task A_second_sink_keeps_going()
    {
        await using var scene = await OpenAsync();
        var second = new MemorySink();
        Assert.Null(await scene.Broker.EnableAsync(Entry("second/"), second));
        scene.Sink.Failure = new IOException("gone");
        Assert.Null(await scene.Broker.WriteRequestAsync(Read(scene)));
        Assert.Equal(2, second.Entries.Length);
        scene.Sink.Failure = null;
        scene.Sink.Blocked = new TaskCompletionSource();
        var waiting = scene.Broker.WriteRequestAsync(Read(scene)).AsTask();
        await scene.Sink.Stuck.Task;
        await EventuallyAsync(() => second.Entries.Length == 3);
        scene.Clock.Advance(TimeSpan.FromSeconds(6));
        Assert.Null(await waiting);
        Assert.Null(await scene.Broker.WriteRequestAsync(Read(scene))); // no longer waits for the blocked one
        Assert.Equal(4, second.Entries.Length);
        Assert.Equal([AuditSinkState.Blocked, AuditSinkState.Working], scene.Broker.Health.Select(h => h.State));
        second.Failure = new IOException("gone too");
        Assert.NotNull(await scene.Broker.WriteRequestAsync(Read(scene)));
        scene.Sink.Blocked.SetResult();
    }

    [Fact]
    public async Task A_thread_that_is_stuck_in_the_medium_holds_up_no_request()
    {
        await using var scene = await OpenAsync();
        using var hung = new Hold();
        scene.Sink.Hung = hung;
        var first = scene.Broker.WriteRequestAsync(Read(scene, "first")).AsTask();
        await scene.Sink.Stuck.Task;
        var second = scene.Broker.WriteRequestAsync(Read(scene, "second")).AsTask();
        scene.Clock.Advance(TimeSpan.FromSeconds(4.9));
        Assert.False(first.IsCompleted || second.IsCompleted);
        scene.Clock.Advance(TimeSpan.FromSeconds(1.3));
        Assert.NotNull(await first); // so its work is never done, although the line gets through
        Assert.NotNull(await second);
        scene.Sink.Hung = null;
        hung.Release();
        await EventuallyAsync(() => scene.Broker.Health[0] is { State: AuditSinkState.Working, QueuedBytes: 0 });
        Assert.Null(await scene.Broker.WriteRequestAsync(Read(scene, "after")));
        Assert.Equal(4, scene.Sink.Entries.Length);
        Assert.Null((await VerifyAsync(scene.Sink.Text)).Problem);
    }

    [Fact]
    public async Task A_request_that_takes_its_time_after_its_write_holds_up_no_other()
    {
        await using var scene = await OpenAsync();
        scene.Sink.Blocked = new TaskCompletionSource();
        using var hold = new Hold();
        var leader = scene.Broker.WriteRequestAsync(Read(scene, "leader")).AsTask();
        // The others gather while the leader's write is under way, and are written together.
        var slow = WriteAndHoldAsync();
        var quick = Enumerable.Range(0, 8).Select(_ => scene.Broker.WriteRequestAsync(Read(scene)).AsTask()).ToArray();
        scene.Sink.Blocked.SetResult();
        Assert.Null(await leader);
        foreach (var one in quick) Assert.Null(await one);
        Assert.False(slow.IsCompleted);
        hold.Release();
        Assert.Null(await slow);

        async Task<Fault?> WriteAndHoldAsync()
        {
            var fault = await scene.Broker.WriteRequestAsync(Read(scene, "slow")).ConfigureAwait(false);
            hold.Wait();
            return fault;
        }
    }

    [Fact]
    public async Task A_thread_stuck_in_one_sink_holds_up_neither_its_request_nor_the_other_sink()
    {
        await using var scene = await OpenAsync();
        var second = new MemorySink();
        Assert.Null(await scene.Broker.EnableAsync(Entry("second/"), second));
        using var hung = new Hold();
        scene.Sink.Hung = hung;
        var leader = scene.Broker.WriteRequestAsync(Read(scene, "leader")).AsTask();
        await scene.Sink.Stuck.Task;
        await EventuallyAsync(() => second.Entries.Length == 2);
        scene.Clock.Advance(TimeSpan.FromSeconds(6.2));
        Assert.Null(await leader);
        Assert.Null(await scene.Broker.WriteRequestAsync(Read(scene)));
        Assert.Equal(3, second.Entries.Length);
        scene.Sink.Hung = null;
        hung.Release();
        // Nothing is queued any more while the last batch is still on its way to the medium.
        await EventuallyAsync(() => scene.Sink.Entries.Length == 3);
        await EventuallyAsync(() => scene.Broker.Health[0] is { State: AuditSinkState.Working, QueuedBytes: 0 });
    }

    [Fact]
    public async Task A_medium_that_hangs_cannot_be_enabled_and_stops_nobody()
    {
        await using var scene = await OpenAsync();
        using var hung = new Hold();
        var dead = new MemorySink { Hung = hung };
        var enabling = scene.Broker.EnableAsync(Entry("dead/"), dead).AsTask();
        await dead.Stuck.Task;
        scene.Clock.Advance(TimeSpan.FromSeconds(5.1));
        Assert.Contains("has not answered within 5 s", (await enabling)?.Message);
        Assert.Null(await scene.Broker.WriteRequestAsync(Read(scene)));
        hung.Release();
    }

    [Fact]
    public async Task The_queue_is_bounded_and_one_oversized_entry_is_not_fatal()
    {
        await using var scene = await OpenAsync(new AuditBounds { MaxQueueBytes = 4096 });
        var keys = string.Join(',', Enumerable.Range(0, 20_000).Select(i => $"\"key{i}\""));
        Assert.Null(await scene.Broker.WriteResponseAsync(scene.Entry(Ask(Operation.List, "a/"), Root, Kv2,
            Answer($$"""{"keys":[{{keys}}]}"""))));
        Assert.True(scene.Sink.Entries[^1].Length > 1_000_000);
        scene.Sink.Blocked = new TaskCompletionSource();
        var stuck = scene.Broker.WriteRequestAsync(Read(scene)).AsTask();
        await scene.Sink.Stuck.Task;
        var waiting = Enumerable.Range(0, 20)
            .Select(_ => scene.Broker.WriteRequestAsync(Read(scene)).AsTask()).ToArray();
        Assert.Contains(waiting, task => task.IsCompleted && task.Result is not null);
        Assert.True(scene.Broker.Health[0].QueuedBytes <= 4096);
        scene.Sink.Blocked.SetResult();
        scene.Sink.Blocked = null;
        Assert.Null(await stuck);
        var refused = (await Task.WhenAll(waiting)).Count(fault => fault is not null);
        Assert.Equal(refused, scene.Broker.Health[0].LostLines);
        Assert.Equal(20 - refused, scene.Sink.Entries.Length - 3);
        Assert.Null((await VerifyAsync(scene.Sink.Text)).Problem);
    }

    [Fact]
    public async Task A_checkpoint_follows_the_last_line_after_a_while()
    {
        await using var scene = await OpenAsync();
        Assert.Null(await scene.Broker.WriteRequestAsync(Read(scene)));
        Assert.Equal(1, (await VerifyAsync(scene.Sink.Text)).ProvenSequence);
        for (var i = 0; i < 9; i++) scene.Clock.Advance(TimeSpan.FromSeconds(1.25));
        await EventuallyAsync(() => scene.Sink.Lines.Length == 4);
        Assert.Contains("\"reason\":\"interval\"", scene.Sink.Lines[3]);
        Assert.Equal(4, (await VerifyAsync(scene.Sink.Text)).ProvenSequence);
        await EventuallyAsync(() => scene.Broker.Anchors[0].Signed?.Sequence == 4);
    }

    [Fact]
    public async Task Opening_again_signs_both_sides_of_the_rotation()
    {
        await using var scene = await OpenAsync();
        await scene.Broker.ReopenAsync();
        Assert.Equal(1, scene.Sink.Reopened);
        Assert.Contains("\"reason\":\"rotate\"", scene.Sink.Lines[^2]);
        Assert.Contains("\"reason\":\"open\"", scene.Sink.Lines[^1]);
        Assert.Null((await VerifyAsync(scene.Sink.Text)).Problem);
    }

    [Fact]
    public async Task A_sink_that_does_not_work_cannot_be_enabled()
    {
        await using var scene = await OpenAsync();
        var full = new MemorySink { Failure = new IOException("full") };
        var fault = await scene.Broker.EnableAsync(Entry("other/"), full);
        Assert.Contains("full", fault?.Message);
        Assert.Contains("already in use", (await scene.Broker.EnableAsync(Entry("file/"), new MemorySink()))?.Message);
        Assert.Single(scene.Broker.Sinks);
    }

    [Fact]
    public async Task Many_writers_at_once_leave_whole_lines_in_one_chain()
    {
        await using var scene = await OpenAsync();
        await Task.WhenAll(Enumerable.Range(0, 64).Select(writer => Task.Run(async () =>
        {
            for (var i = 0; i < 1000; i++)
                Assert.Null(await scene.Broker.WriteRequestAsync(Read(scene, $"secret/{writer}/{i}")));
        })));
        await scene.Broker.DisableAsync("file/");
        var verdict = await VerifyAsync(scene.Sink.Text);
        Assert.Null(verdict.Problem);
        Assert.Equal(64_001, scene.Sink.Entries.Length);
        Assert.True(verdict.Checkpoints >= 50);
        var paths = scene.Sink.Entries.Select(line => line[line.IndexOf("\"path\"", StringComparison.Ordinal)..]);
        Assert.Equal(64_001, paths.Distinct().Count());
    }

    [Fact]
    public async Task A_pair_costs_next_to_no_allocation()
    {
        await using var scene = await OpenAsync();
        scene.Sink.Keeps = false;
        var request = Read(scene);
        var response = scene.Entry(request.Request, Root, Kv2, Answer(
            """{"data":{"password":"pw","url":"db"},"metadata":{"created_time":"t","deletion_time":""}}"""));
        async Task<long> MeasureAsync(int rounds)
        {
            var allocated = 0L;
            for (var i = 0; i < rounds; i++)
            {
                var before = GC.GetAllocatedBytesForCurrentThread();
                var written = scene.Broker.WritePairAsync(request, response);
                allocated += GC.GetAllocatedBytesForCurrentThread() - before;
                Assert.Null(await written);
            }
            return allocated;
        }
        await MeasureAsync(3000);
        Assert.InRange(await MeasureAsync(3000) / 3000, 0, 300);
    }

    private static async Task EventuallyAsync(Func<bool> condition)
    {
        // The condition is set by another thread; the test fails by its runner's limit if it never is.
        while (!condition()) await Task.Yield();
    }
}
