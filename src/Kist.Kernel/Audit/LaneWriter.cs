namespace Kist.Kernel.Audit;

/// <summary>
/// The writing side of one sink: chains the lines of a batch, signs checkpoints, and writes both at once. Used by one
/// thread at a time. A batch that fails leaves the chain where it was, so the medium never shows a gap; how many
/// lines were lost stands in the next checkpoint.
/// </summary>
internal sealed class LaneWriter(
    string path, AuditFormat format, IAuditSink sink, AuditSigner signer, AuditBounds bounds, TimeProvider time)
{
    private readonly AuditChain _chain = new();
    private readonly LineBuffer _sealed = new(65_536);
    private readonly LineBuffer _scratch = new(1024);
    private readonly CancellationTokenSource _closing = new();
    private long _lostTotal;
    private long _lostSigned;
    private int _unsigned;
    private long _unsignedSince;
    private SignedHead? _signed;

    /// <summary>Lines that never reached the medium.</summary>
    public long LostLines => Interlocked.Read(ref _lostTotal);

    /// <summary>Whether there are lines that no checkpoint covers.</summary>
    public bool HasUnsignedLines => Volatile.Read(ref _unsigned) > 0;

    /// <summary>Whether lines have waited long enough, or are enough, for a checkpoint.</summary>
    public bool IsCheckpointDue => Volatile.Read(ref _unsigned) is var lines and > 0
        && (lines >= bounds.LinesPerCheckpoint || time.GetElapsedTime(_unsignedSince) >= bounds.CheckpointAfter);

    /// <summary>The last line that is on the medium and covered by a signature; null before the first.</summary>
    public SignedHead? Signed => Volatile.Read(ref _signed);

    /// <summary>Counts lines that will never reach the medium.</summary>
    public void Lose(int lines) => Interlocked.Add(ref _lostTotal, lines);

    /// <summary>
    /// Finds the end of the chain on the medium and signs the first checkpoint. <paramref name="known"/> is where the
    /// server last knew the chain to stand.
    /// </summary>
    public async ValueTask OpenAsync(ChainHead? known, CancellationToken ct)
    {
        var last = format.JsonX ? default : await sink.ReadLastLineAsync(ct);
        var found = HeadOf(last.Span);
        // An empty medium was rotated away, or cannot be read back: the chain goes on from what the server knows.
        _chain.Reset(found ?? known ?? ChainHead.Start);
        var isShort = found is { } end && known is { } head
            && (head.Sequence > end.Sequence || (head.Sequence == end.Sequence && head.Hash != end.Hash));
        var isForeign = found is null && !last.IsEmpty;
        await SignAsync("open", isShort || isForeign ? known ?? ChainHead.Start : null, ct);
    }

    /// <summary>Writes a batch of open lines; the exception when that failed, or null.</summary>
    public async ValueTask<Exception?> WriteAsync(LineBuffer batch)
    {
        if (batch.Length == 0) return null;
        var lines = 0;
        try
        {
            lines = Chain(batch.Written);
            if (_unsigned == 0) _unsignedSince = time.GetTimestamp();
            var signs = _unsigned + lines >= bounds.LinesPerCheckpoint;
            if (signs) AppendCheckpoint("interval", null);
            await sink.WriteAsync(Finished(), _closing.Token);
            _chain.Keep();
            if (signs) MarkSigned();
            else Volatile.Write(ref _unsigned, _unsigned + lines);
            return null;
        }
        catch (Exception e)
        {
            _chain.Forget();
            Lose(lines);
            return e;
        }
        finally
        {
            _sealed.Reset(maxKept: 1_048_576, format.Raw);
        }
    }

    /// <summary>Does what was asked; the exception when that failed, or null.</summary>
    public async ValueTask<Exception?> ObeyAsync(LaneOrderKind kind)
    {
        try
        {
            switch (kind)
            {
                case LaneOrderKind.Checkpoint when _unsigned > 0:
                    await SignAsync("interval", null, _closing.Token);
                    break;
                case LaneOrderKind.Reopen:
                    await SignAsync("rotate", null, _closing.Token);
                    await sink.ReopenAsync(_closing.Token);
                    await SignAsync("open", null, _closing.Token);
                    break;
                case LaneOrderKind.Close:
                    await SignAsync("close", null, _closing.Token);
                    await sink.DisposeAsync();
                    break;
            }
            return null;
        }
        catch (Exception e)
        {
            return e;
        }
    }

    /// <summary>Cancels a write that is stuck. The buffers are left to it.</summary>
    public void Stop() => _closing.Cancel();

    /// <summary>The sealed lines in the sink's form.</summary>
    private ReadOnlyMemory<byte> Finished()
    {
        if (!format.JsonX) return _sealed.WrittenMemory;
        _scratch.Truncate(0);
        JsonX.Write(_scratch, _sealed.Written, format.Prefix);
        return _scratch.WrittenMemory;
    }

    private int Chain(ReadOnlySpan<byte> batch)
    {
        var lines = 0;
        while (batch.IndexOf((byte)'\n') is var end and >= 0)
        {
            _chain.Append(_sealed, batch[..end]);
            batch = batch[(end + 1)..];
            lines++;
        }
        return lines;
    }

    private void AppendCheckpoint(string reason, ChainHead? expected)
    {
        _scratch.Truncate(0);
        AuditCheckpoint.Write(_scratch, format, signer, _chain,
            new CheckpointFacts(time.GetUtcNow(), reason, path, LostLines - _lostSigned, expected));
        _chain.Append(_sealed, _scratch.Written);
    }

    private async ValueTask SignAsync(string reason, ChainHead? expected, CancellationToken ct)
    {
        try
        {
            AppendCheckpoint(reason, expected);
            await sink.WriteAsync(Finished(), ct);
            _chain.Keep();
            MarkSigned();
        }
        catch
        {
            _chain.Forget();
            throw;
        }
        finally
        {
            _sealed.Reset(maxKept: 1_048_576, format.Raw);
        }
    }

    private void MarkSigned()
    {
        _lostSigned = LostLines;
        Volatile.Write(ref _unsigned, 0);
        Volatile.Write(ref _signed, new SignedHead(_chain.Head));
    }

    private static ChainHead? HeadOf(ReadOnlySpan<byte> line) => ChainFields.TryRead(line, out var fields)
        ? new ChainHead(fields.Sequence, System.Text.Encoding.ASCII.GetString(fields.Hash)) : null;
}

/// <summary>A place in the chain that a checkpoint covers.</summary>
internal sealed record SignedHead(ChainHead Head);
