using Kist.Kernel.Audit;
using Kist.Kernel.Pipeline;
using Xunit;
using static Kist.Kernel.Tests.Audit.Scene;

namespace Kist.Kernel.Tests.Audit;

/// <summary>Attack J13: whatever is done to a log, the verifier names the first bad entry.</summary>
public sealed class AuditChainTests
{
    private static readonly AuditBounds FiveLines = new() { LinesPerCheckpoint = 5 };

    // 1 checkpoint, 1 test entry, then entries with a checkpoint after every five, and a closing one: 14 lines.
    private static async Task<(string[] Lines, string Key, IReadOnlyList<ChainHead> Heads)> LogAsync(int entries = 9)
    {
        var scene = await OpenAsync(FiveLines);
        for (var i = 0; i < entries; i++)
            {
            var entry = scene.Entry(Ask(Operation.Read, $"secret/{i}"), Root, Kv2);
            Assert.Null(await scene.Broker.WriteRequestAsync(entry));
        }
        var key = scene.Broker.PublicKeyPem;
        await scene.DisposeAsync();
        var heads = new List<ChainHead>();
        foreach (var line in scene.Sink.Lines)
        {
            Assert.True(ChainFields.TryRead(System.Text.Encoding.UTF8.GetBytes(line), out var fields));
            heads.Add(new ChainHead(fields.Sequence, System.Text.Encoding.ASCII.GetString(fields.Hash)));
        }
        return (scene.Sink.Lines, key, heads);
    }

    private static Task<AuditVerdict> CheckAsync(
        IEnumerable<string> lines, string? key = null, ChainHead? anchor = null) =>
        VerifyAsync(string.Concat(lines.Select(line => line + "\n")), key, anchor);

    /// <summary>Chains lines again from <paramref name="from"/> on, as an attacker without the signing key
    /// would.</summary>
    private static string[] Rechain(string[] lines, int from)
    {
        var result = new List<string>(lines[..from]);
        var chain = new AuditChain();
        ChainFields.TryRead(System.Text.Encoding.UTF8.GetBytes(lines[from - 1]), out var last);
        chain.Reset(new ChainHead(last.Sequence, System.Text.Encoding.ASCII.GetString(last.Hash)));
        foreach (var line in lines[from..])
        {
            using var text = new LineBuffer(1024);
            var open = line[..line.LastIndexOf(",\"chain\":{", StringComparison.Ordinal)];
            chain.Append(text, System.Text.Encoding.UTF8.GetBytes(open));
            result.Add(System.Text.Encoding.UTF8.GetString(text.Written).TrimEnd('\n'));
        }
        return [.. result];
    }

    [Fact]
    public async Task A_log_as_written_is_whole_and_proven_to_its_last_line()
    {
        var (lines, key, heads) = await LogAsync();
        Assert.Equal(14, lines.Length);
        var verdict = await CheckAsync(lines, key, heads[6]);
        Assert.Null(verdict.Problem);
        Assert.Equal((14, 4), (verdict.Lines, verdict.Checkpoints));
        Assert.Equal((1, 14), (verdict.FirstSequence, verdict.ProvenSequence));
        Assert.Equal(heads[^1], verdict.Last);
        Assert.Equal(key, verdict.PublicKeyPem);
    }

    [Fact]
    public async Task An_edited_line_is_named()
    {
        var (lines, _, _) = await LogAsync();
        lines[4] = lines[4].Replace("secret/2", "secret/7");
        await IsBadAsync(lines, 5, "edited");
        var again = (await LogAsync()).Lines;
        again[4] = again[4].Replace("\"seq\":5", "\"seq\":6");
        await IsBadAsync(again, 5, "edited");
    }

    [Fact]
    public async Task A_deleted_line_is_named()
    {
        var (lines, _, _) = await LogAsync();
        await IsBadAsync([.. lines[..4], .. lines[5..]], 5, "missing");
    }

    [Fact]
    public async Task An_inserted_line_is_named()
    {
        var (lines, _, _) = await LogAsync();
        await IsBadAsync([.. lines[..4], lines[2], .. lines[4..]], 5, "moved");
        await IsBadAsync([.. lines[..4], "{\"time\":\"2026-11-23T18:23:56Z\",\"type\":\"request\"}", .. lines[4..]], 5,
            "inserted");
        await IsBadAsync([.. lines[..4], "", .. lines[4..]], 5, "inserted");
    }

    [Fact]
    public async Task Swapped_lines_are_named()
    {
        var (lines, _, _) = await LogAsync();
        await IsBadAsync([.. lines[..4], lines[5], lines[4], .. lines[6..]], 5, "missing");
    }

    [Fact]
    public async Task A_line_of_another_log_is_named()
    {
        var (lines, _, _) = await LogAsync();
        var (others, _, _) = await LogAsync();
        lines[4] = others[4];
        await IsBadAsync(lines, 5, "replaced");
    }

    [Fact]
    public async Task Lines_chained_anew_are_found_by_the_next_checkpoint()
    {
        var (lines, key, _) = await LogAsync();
        lines[4] = lines[4].Replace("secret/2", "secret/7");
        var verdict = await CheckAsync(Rechain(lines, 4), key);
        Assert.Equal("forged", verdict.Problem?.Kind);
        Assert.Equal(7, verdict.Problem?.Line); // the checkpoint behind it
        Assert.Contains("after seq 1 ", verdict.Problem?.Reason);
    }

    [Fact]
    public async Task A_checkpoint_signed_with_another_key_is_named()
    {
        var (lines, _, _) = await LogAsync();
        var (_, other, _) = await LogAsync();
        var pinned = await CheckAsync(lines, other);
        Assert.Equal(("forged", 1L), (pinned.Problem?.Kind, pinned.Problem?.Line));
        await using var scene = await OpenAsync(FiveLines);
        scene.Sink.Text = string.Concat(lines.Select(line => line + "\n"));
        var next = new MemorySink { Text = scene.Sink.Text };
        Assert.Null(await scene.Broker.EnableAsync(Entry("forger/"), next)); // goes on with a key of its own
        var unpinned = await VerifyAsync(next.Text);
        Assert.Equal(("forged", 15L), (unpinned.Problem?.Kind, unpinned.Problem?.Line));
    }

    [Fact]
    public async Task A_forged_signature_is_named()
    {
        var (lines, key, _) = await LogAsync();
        lines[0] = lines[0].Replace("\"sink\":\"file/\"", "\"sink\":\"fake/\"");
        var open = lines[0][..lines[0].LastIndexOf(",\"chain\"", StringComparison.Ordinal)];
        using var text = new LineBuffer(1024);
        new AuditChain().Append(text, System.Text.Encoding.UTF8.GetBytes(open));
        lines[0] = System.Text.Encoding.UTF8.GetString(text.Written).TrimEnd('\n');
        var verdict = await CheckAsync(lines, key);
        Assert.Equal(("forged", 1L), (verdict.Problem?.Kind, verdict.Problem?.Line));
    }

    [Fact]
    public async Task A_cut_tail_is_found_by_an_anchor_and_otherwise_shows_how_far_the_proof_goes()
    {
        var (lines, _, heads) = await LogAsync();
        var cut = await CheckAsync(lines[..9]);
        Assert.Null(cut.Problem);
        Assert.Equal((9, 7), (cut.Last.Sequence, cut.ProvenSequence));
        var anchored = await CheckAsync(lines[..9], null, heads[^1]);
        Assert.Equal("cut", anchored.Problem?.Kind);
        Assert.Contains("ends at seq 9", anchored.Problem?.Reason);
        var half = await VerifyAsync(string.Join('\n', lines[..9]) + "\n" + lines[9][..40]);
        Assert.Equal(("cut", 10L), (half.Problem?.Kind, half.Problem?.Line));
    }

    [Fact]
    public async Task A_rewritten_tail_is_found_by_an_anchor()
    {
        var (lines, _, heads) = await LogAsync();
        lines[8] = lines[8].Replace("secret/5", "secret/9");
        var rewritten = Rechain(lines[..11], 8);
        Assert.Null((await CheckAsync(rewritten)).Problem);
        var verdict = await CheckAsync(rewritten, null, heads[9]);
        Assert.Equal(("replaced", 10L), (verdict.Problem?.Kind, verdict.Problem?.Line));
    }

    [Fact]
    public async Task Swapped_missing_and_repeated_files_are_named()
    {
        var (lines, _, heads) = await LogAsync();
        async Task<AuditVerdict> FilesAsync(ChainHead? anchor, params string[][] files)
        {
            var verifier = new AuditVerifier(null, anchor);
            for (var i = 0; i < files.Length; i++)
            {
                var text = string.Concat(files[i].Select(line => line + "\n"));
                await verifier.AddAsync($"f{i}", new MemoryStream(System.Text.Encoding.UTF8.GetBytes(text)), default);
            }
            return verifier.Finish();
        }
        string[] one = lines[..5], two = lines[5..9], three = lines[9..];
        Assert.Null((await FilesAsync(heads[3], one, two, three)).Problem);
        var later = await FilesAsync(null, two, three);
        Assert.Null(later.Problem);
        Assert.Equal(6, later.FirstSequence);
        Assert.Equal(("f0", "missing"), await ProblemAsync(FilesAsync(heads[3], two, three)));
        Assert.Equal(("f1", "missing"), await ProblemAsync(FilesAsync(null, one, three)));
        Assert.Equal(("f1", "moved"), await ProblemAsync(FilesAsync(null, two, one)));
        Assert.Equal(("f1", "moved"), await ProblemAsync(FilesAsync(null, one, one)));
    }

    [Fact]
    public async Task Lines_without_any_checkpoint_for_minutes_are_named()
    {
        var scene = await OpenAsync(new AuditBounds { CheckpointAfter = TimeSpan.FromDays(1) });
        for (var i = 0; i < 4; i++)
        {
            Assert.Null(await scene.Broker.WriteRequestAsync(scene.Entry(Ask(Operation.Read, "a"), Root, Kv2)));
            scene.Clock.Advance(TimeSpan.FromMinutes(1));
        }
        var verdict = await VerifyAsync(scene.Sink.Text);
        Assert.Equal(("unsigned", 6L), (verdict.Problem?.Kind, verdict.Problem?.Line));
    }

    [Fact]
    public async Task A_log_restored_while_the_server_was_down_is_named_by_the_server_itself()
    {
        var (lines, _, heads) = await LogAsync();
        await using var scene = await OpenAsync();
        var restored = new MemorySink { Text = string.Concat(lines[..9].Select(line => line + "\n")) };
        Assert.Null(await scene.Broker.EnableAsync(Entry("restored/"), restored, heads[^1]));
        var own = restored.Lines[9];
        Assert.Contains("\"expected_seq\":14,\"expected_hash\":\"" + heads[^1].Hash, own);
        var whole = new MemorySink { Text = string.Concat(lines.Select(line => line + "\n")) };
        Assert.Null(await scene.Broker.EnableAsync(Entry("whole/"), whole, heads[^1]));
        Assert.DoesNotContain("expected_seq", whole.Text);
        Assert.Contains("\"seq\":15", whole.Lines[14]);
        var rotated = new MemorySink();
        Assert.Null(await scene.Broker.EnableAsync(Entry("rotated/"), rotated, heads[^1]));
        Assert.Contains("\"seq\":15", rotated.Lines[0]);
        Assert.DoesNotContain("expected_seq", rotated.Text);
    }

    [Fact]
    public async Task A_sink_that_knows_a_longer_chain_makes_the_verifier_report_it()
    {
        var signed = AuditSigner.Create();
        var sink = new MemorySink();
        var first = new AuditBroker(AuditSigner.Import(signed.ExportPrivateKey()), new TickingClock());
        Assert.Null(await first.EnableAsync(Entry("file/"), sink));
        var known = await first.DisableAsync("file/");
        sink.Text = string.Concat(sink.Lines[..^1].Select(line => line + "\n"));
        var second = new AuditBroker(AuditSigner.Import(signed.ExportPrivateKey()), new TickingClock());
        Assert.Null(await second.EnableAsync(Entry("file/"), sink, known));
        var verdict = await VerifyAsync(sink.Text, signed.PublicKeyPem);
        Assert.Equal(("cut", 3L), (verdict.Problem?.Kind, verdict.Problem?.Line));
    }

    private static async Task<(string?, string?)> ProblemAsync(Task<AuditVerdict> verdict) =>
        ((await verdict).Problem?.File, (await verdict).Problem?.Kind);

    private static async Task IsBadAsync(string[] lines, int line, string kind)
    {
        var verdict = await CheckAsync(lines);
        Assert.Equal((line, kind), (verdict.Problem?.Line, verdict.Problem?.Kind));
        Assert.Equal(line - 1, verdict.Lines);
    }
}
