using System.IO.Pipes;
using System.Text;
using Kist.Scan.Sources;

namespace Kist.Scan.Tests.Sources;

public sealed class StreamSourceTests
{
    [Fact]
    public async Task A_finding_is_handed_on_before_the_log_ends()
    {
        await using var writer = new AnonymousPipeServerStream(PipeDirection.Out);
        await using var reader = new AnonymousPipeClientStream(PipeDirection.In, writer.ClientSafePipeHandle);
        using var folder = new Folder();
        var seen = new TaskCompletionSource<Hit>();
        var hits = new Hits(seen.SetResult);
        var context = folder.Context(hits);
        var scan = Task.Run(() => new StreamSource(context).Scan(reader, "-"));

        writer.Write(Encoding.UTF8.GetBytes("2026-01-01 started\n2026-01-01 using "));
        writer.Write(Encoding.UTF8.GetBytes(Sample.Token() + " now\nand then"));
        var hit = await seen.Task.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(2, hit.Finding.StartLine);
        writer.Dispose();
        await scan;
        Assert.Equal(1, hits.Count);
    }

    [Fact]
    public void Every_cut_of_a_log_gives_the_same()
    {
        using var folder = new Folder();
        var text = new StringBuilder();
        for (var i = 1; i <= 20_000; i++) text.Append(i % 2000 == 0 ? Sample.Line(i) : $"line {i} of a log\n");
        var bytes = Encoding.UTF8.GetBytes(text.ToString());
        foreach (var cut in (int[])[37, 4096, 100_000, int.MaxValue])
            Assert.Equal(Enumerable.Range(1, 10).Select(i => i * 2000),
                folder.Stream(new Chopped(bytes, cut)).Select(hit => hit.Finding.StartLine));
        Assert.Equal(bytes.Length, folder.Tally.Bytes);
    }

    [Fact]
    public void The_last_line_needs_no_end_and_nothing_is_nothing()
    {
        using var folder = new Folder();

        Assert.Single(folder.Stream(new MemoryStream(Encoding.UTF8.GetBytes(Sample.Line().TrimEnd()))));
        Assert.Empty(folder.Stream(new MemoryStream()));
        Assert.Equal(0, folder.Tally.Files);
    }

    [Fact]
    public void A_line_that_never_ends_does_not_fill_the_memory()
    {
        using var folder = new Folder();
        var bytes = Encoding.UTF8.GetBytes(new string(' ', 3_000_000) + Sample.Line());

        Assert.Single(folder.Stream(new Chopped(bytes, 10_000)));
    }

    private sealed class Chopped(byte[] bytes, int most) : Stream
    {
        private int _at;

        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => bytes.Length;
        public override long Position { get => _at; set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            var count = Math.Min(Math.Min(buffer.Length, most), bytes.Length - _at);
            bytes.AsSpan(_at, count).CopyTo(buffer);
            _at += count;
            return count;
        }

        public override void Flush() { }
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
