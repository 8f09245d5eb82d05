using System.Security.Cryptography;

namespace Kist.Secrets;

/// <summary>What is known of a byte that waits.</summary>
internal enum HeldMark : byte
{
    /// <summary>Text.</summary>
    Plain,
    /// <summary>Part of a control sequence: passes even between masked bytes, or a colour would never end.</summary>
    Control,
    /// <summary>Part of a secret.</summary>
    Masked,
}

/// <summary>A queue of bytes with a mark each, addressed by their place in the whole stream.</summary>
internal sealed class HeldBytes : IDisposable
{
    private byte[] _bytes = GC.AllocateArray<byte>(256, pinned: true);
    private HeldMark[] _marks = new HeldMark[256];
    private int _head;

    public int Count { get; private set; }

    /// <summary>The place of the first byte.</summary>
    public long Begin { get; private set; }

    /// <summary>The place of the next byte to come.</summary>
    public long End => Begin + Count;

    public byte First => _bytes[_head];

    public HeldMark FirstMark => _marks[_head];

    public byte this[long place] => _bytes[IndexOf(place)];

    public long Append(byte value)
    {
        if (Count == _bytes.Length) Grow();
        var index = (_head + Count) & (_bytes.Length - 1);
        (_bytes[index], _marks[index]) = (value, HeldMark.Plain);
        Count++;
        return End - 1;
    }

    /// <summary>A place that has been given out was masked already, or is a control sequence inside a value.</summary>
    public void MarkMasked(long place)
    {
        if (place >= Begin) _marks[IndexOf(place)] = HeldMark.Masked;
    }

    public void MarkControl(long place)
    {
        if (place >= Begin && _marks[IndexOf(place)] == HeldMark.Plain) _marks[IndexOf(place)] = HeldMark.Control;
    }

    public void RemoveFirst()
    {
        _bytes[_head] = 0;
        _head = (_head + 1) & (_bytes.Length - 1);
        Count--;
        Begin++;
    }

    public void Dispose() => CryptographicOperations.ZeroMemory(_bytes);

    private int IndexOf(long place) => (_head + (int)(place - Begin)) & (_bytes.Length - 1);

    private void Grow()
    {
        var bytes = GC.AllocateArray<byte>(_bytes.Length * 2, pinned: true);
        var marks = new HeldMark[bytes.Length];
        for (var i = 0; i < Count; i++)
        {
            var from = (_head + i) & (_bytes.Length - 1);
            (bytes[i], marks[i]) = (_bytes[from], _marks[from]);
        }
        CryptographicOperations.ZeroMemory(_bytes);
        (_bytes, _marks, _head) = (bytes, marks, 0);
    }
}
