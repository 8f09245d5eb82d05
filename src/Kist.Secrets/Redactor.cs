using System.Buffers;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json.Serialization;

namespace Kist.Secrets;

/// <summary>
/// Masks secret values in a stream of bytes, such as the output of a program that was given them: in every form that
/// <see cref="SecretPatterns"/> knows, split over any number of writes, with terminal colours in the middle, and broken
/// into lines of whatever length. Bytes are held back only while they may be the beginning of a value. One object per
/// stream; not for two threads at once.
/// Time is linear in the input.
/// </summary>
[JsonConverter(typeof(RedactedJson<Redactor>))]
[DebuggerDisplay("[REDACTED]")]
public sealed class Redactor(SecretPatterns patterns) : IDisposable
{
    /// <summary>Values of fewer bytes are not masked: they would be found in innocent text everywhere, and the mask
    /// would tell what they are.</summary>
    public const int MinLength = 4;

    private const byte Escape = 0x1B;
    private const int Block = 1024;

    /// <summary>So much of a value must stand before a line end, for it to go on behind: else every line that ends with
    /// the letter with which a value begins would be held back.</summary>
    internal const int ShortestBroken = 4;

    /// <summary>A line end, an empty line perhaps, and what indents the next line.</summary>
    private const int LongestBreak = 24;

    private readonly HeldBytes _held = new();
    private readonly List<long> _textPlaces = [];
    private FoundRange _rawFound;
    private FoundRange _textFound;
    private long _textCount;
    private ControlSequence _sequence;
    private long _sequenceBegin;
    private int _rawState;
    private int _textState;
    private bool _maskIsLast;
    private int _break;

    /// <summary>What stands in the place of a value, or of several that touch.</summary>
    public static ReadOnlySpan<byte> Mask => "[REDACTED]"u8;

    /// <summary>How many bytes wait for what comes next.</summary>
    public int HeldCount => _held.Count;

    /// <summary>Takes the next bytes of the stream and gives those that are decided to <paramref name="output"/>.
    /// </summary>
    public void Write(ReadOnlySpan<byte> input, IBufferWriter<byte> output)
    {
        while (input.Length > 0)
        {
            if (_held.Count == 0)
            {
                var innocent = InnocentPrefix(input);
                if (innocent > 0) WritePlain(input[..innocent], output);
                input = input[innocent..];
                if (input.Length == 0) return;
            }
            Take(input[0]);
            input = input[1..];
            Release(UndecidedFrom(), output);
        }
    }

    /// <summary>Ends the stream: what was held back is no value, and is given to <paramref name="output"/>.</summary>
    public void Flush(IBufferWriter<byte> output)
    {
        (_rawState, _textState, _sequence, _break) = (0, 0, default, 0);
        Release(_held.End, output);
        _textPlaces.Clear();
        _maskIsLast = false;
    }

    /// <inheritdoc/>
    public override string ToString() => "[REDACTED]";

    /// <summary>Zeroes what is held back. The patterns stay their owner's.</summary>
    public void Dispose() => _held.Dispose();

    /// <summary>Takes bytes that are secret for a reason of the caller's: the mask stands in their place, and values
    /// that begin before them, in them or end in them are masked too.</summary>
    public void WriteMasked(ReadOnlySpan<byte> input, IBufferWriter<byte> output)
    {
        foreach (var value in input)
        {
            Take(value);
            _held.MarkMasked(_held.End - 1);
        }
        Release(UndecidedFrom(), output);
    }

    /// <summary>Nothing is held, so both searches are at their beginnings: skip to where one may leave it.</summary>
    private int InnocentPrefix(ReadOnlySpan<byte> input)
    {
        if (_rawState != 0 || _textState != 0 || _sequence.IsOpen) return 0;
        if (patterns.IsEmpty) return input.Length;
        for (var begin = 0; begin < input.Length; begin += Block)
        {
            // Three bytes more than a block: an escape there may stand in a form that begins in this block.
            var escape = input[begin..Math.Min(begin + Block + 3, input.Length)].IndexOf(Escape);
            var whole = escape < 0 ? input.Length : begin + escape;
            var end = Math.Min(begin + Block, whole);
            // Four bytes tell where a form may begin, unless an escape, or the end, stands within them.
            var at = SkipByFour(input[..whole], begin, end);
            while (at < end && !patterns.Begins(input[at])) at++;
            if (at < end || (escape >= 0 && end == whole)) return at;
        }
        return input.Length;
    }

    private int SkipByFour(ReadOnlySpan<byte> input, int begin, int end)
    {
        var last = Math.Max(begin, Math.Min(end, input.Length - 3));
        if (last == begin) return begin;
        return begin + patterns.FirstBeginning(
            ref Unsafe.Add(ref MemoryMarshal.GetReference(input), begin), last - begin);
    }

    /// <summary>
    /// Two searches run over the same automaton: one over the bytes as they come, one over the text without control
    /// sequences and line breaks. What either finds is masked.
    /// </summary>
    private void Take(byte value)
    {
        var place = _held.Append(value);
        _rawState = patterns.Step(_rawState, value);
        if (patterns.MatchOf(_rawState) is > 0 and var length)
        {
            var begin = place - length + 1;
            for (var at = _rawFound.FirstNew(begin); at <= place; at++) _held.MarkMasked(at);
            _rawFound.Add(begin, place);
        }

        var step = _sequence.Next(value);
        if (step == ControlStep.Begins) _sequenceBegin = place;
        if (step == ControlStep.Ends)
            for (var at = _sequenceBegin; at <= place; at++) _held.MarkControl(at);
        if (step == ControlStep.Broken)
            for (var at = _sequenceBegin; at < place; at++) TakeText(at);
        if (step is not (ControlStep.Broken or ControlStep.Outside)) return;
        if (_sequence.IsOpen) _sequenceBegin = place;
        else TakeText(place);
    }

    private void TakeText(long place)
    {
        if (IsBreak(_held[place])) return;
        _textState = patterns.Step(_textState, _held[place]);
        var depth = patterns.DepthOf(_textState);
        if (depth == 0)
        {
            _textPlaces.Clear();
            return;
        }
        _textPlaces.Add(place);
        _textCount++;
        if (patterns.MatchOf(_textState) is > 0 and var length)
        {
            var begin = _textCount - length + 1;
            for (var at = _textFound.FirstNew(begin); at <= _textCount; at++)
                _held.MarkMasked(_textPlaces[^(int)(_textCount - at + 1)]);
            _textFound.Add(begin, _textCount);
        }
        // Only the last `depth` places can still matter; drop the others now and then.
        if (_textPlaces.Count > 2 * depth + 64) _textPlaces.RemoveRange(0, _textPlaces.Count - depth);
    }

    /// <summary>Whether the byte only breaks what may be a value into lines, as base64 and hexadecimal are printed.
    /// </summary>
    private bool IsBreak(byte value)
    {
        var breaks = _break == 0
            ? value is (byte)'\n' or (byte)'\r' && patterns.MayBreak(_textState, value)
            : value is (byte)'\n' or (byte)'\r' or (byte)' ' or (byte)'\t' && _break < LongestBreak;
        _break = breaks ? _break + 1 : 0;
        return breaks;
    }

    private long UndecidedFrom()
    {
        var from = _held.End - patterns.DepthOf(_rawState);
        if (patterns.DepthOf(_textState) is > 0 and var depth) from = Math.Min(from, _textPlaces[^depth]);
        return _sequence.IsOpen ? Math.Min(from, _sequenceBegin) : from;
    }

    /// <summary>Gives out what lies before <paramref name="undecided"/>, and masked bytes behind it: they are decided.
    /// </summary>
    private void Release(long undecided, IBufferWriter<byte> output)
    {
        while (_held.Count > 0)
        {
            var mark = _held.FirstMark;
            if (mark != HeldMark.Masked && _held.Begin >= undecided) return;
            // What began as a control sequence is looked at again if it turns out to be text.
            if (_sequence.IsOpen && _held.Begin >= _sequenceBegin) return;
            if (mark == HeldMark.Plain || mark == HeldMark.Control) output.Write([_held.First]);
            else if (!_maskIsLast) output.Write(Mask);
            if (mark != HeldMark.Control) _maskIsLast = mark == HeldMark.Masked;
            _held.RemoveFirst();
        }
    }

    private void WritePlain(ReadOnlySpan<byte> bytes, IBufferWriter<byte> output)
    {
        output.Write(bytes);
        _maskIsLast = false;
    }
}
