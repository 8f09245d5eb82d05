using System.Buffers.Text;
using System.Security.Cryptography;
using Kist.Kernel.Crypto;
using Kist.Secrets;

namespace Kist.Kernel.Audit;

/// <summary>
/// What makes lines tamper-evident. Each line ends with
/// <c>,"chain":{"seq":N,"prev":"…","hash":"…"}}</c>: <c>prev</c> is the hash of the line before (64 zeros before the
/// first), and <c>hash</c> is SHA-256, in lower-case hex, over the line's bytes up to <c>,"hash"</c>. So a line can be
/// checked alone (was it edited?) and against its neighbour (is something missing, added or moved?).
/// Not for use from two threads.
/// </summary>
internal sealed class AuditChain
{
    /// <summary>The length of a hash in hex.</summary>
    public const int HashBytes = 64;

    private readonly byte[] _hash = new byte[HashBytes];
    private readonly byte[] _kept = new byte[HashBytes];
    private long _keptSequence;

    public AuditChain() => Reset(ChainHead.Start);

    /// <summary>The number of the last line; 0 before the first.</summary>
    public long Sequence { get; private set; }

    /// <summary>The hash of the last line.</summary>
    public ReadOnlySpan<byte> Hash => _hash;

    /// <summary>Where the chain stands now.</summary>
    public ChainHead Head => new(Sequence, System.Text.Encoding.ASCII.GetString(_hash));

    /// <summary>Goes on behind <paramref name="head"/>.</summary>
    public void Reset(ChainHead head)
    {
        Sequence = head.Sequence;
        System.Text.Encoding.ASCII.GetBytes(head.Hash, _hash);
        Keep();
    }

    /// <summary>What was appended is on the medium.</summary>
    public void Keep()
    {
        _keptSequence = Sequence;
        _hash.CopyTo(_kept, 0);
    }

    /// <summary>What was appended since <see cref="Keep"/> is not on the medium.</summary>
    public void Forget()
    {
        Sequence = _keptSequence;
        _kept.CopyTo(_hash, 0);
    }

    /// <summary>
    /// Appends <paramref name="open"/>, a line without its closing brace and newline, then the chain's fields and both.
    /// </summary>
    public void Append(LineBuffer to, ReadOnlySpan<byte> open)
    {
        var start = to.Length;
        to.Raw(open);
        to.Raw(",\"chain\":{\"seq\":"u8);
        to.Number(++Sequence);
        to.Raw(",\"prev\":\""u8);
        to.Raw(_hash);
        to.Raw((byte)'"');
        HashOf(to.Written[start..], _hash);
        to.Raw(",\"hash\":\""u8);
        to.Raw(_hash);
        to.Raw("\"}}\n"u8);
    }

    /// <summary>The hash of a line's bytes up to <c>,"hash"</c>, as hex.</summary>
    public static void HashOf(ReadOnlySpan<byte> text, Span<byte> hex)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        Sha256.Hash(text, hash);
        HexText.Write(hash, hex);
    }
}

/// <summary>A place in a chain: the number of a line and its hash in hex.</summary>
public readonly record struct ChainHead(long Sequence, string Hash)
{
    /// <summary>Before the first line.</summary>
    public static ChainHead Start { get; } = new(0, new string('0', AuditChain.HashBytes));
}

/// <summary>The chain fields at the end of one line.</summary>
internal readonly ref struct ChainFields
{
    private ChainFields(long sequence, ReadOnlySpan<byte> previous, ReadOnlySpan<byte> hash, ReadOnlySpan<byte> hashed)
    {
        Sequence = sequence;
        Previous = previous;
        Hash = hash;
        Hashed = hashed;
    }

    public long Sequence { get; }

    public ReadOnlySpan<byte> Previous { get; }

    public ReadOnlySpan<byte> Hash { get; }

    /// <summary>The bytes that the hash is over.</summary>
    public ReadOnlySpan<byte> Hashed { get; }

    /// <summary>Whether the line is what its own hash says.</summary>
    public bool IsWhole
    {
        get
        {
            Span<byte> hex = stackalloc byte[AuditChain.HashBytes];
            AuditChain.HashOf(Hashed, hex);
            return Hash.SequenceEqual(hex);
        }
    }

    /// <summary>Reads the fields of a line without its newline; false when they are not there in exactly this
    /// form.</summary>
    public static bool TryRead(ReadOnlySpan<byte> line, out ChainFields fields)
    {
        fields = default;
        if (!CutEnd(ref line, "\"}}"u8) || !CutHash(ref line, out var hash) || !CutEnd(ref line, ",\"hash\":\""u8))
            return false;
        var hashed = line;
        if (!CutEnd(ref line, "\""u8) || !CutHash(ref line, out var previous) || !CutEnd(ref line, ",\"prev\":\""u8))
            return false;
        var digits = line.Length - 1 - line.LastIndexOf((byte)':');
        if (digits is < 1 or > 19 || digits == line.Length) return false;
        if (!Utf8Parser.TryParse(line[^digits..], out long sequence, out var used) || used != digits || sequence < 1)
            return false;
        line = line[..^digits];
        if (!CutEnd(ref line, ",\"chain\":{\"seq\":"u8)) return false;
        fields = new ChainFields(sequence, previous, hash, hashed);
        return true;
    }

    private static bool CutEnd(scoped ref ReadOnlySpan<byte> line, ReadOnlySpan<byte> end)
    {
        if (!line.EndsWith(end)) return false;
        line = line[..^end.Length];
        return true;
    }

    private static bool CutHash(scoped ref ReadOnlySpan<byte> line, out ReadOnlySpan<byte> hash)
    {
        hash = default;
        if (line.Length < AuditChain.HashBytes) return false;
        hash = line[^AuditChain.HashBytes..];
        line = line[..^AuditChain.HashBytes];
        return !hash.ContainsAnyExcept("0123456789abcdef"u8);
    }
}
