using System.Security.Cryptography;

namespace Kist.Formats.Age;

/// <summary>Neighbouring chunks that are worked on together, away from the thread that reads and writes.</summary>
internal sealed class PayloadBatch : IDisposable
{
    private readonly int _chunkBytes;
    private readonly byte[] _input;
    private readonly byte[] _output;
    private readonly ChunkCipher _cipher;
    private int _taken;
    private int _made;
    private long _first;
    private string? _broken;

    /// <param name="chunks">How many chunks there is room for.</param>
    /// <param name="chunkBytes">The size of one before it is worked on.</param>
    public PayloadBatch(int chunks, int chunkBytes, ReadOnlySpan<byte> payloadKey)
    {
        _chunkBytes = chunkBytes;
        _input = GC.AllocateUninitializedArray<byte>(chunks * chunkBytes + 1, pinned: true);
        _output = GC.AllocateUninitializedArray<byte>(chunks * ChunkCipher.SealedBytes, pinned: true);
        _cipher = new ChunkCipher(payloadKey);
    }

    /// <summary>Whether nothing follows these chunks.</summary>
    public bool Ends { get; private set; }

    /// <summary>What was made of the chunks; after a fault, of those before it.</summary>
    public ReadOnlySpan<byte> Made => _output.AsSpan(0, _made);

    /// <summary>What is wrong with the chunks; null when nothing is.</summary>
    public string? Fault { get; private set; }

    /// <summary>The work on this batch while it runs elsewhere.</summary>
    public Task Work { get; set; } = Task.CompletedTask;

    /// <summary>Reads up to <paramref name="chunks"/> chunks, and one byte more to see whether any follow.</summary>
    /// <param name="carried">The byte that was read too much before; replaced by this batch's own.</param>
    /// <param name="next">The number of the first chunk; moved on.</param>
    public void Read(AgeInput input, int chunks, ref byte? carried, ref long next)
    {
        var wanted = chunks * _chunkBytes + 1;
        var begin = 0;
        if (carried is { } early) _input[begin++] = early;
        _taken = begin + input.ReadAll(_input.AsSpan(begin, wanted - begin));
        Ends = _taken < wanted;
        carried = Ends ? null : _input[--_taken];
        // Behind damaged armor something may be missing: the last chunk is not the last then, nor a cut one a chunk.
        _broken = input.Fault;
        if (_broken is not null) _taken = _taken / _chunkBytes * _chunkBytes;
        (_first, _made, Fault) = (next, 0, null);
        next += chunks;
    }

    public void Seal()
    {
        var number = _first;
        var rest = _input.AsSpan(0, _taken);
        do
        {
            var plain = rest[..Math.Min(rest.Length, ChunkCipher.PlainBytes)];
            rest = rest[plain.Length..];
            _cipher.Seal(plain, _output.AsSpan(_made), number++, Ends && rest.IsEmpty);
            _made += plain.Length + ChunkCipher.TagBytes;
        }
        while (!rest.IsEmpty);
    }

    public void Open()
    {
        var number = _first;
        var rest = _input.AsSpan(0, _taken);
        while (Fault is null && (!rest.IsEmpty || (number == _first && _broken is null)))
        {
            var chunk = rest[..Math.Min(rest.Length, ChunkCipher.SealedBytes)];
            rest = rest[chunk.Length..];
            Fault = Open(chunk, number++, Ends && rest.IsEmpty && _broken is null);
        }
        Fault ??= _broken;
    }

    public void Dispose()
    {
        _cipher.Dispose();
        CryptographicOperations.ZeroMemory(_input);
        CryptographicOperations.ZeroMemory(_output);
    }

    // What follows a last chunk, or the lack of one, is a fault behind the chunk: it was authentic itself.
    private string? Open(ReadOnlySpan<byte> chunk, long number, bool last)
    {
        if (chunk.Length < ChunkCipher.TagBytes)
            return number == 0 ? "the file ends before its content"
                : "the file has been cut: its last chunk is missing";
        var plain = _output.AsSpan(_made, chunk.Length - ChunkCipher.TagBytes);
        if (_cipher.TryOpen(chunk, plain, number, last))
        {
            if (last && plain.IsEmpty && number > 0) return "the last chunk is empty";
            _made += plain.Length;
            return null;
        }
        if (chunk.Length < ChunkCipher.SealedBytes || !_cipher.TryOpen(chunk, plain, number, !last))
            return "the content has been altered, or the file has been cut";
        _made += plain.Length;
        return last ? "the file has been cut: its last chunk is missing" : "something follows the end of the content";
    }
}
