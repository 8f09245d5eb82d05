using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Kist.Scan.Sources;

/// <summary>
/// Which stretches of text were scanned before and held nothing: most of a file is the same from version to version.
/// A table of fixed size that may forget, shared by all threads without a lock. The hash is keyed anew for each scan,
/// so
/// that nobody can make a text that collides with a clean one.
/// </summary>
internal sealed class SeenChunks
{
    private const int Slots = 1 << 20;
    private readonly ulong[] _slots = new ulong[Slots];
    private readonly ulong _key = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8));
    private readonly ulong _factor = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8)) | 1;

    public bool Contains(ulong hash) => Volatile.Read(ref _slots[hash & (Slots - 1)]) == hash;

    public void Add(ulong hash) => Volatile.Write(ref _slots[hash & (Slots - 1)], hash);

    public ulong Mix(ulong hash, ulong word)
    {
        hash = (hash ^ word) * _factor;
        return hash ^ hash >> 29;
    }

    public ulong Hash(ReadOnlySpan<byte> text)
    {
        var hash = _key ^ (ulong)text.Length;
        foreach (var word in MemoryMarshal.Cast<byte, ulong>(text)) hash = Mix(hash, word);
        Span<byte> rest = stackalloc byte[8];
        rest.Clear();
        text[(text.Length & ~7)..].CopyTo(rest);
        return Mix(hash, BinaryPrimitives.ReadUInt64LittleEndian(rest));
    }
}

/// <summary>
/// Scans the parts of a text that are new, with what stands around them; one for each thread. Where something is found
/// is not counted from the text's beginning: whoever wants the place scans the whole text.
/// </summary>
internal sealed class ChangedParts(Scanner scanner, SeenChunks seen)
{
    // Parts end at lines, about every fourth, by their content: an inserted line moves no border but its own.
    private const int Border = 3, MaxChunk = 4096, Around = 512;
    private readonly List<(int End, ulong Hash)> _chunks = [];
    private readonly List<ulong> _names = [];

    /// <summary>Scans one version of the file at a path.</summary>
    public void Scan(ReadOnlySpan<byte> content, PieceInfo info, List<Finding> findings)
    {
        Cut(content);
        Name(seen.Hash(MemoryMarshal.AsBytes(info.Path.AsSpan())));
        for (var at = 0; at < _chunks.Count;)
        {
            if (seen.Contains(_names[at]))
            {
                at++;
                continue;
            }
            var (first, last) = (Before(at), After(at));
            // What is new within reach belongs to the same part.
            for (var next = at + 1; next <= last; next++)
                if (!seen.Contains(_names[next])) last = Math.Max(last, After(next));
            var (start, end) = (Start(first), _chunks[last].End);
            var count = findings.Count;
            scanner.Scan(content[start..end], info, findings);
            // Where something was found, all of it is looked at in each version: each is asked for.
            if (findings.Count == count)
                for (var i = at; i <= last; i++) seen.Add(_names[i]);
            at = last + 1;
        }
    }

    private int Start(int chunk) => chunk == 0 ? 0 : _chunks[chunk - 1].End;

    private int Before(int chunk)
    {
        var first = chunk;
        while (first > 0 && (first == chunk || Start(chunk) - Start(first) < Around)) first--;
        return first;
    }

    private int After(int chunk)
    {
        var last = chunk;
        while (last < _chunks.Count - 1 && (last == chunk || _chunks[last].End - _chunks[chunk].End < Around)) last++;
        return last;
    }

    private void Cut(ReadOnlySpan<byte> content)
    {
        _chunks.Clear();
        int start = 0, at = 0;
        ulong hash = 0;
        while (at < content.Length)
        {
            var newline = content[at..].IndexOf((byte)'\n');
            var end = newline < 0 ? content.Length : at + newline + 1;
            var line = seen.Hash(content[at..end]);
            hash = seen.Mix(hash, line);
            at = end;
            if ((line >> 40 & Border) != 0 && at - start < MaxChunk && at < content.Length) continue;
            _chunks.Add((at, hash));
            (start, hash) = (at, 0);
        }
    }

    // A chunk is the same when its neighbours are, too, and the file has the same path: rules look at both.
    private void Name(ulong path)
    {
        _names.Clear();
        for (var i = 0; i < _chunks.Count; i++)
        {
            var name = seen.Mix(path, i > 0 ? _chunks[i - 1].Hash : 1);
            name = seen.Mix(name, _chunks[i].Hash);
            _names.Add(seen.Mix(name, i < _chunks.Count - 1 ? _chunks[i + 1].Hash : 1));
        }
    }
}
