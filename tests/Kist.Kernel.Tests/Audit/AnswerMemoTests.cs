using System.Text;
using Kist.Kernel.Audit;
using Kist.Kernel.Mounts;
using Kist.Kernel.Pipeline;
using Xunit;
using static Kist.Kernel.Tests.Audit.Scene;

namespace Kist.Kernel.Tests.Audit;

/// <summary>What is remembered of an answer must never stand in the line of another.</summary>
public sealed class AnswerMemoTests
{
    private static readonly Request s_read = Ask(Operation.Read, "secret/data/prod/database");

    [Fact]
    public async Task The_same_answer_gives_the_same_line_each_time()
    {
        await using var scene = await OpenAsync();
        var first = await LineAsync(scene, s_read, Kv2, Made("pw", revision: 7));
        Assert.Contains(Hash("pw"), first);
        for (var i = 0; i < 3; i++)
            Assert.Equal(first, await LineAsync(scene, s_read, Kv2, Made("pw", revision: 7)));
    }

    [Fact]
    public async Task A_new_revision_another_path_and_an_answer_of_no_revision_are_hashed_anew()
    {
        await using var scene = await OpenAsync();
        for (var i = 0; i < 3; i++) await LineAsync(scene, s_read, Kv2, Made("pw", revision: 7));
        Assert.Contains(Hash("pw2"), await LineAsync(scene, s_read, Kv2, Made("pw2", revision: 8)));
        Assert.Contains(Hash("pw3"), await LineAsync(scene, s_read, Kv2, Made("pw3", revision: 0)));
        var other = Ask(Operation.Read, "secret/data/prod/cache");
        Assert.Contains(Hash("pw4"), await LineAsync(scene, other, Kv2, Made("pw4", revision: 8)));
    }

    [Fact]
    public async Task A_mount_that_was_set_to_show_a_field_shows_it_at_once_and_no_longer_than_it_is_set()
    {
        await using var scene = await OpenAsync();
        var shown = Kv2 with { AuditNonHmacResponseKeys = ["data"] };
        for (var i = 0; i < 3; i++)
            Assert.Contains(Hash("pw"), await LineAsync(scene, s_read, Kv2, Made("pw", revision: 7)));
        Assert.Contains("\"pw\"", await LineAsync(scene, s_read, shown, Made("pw", revision: 7)));
        Assert.Contains(Hash("pw"), await LineAsync(scene, s_read, Kv2 with { }, Made("pw", revision: 7)));
    }

    [Fact]
    public async Task Each_sink_hashes_with_its_own_key_and_values_in_clear_are_not_kept()
    {
        await using var scene = await OpenAsync(null, ("log_raw", "true"));
        var hashing = new MemorySink();
        Assert.Null(await scene.Broker.EnableAsync(
            Entry("other/") with { HashKey = [.. Enumerable.Repeat((byte)9, 32)] }, hashing));
        for (var i = 0; i < 3; i++)
        {
            Assert.Contains("\"pw\"", await LineAsync(scene, s_read, Kv2, Made("pw", revision: 7)));
            Assert.DoesNotContain("\"pw\"", hashing.Entries[^1]);
            Assert.DoesNotContain(Hash("pw"), hashing.Entries[^1]);
        }
        Assert.Contains("\"pw2\"", await LineAsync(scene, s_read, Kv2, Made("pw2", revision: 7)));
    }

    [Fact]
    public async Task Thousands_of_paths_and_answers_of_any_size_are_each_written_as_they_are()
    {
        await using var scene = await OpenAsync();
        const int paths = 2500;
        for (var i = 0; i < 2 * paths; i++)
        {
            var answer = Filled(i % paths);
            var request = Ask(Operation.Read, $"secret/data/{i % paths}");
            Assert.Null(await scene.Broker.WritePairAsync(
                scene.Entry(request, Root, Kv2), scene.Entry(request, Root, Kv2, answer)));
        }
        var lines = scene.Sink.Entries.Where(line => line.Contains("\"type\":\"response\"")).ToArray();
        Assert.Equal(2 * paths, lines.Length);
        for (var i = 0; i < lines.Length; i++)
            Assert.Equal(1 + i % paths % 40, lines[i].Split(Hash(Value(i % paths))).Length - 1);
    }

    private static string Value(int i) => $"value-{i}" + new string('x', i % 7 == 0 ? 3000 : 0);

    private static Response Filled(int i) => Made(
        "{\"data\":{"
        + string.Join(',', Enumerable.Range(0, 1 + i % 40).Select(n => $"\"k{n}\":\"{Value(i)}\"")) + "}}",
        revision: i + 1, isWhole: true);

    private static Response Made(string text, long revision, bool isWhole = false)
    {
        var data = new Kist.Secrets.SecretWriter();
        data.Write(Encoding.UTF8.GetBytes(isWhole ? text : "{\"data\":{\"password\":\"" + text + "\"}}"));
        return Response.Of(data, revision);
    }

    private static async Task<string> LineAsync(Scene scene, Request request, MountEntry? mount, Response response)
    {
        Assert.Null(await scene.Broker.WritePairAsync(
            scene.Entry(request, Root, mount), scene.Entry(request, Root, mount, response)));
        return scene.Sink.Entries[^1];
    }
}
