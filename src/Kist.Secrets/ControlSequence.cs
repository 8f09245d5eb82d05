namespace Kist.Secrets;

/// <summary>What one byte is to a terminal control sequence.</summary>
internal enum ControlStep
{
    /// <summary>Ordinary text.</summary>
    Outside,
    /// <summary>The escape byte: a sequence may begin.</summary>
    Begins,
    /// <summary>A byte within.</summary>
    Inside,
    /// <summary>The last byte of a whole sequence.</summary>
    Ends,
    /// <summary>What began is no sequence after all; this byte is the first after it, and may begin another.</summary>
    Broken,
}

/// <summary>
/// Finds the sequences that colour text and move the cursor (ECMA-48, 5.4: ESC [ parameters, intermediates, a final
/// byte), which may stand in the middle of a value. Others, such as titles and links, hold text and are searched.
/// </summary>
internal struct ControlSequence
{
    private const int Longest = 64;
    private const byte Escape = 0x1B;
    private int _length;

    /// <summary>Whether the bytes since <see cref="ControlStep.Begins"/> may still become a sequence.</summary>
    public readonly bool IsOpen => _length > 0;

    public ControlStep Next(byte value)
    {
        if (_length == 0) return Begin(value, ControlStep.Outside);
        if (_length == 1 ? value == '[' : value is >= 0x20 and <= 0x3F && _length < Longest)
        {
            _length++;
            return ControlStep.Inside;
        }
        if (_length > 1 && value is >= 0x40 and <= 0x7E)
        {
            _length = 0;
            return ControlStep.Ends;
        }
        return Begin(value, ControlStep.Broken);
    }

    private ControlStep Begin(byte value, ControlStep otherwise)
    {
        var broken = _length > 0;
        _length = value == Escape ? 1 : 0;
        return _length == 1 && !broken ? ControlStep.Begins : otherwise;
    }
}
