using System.Buffers.Binary;

namespace Kist.Formats.Age;

/// <summary>Reads the binary form in which SSH writes keys (RFC 4251, 5).</summary>
internal ref struct SshWire(ReadOnlySpan<byte> bytes)
{
    /// <summary>What has not been read.</summary>
    public ReadOnlySpan<byte> Rest { get; private set; } = bytes;

    /// <summary>A number of 32 bits.</summary>
    public bool TryNumber(out uint value)
    {
        if (!BinaryPrimitives.TryReadUInt32BigEndian(Rest, out value)) return false;
        Rest = Rest[4..];
        return true;
    }

    /// <summary>Bytes behind their length.</summary>
    public bool TryString(out ReadOnlySpan<byte> value)
    {
        value = default;
        if (!TryNumber(out var length) || length > Rest.Length) return false;
        value = Rest[..(int)length];
        Rest = Rest[(int)length..];
        return true;
    }

    /// <summary>A whole number above zero, without its leading zero byte.</summary>
    public bool TryPositive(out ReadOnlySpan<byte> value)
    {
        if (!TryString(out value) || value.IsEmpty || value[0] >= 0x80) return false;
        if (value[0] == 0) value = value[1..];
        return !value.IsEmpty && value[0] != 0;
    }
}
