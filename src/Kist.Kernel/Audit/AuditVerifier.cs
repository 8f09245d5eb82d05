using System.Buffers;
using System.Globalization;
using System.Text;

namespace Kist.Kernel.Audit;

/// <summary>
/// Checks audit logs line by line without the server: chain, signatures, an anchor. Needs memory for one line. Give
/// it the files of one sink from the oldest to the newest, then ask for the verdict.
/// </summary>
public sealed class AuditVerifier
{
    /// <summary>The longest line that is read.</summary>
    public const int MaxLineBytes = 268_435_456;

    // A server signs every ten seconds; lines that go on much longer without a signature had theirs taken away.
    private static readonly TimeSpan LongestUnsigned = TimeSpan.FromMinutes(2);

    private readonly CheckpointReader _checkpoints;
    private readonly ChainHead? _anchor;
    private AuditProblem? _problem;
    private string _file = "";
    private long _line;
    private long _lines;
    private long _signatures;
    private ChainHead? _first;
    private string _firstFile = "";
    private ChainHead _last = ChainHead.Start;
    private long _proven;
    private DateTimeOffset? _unsignedSince;

    /// <summary>A verifier for the logs of one sink.</summary>
    /// <param name="publicKeyPem">The key that must have signed the checkpoints; null: the one in the first
    /// checkpoint.</param>
    /// <param name="anchor">A line that is known to have been written, kept elsewhere; null: none.</param>
    public AuditVerifier(string? publicKeyPem = null, ChainHead? anchor = null)
    {
        _checkpoints = new CheckpointReader(publicKeyPem);
        _anchor = anchor;
    }

    /// <summary>Reads one file to its end or to the first bad entry. Throws <see cref="IOException"/>.</summary>
    public async ValueTask AddAsync(string name, Stream log, CancellationToken ct)
    {
        if (_problem is not null) return;
        (_file, _line) = (name, 0);
        var buffer = ArrayPool<byte>.Shared.Rent(262_144);
        var held = 0;
        try
        {
            while (_problem is null)
            {
                if (held == buffer.Length) buffer = Larger(buffer);
                var count = await log.ReadAsync(buffer.AsMemory(held), ct);
                if (count == 0) break;
                var used = CheckLines(buffer.AsSpan(0, held + count));
                held += count - used;
                buffer.AsSpan(used, held).CopyTo(buffer);
            }
            if (held > 0 && _problem is null)
            {
                _line++;
                Report(buffer.AsSpan(0, held), "cut", "the line does not end: the file was cut in the middle of it");
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        }
    }

    /// <summary>What was found.</summary>
    public AuditVerdict Finish()
    {
        if (_problem is null && _anchor is { } anchor)
        {
            if (anchor.Sequence > _last.Sequence)
                _problem = new AuditProblem(_file, _line, null, "cut",
                    $"the log ends at seq {_last.Sequence}, but the anchor proves a line {anchor.Sequence}: "
                    + "the tail was cut");
            else if (anchor.Sequence < (_first?.Sequence ?? 1))
                _problem = new AuditProblem(_firstFile, 1, null, "missing",
                    $"the anchor's line {anchor.Sequence} is not in these files; they begin at {_first?.Sequence}");
        }
        return new AuditVerdict(_problem, _lines, _signatures, _first?.Sequence ?? 0, _last, _proven,
            _checkpoints.KeyPem);
    }

    private static byte[] Larger(byte[] buffer)
    {
        if (buffer.Length >= MaxLineBytes) throw new IOException($"a line is longer than {MaxLineBytes} bytes");
        var larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
        buffer.CopyTo(larger, 0);
        ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        return larger;
    }

    private int CheckLines(ReadOnlySpan<byte> text)
    {
        var used = 0;
        while (_problem is null && text[used..].IndexOf((byte)'\n') is var end and >= 0)
        {
            _line++;
            Check(text.Slice(used, end));
            used += end + 1;
        }
        return used;
    }

    private void Check(ReadOnlySpan<byte> line)
    {
        if (!ChainFields.TryRead(line, out var fields))
        {
            Report(line, "inserted", "the line has no chain fields: it was added or edited");
            return;
        }
        if (!fields.IsWhole)
        {
            Report(line, "edited", "the line is not what its hash says: it was edited");
            return;
        }
        var head = new ChainHead(fields.Sequence, Encoding.ASCII.GetString(fields.Hash));
        if (!Follows(line, fields)) return;
        if (_anchor is { } anchor && anchor.Sequence == head.Sequence && anchor.Hash != head.Hash)
        {
            Report(line, "replaced", "the line is not the one that the anchor proves: the log was rewritten");
            return;
        }
        if (!CheckSignature(line, fields)) return;
        if (_first is null) (_first, _firstFile) = (head, _file);
        _last = head;
        _lines++;
    }

    /// <summary>Whether the line comes directly after the one before it.</summary>
    private bool Follows(ReadOnlySpan<byte> line, in ChainFields fields)
    {
        if (_first is null)
        {
            if (fields.Sequence != 1 || fields.Previous.ContainsAnyExcept((byte)'0') is false) return true;
            return Report(line, "inserted", "the first line names a line before it");
        }
        var next = _last.Sequence + 1;
        var fresh = _line == 1 ? " (is a file missing, or are the files not in order?)" : "";
        if (fields.Sequence > next)
        {
            var gap = fields.Sequence - next == 1 ? $"line {next} is" : $"lines {next} to {fields.Sequence - 1} are";
            return Report(line, "missing", $"{gap} missing before this one: deleted or moved{fresh}");
        }
        if (fields.Sequence < next)
            return Report(line, "moved",
                $"expected line {next}, found {fields.Sequence}: inserted again or moved{fresh}");
        if (Ascii.Equals(fields.Previous, _last.Hash)) return true;
        return Report(line, "replaced", $"the line before is not the one that was written: replaced{fresh}");
    }

    private bool CheckSignature(ReadOnlySpan<byte> line, in ChainFields fields)
    {
        if (!CheckpointReader.IsCheckpoint(line))
        {
            var time = TimeOf(line);
            _unsignedSince ??= time;
            if (time - _unsignedSince <= LongestUnsigned || time is null) return true;
            return Report(line, "unsigned", "checkpoints are missing: nothing vouches for the lines after "
                + $"seq {_proven}, although a server signs every few seconds");
        }
        if (_checkpoints.Check(line, fields) is { } wrong)
            return Report(line, "forged", $"{wrong}: lines after seq {_proven} up to this one may have been rewritten");
        _signatures++;
        _proven = fields.Sequence;
        _unsignedSince = null;
        if (CheckpointReader.Expected(line) is not { } expected) return true;
        return Report(line, "cut", "when it opened the log here, the server knew of a line "
            + $"{expected} that was not at its end: the tail was cut or an old file restored");
    }

    private bool Report(ReadOnlySpan<byte> line, string kind, string text)
    {
        _problem = new AuditProblem(_file, _line, TimeOf(line), kind, text);
        return false;
    }

    private static DateTimeOffset? TimeOf(ReadOnlySpan<byte> line)
    {
        var start = line.IndexOf("{\"time\":\""u8);
        if (start < 0) return null;
        line = line[(start + 9)..];
        var end = line.IndexOf((byte)'"');
        if (end is < 20 or > 40) return null;
        return DateTimeOffset.TryParse(Encoding.UTF8.GetString(line[..end]), CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal, out var time) ? time : null;
    }
}

/// <summary>The first bad entry.</summary>
/// <param name="File">The file.</param>
/// <param name="Line">The line in the file, from 1.</param>
/// <param name="Time">The time that the line gives; null when it gives none.</param>
/// <param name="Kind">edited, inserted, missing, moved, replaced, cut, forged or unsigned.</param>
/// <param name="Reason">What is wrong, for a person.</param>
public sealed record AuditProblem(string File, long Line, DateTimeOffset? Time, string Kind, string Reason);

/// <summary>What a verifier found.</summary>
/// <param name="Problem">The first bad entry, or null.</param>
/// <param name="Lines">Good lines.</param>
/// <param name="Checkpoints">Good checkpoints among them.</param>
/// <param name="FirstSequence">The number of the first line; more than 1 when older files were not given.</param>
/// <param name="Last">The last good line: the anchor to keep elsewhere.</param>
/// <param name="ProvenSequence">The last line that a signature vouches for. Behind it, whoever can write the file could
/// have cut lines off or written them anew.</param>
/// <param name="PublicKeyPem">The key that signed; null when there was no checkpoint.</param>
public sealed record AuditVerdict(AuditProblem? Problem, long Lines, long Checkpoints, long FirstSequence,
    ChainHead Last, long ProvenSequence, string? PublicKeyPem);
