using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Text;

namespace Kist.Scan.Sources;

/// <summary>
/// Scans contents of git: one <c>git cat-file --batch</c> gives them in the order in which they were asked for, all
/// cores scan them, many small ones at a time.
/// </summary>
/// <param name="found">Called from any thread, with the finding and the content that holds it.</param>
/// <param name="seen">Given where places do not matter, so that what two versions share is scanned once.</param>
internal sealed class BlobReader(
    ScanContext context, string? folder, Action<Finding, BlobPath> found, SeenChunks? seen = null)
{
    private const int BatchBytes = 512 * 1024;
    private const int MaxRestarts = 200;
    private const long MaxBlob = 2L << 30;
    private readonly ConcurrentBag<byte[]> _spare = [];
    private ContentScanner? _long;
    private BlobPath _longBlob;

    /// <summary>Scans each of the blobs once.</summary>
    public void Scan(IEnumerable<BlobPath> blobs) =>
        WorkPool.Run(Batches(blobs), context.Threads, ahead: 4, () =>
        {
            var current = default(BlobPath);
            var scanner = context.Worker(finding => found(finding, current), seen);
            return batch =>
            {
                foreach (var (blob, offset, length) in batch.Items)
                {
                    current = blob;
                    scanner.Scan(batch.Bytes.AsMemory(offset, length), blob.Path);
                }
                _spare.Add(batch.Bytes);
            };
        });

    private sealed class Batch(byte[] bytes)
    {
        public byte[] Bytes => bytes;
        public List<(BlobPath Blob, int Offset, int Length)> Items { get; } = [];
        public int Used { get; set; }
    }

    private Batch NewBatch() => new(_spare.TryTake(out var bytes) ? bytes : new byte[BatchBytes]);

    private IEnumerable<Batch> Batches(IEnumerable<BlobPath> blobs)
    {
        using var feed = new BlobFeed(blobs);
        var batch = NewBatch();
        for (var runs = 0; ; runs++)
        {
            using var run = new CatFile(folder, feed);
            while (run.Next(out var blob, out var size))
            {
                if (size is null) context.Tally.CannotRead(Name(blob), run.Problem ?? "the object is missing");
                else if (!run.IsBlob) Skip(run, size.Value);
                else if (size > BatchBytes) ScanLong(run, blob, size.Value);
                else
                {
                    if (batch.Used + size > BatchBytes)
                    {
                        yield return batch;
                        batch = NewBatch();
                    }
                    var at = batch.Used;
                    if (!run.Read(batch.Bytes.AsSpan(at, (int)size))) break;
                    batch.Items.Add((blob, at, (int)size));
                    batch.Used += (int)size;
                }
            }
            if (run.Finish() is not { } failure) break;
            // git gave up at one object: that one is named, and the rest is asked for anew.
            var damaged = feed.DropFirstUnanswered();
            context.Tally.CannotRead(damaged is { } one ? Name(one) : "git objects", Printed(failure));
            if (damaged is null || runs == MaxRestarts) break;
        }
        if (feed.Failure is { } wrong) context.Tally.CannotRead("git history", Printed(wrong));
        if (batch.Items.Count > 0) yield return batch;
    }

    private static string Name(BlobPath blob) => $"{blob.Path} ({blob.Id.ToString()[..12]})";

    private static string Printed(string failure) => failure.Replace("fatal: ", "").Replace("error: ", "");

    private static void Skip(CatFile run, long size)
    {
        try
        {
            new BoundedStream(run.Content, size).Drain();
            run.EndContent();
        }
        catch (EndOfStreamException)
        {
            run.Broken = true;
        }
    }

    private void ScanLong(CatFile run, BlobPath blob, long size)
    {
        var content = new BoundedStream(run.Content, size);
        try
        {
            if (size > MaxBlob) context.Tally.CannotRead(Name(blob), "longer than 2 GiB");
            else
            {
                _longBlob = blob;
                _long ??= context.Worker(finding => found(finding, _longBlob));
                _long.Scan(content, blob.Path);
            }
            content.Drain();
            run.EndContent();
        }
        catch (EndOfStreamException)
        {
            run.Broken = true;
        }
    }

    /// <summary>What is still to be asked for, and what was asked for and is not answered.</summary>
    private sealed class BlobFeed : IDisposable
    {
        private readonly BlockingCollection<BlobPath> _waiting = new(4096);
        private readonly CancellationTokenSource _stop = new();
        private readonly Thread _thread;

        public BlobFeed(IEnumerable<BlobPath> blobs)
        {
            _thread = new Thread(() => Fill(blobs), 1 << 20) { IsBackground = true };
            _thread.Start();
        }

        /// <summary>Asked for, in order.</summary>
        public ConcurrentQueue<BlobPath> Unanswered { get; private set; } = [];

        /// <summary>What to ask again after a new start.</summary>
        public ConcurrentQueue<BlobPath> Again { get; private set; } = [];

        /// <summary>Whether there ever was a blob to ask for.</summary>
        public bool HasAsked { get; private set; }

        /// <summary>Whether another blob is there at once.</summary>
        public bool HasMore => !Again.IsEmpty || _waiting.Count > 0;

        /// <summary>Why the list of blobs ended early.</summary>
        public string? Failure { get; private set; }

        public bool Take(out BlobPath blob, CancellationToken stop)
        {
            if (Again.TryDequeue(out blob)) return true;
            var isThere = _waiting.TryTake(out blob, Timeout.Infinite, stop);
            HasAsked |= isThere;
            return isThere;
        }

        public BlobPath? DropFirstUnanswered()
        {
            BlobPath? first = Unanswered.TryDequeue(out var blob) ? blob : null;
            foreach (var later in Again) Unanswered.Enqueue(later);
            (Again, Unanswered) = (Unanswered, []);
            return first;
        }

        public void Dispose()
        {
            _stop.Cancel();
            _thread.Join();
            _waiting.Dispose();
            _stop.Dispose();
        }

        private void Fill(IEnumerable<BlobPath> blobs)
        {
            try
            {
                foreach (var blob in blobs) _waiting.Add(blob, _stop.Token);
            }
            catch (GitException e)
            {
                Failure = e.Message;
            }
            catch (OperationCanceledException)
            {
                Failure = null; // nobody asks any more
            }
            _waiting.CompleteAdding();
        }
    }

    /// <summary>One run of cat-file.</summary>
    private sealed class CatFile : IDisposable
    {
        private readonly GitProcess _git;
        private readonly BlobFeed _feed;
        private readonly RecordReader _reader;
        private readonly CancellationTokenSource _stop = new();
        private readonly Thread _writer;

        public CatFile(string? folder, BlobFeed feed)
        {
            _git = GitProcess.Start(folder, input: true, "cat-file", "--batch", "--buffer");
            _feed = feed;
            _reader = new RecordReader(_git.Output, (byte)'\n');
            Content = _reader.AsStream();
            _writer = new Thread(Ask, 1 << 20) { IsBackground = true };
            _writer.Start();
        }

        public Stream Content { get; }
        public bool Broken { get; set; }

        /// <summary>Whether the last object is a file's content, and no commit or folder.</summary>
        public bool IsBlob { get; private set; }

        /// <summary>Why the last object has no content.</summary>
        public string? Problem { get; private set; }

        /// <summary>The next answer; a null size: there is no such blob. False at the end, also a bad one.</summary>
        public bool Next(out BlobPath blob, out long? size)
        {
            (blob, size, Problem) = (default, null, null);
            if (Broken || _reader.Next() is not { } header) return false;
            if (!_feed.Unanswered.TryPeek(out blob)) return !(Broken = true);
            // "<id> blob <size>" or "<id> missing".
            var space = header.AsSpan().LastIndexOf((byte)' ');
            if (Utf8Parser.TryParse(header.AsSpan(space + 1), out long bytes, out var used)
                && used == header.Length - space - 1)
                (size, IsBlob) = (bytes, header.AsSpan(0, space).EndsWith(" blob"u8));
            else _feed.Unanswered.TryDequeue(out _);
            return true;
        }

        /// <summary>Reads the content of the answer; false when git ended in the middle.</summary>
        public bool Read(Span<byte> content)
        {
            try
            {
                _reader.Read(content);
                EndContent();
                return true;
            }
            catch (EndOfStreamException)
            {
                return !(Broken = true);
            }
        }

        /// <summary>Reads the newline after a content: the answer was good.</summary>
        public void EndContent()
        {
            Span<byte> newline = stackalloc byte[1];
            _reader.Read(newline);
            _feed.Unanswered.TryDequeue(out _);
        }

        /// <summary>Null when all was answered; else what git said.</summary>
        public string? Finish()
        {
            _stop.Cancel();
            _writer.Join();
            var failure = _git.Finish();
            // Where nothing was asked, nothing is missing: whoever lists says why there was nothing to list.
            var isAnswered = _feed.Unanswered.IsEmpty && (!Broken || !_feed.HasAsked);
            return isAnswered ? null : failure ?? "git ended too early";
        }

        public void Dispose()
        {
            _stop.Cancel();
            _git.Dispose();
            _writer.Join();
            _stop.Dispose();
        }

        private void Ask()
        {
            var lines = new MemoryStream(8192);
            try
            {
                using var input = _git.Input;
                while (_feed.Take(out var blob, _stop.Token))
                {
                    _feed.Unanswered.Enqueue(blob);
                    lines.Write(Encoding.ASCII.GetBytes(blob.Id.ToString()));
                    lines.WriteByte((byte)'\n');
                    if (lines.Length < 4096 && _feed.HasMore) continue;
                    input.Write(lines.GetBuffer(), 0, (int)lines.Length);
                    input.Flush();
                    lines.SetLength(0);
                }
            }
            catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
            {
                Broken = true; // git ended, and Finish says why
            }
        }
    }
}
