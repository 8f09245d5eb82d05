using System.Buffers;
using System.Buffers.Text;
using System.Text.Encodings.Web;
using System.Text.Unicode;
using Kist.Secrets;

namespace Kist.Scan.Known;

/// <summary>How a value may be written. The numbers are sent.</summary>
public enum SpellingForm : byte
{
    /// <summary>As it is.</summary>
    Raw,

    /// <summary>Two hex digits a byte, in one case.</summary>
    Hex,

    /// <summary>Base64, at any of the three places it may have among other bytes.</summary>
    Base64,

    /// <summary>Base64 with the two letters that URLs and file names take.</summary>
    Base64Url,

    /// <summary>Percent-encoded.</summary>
    Url,

    /// <summary>As the inside of a JSON string.</summary>
    Json,
}

/// <summary>Takes one spelling, which is zeroed when the call returns.</summary>
internal delegate void SpellingSink(SpellingForm form, ReadOnlySpan<byte> spelling);

/// <summary>Writes a value in all its forms, in buffers that are zeroed.</summary>
internal static class Spelling
{
    /// <summary>Calls <paramref name="sink"/> for each spelling; some may be the same bytes.</summary>
    public static void EachOf(ReadOnlySpan<byte> value, SpellingSink sink)
    {
        // Every spelling is at most six bytes for one: \u00XX.
        using var buffer = SecretBuffer.Rent((value.Length + 4) * 6);
        var room = buffer.Span;
        sink(SpellingForm.Raw, value);
        sink(SpellingForm.Hex, Hex(value, room, "0123456789abcdef"u8));
        sink(SpellingForm.Hex, Hex(value, room, "0123456789ABCDEF"u8));
        for (var before = 0; before < 3; before++)
        {
            var inner = InnerBase64(value, before, room);
            sink(SpellingForm.Base64, inner);
            inner.Replace((byte)'+', (byte)'-');
            inner.Replace((byte)'/', (byte)'_');
            sink(SpellingForm.Base64Url, inner);
        }
        sink(SpellingForm.Url, Url(value, room));
        if (!Utf8.IsValid(value)) return;
        foreach (var encoder in (ReadOnlySpan<JavaScriptEncoder>)
            [JavaScriptEncoder.Default, JavaScriptEncoder.UnsafeRelaxedJsonEscaping])
        {
            if (encoder.EncodeUtf8(value, room, out _, out var written) is OperationStatus.Done)
                sink(SpellingForm.Json, room[..written]);
        }
    }

    private static Span<byte> Hex(ReadOnlySpan<byte> value, Span<byte> room, ReadOnlySpan<byte> digits)
    {
        for (var i = 0; i < value.Length; i++)
            (room[2 * i], room[(2 * i) + 1]) = (digits[value[i] >> 4], digits[value[i] & 15]);
        return room[..(2 * value.Length)];
    }

    // The letters that stay the same whatever stands before (of which only the count modulo three matters) and after.
    private static Span<byte> InnerBase64(ReadOnlySpan<byte> value, int before, Span<byte> room)
    {
        var shifted = room[^(value.Length + before)..];
        shifted[..before].Clear();
        value.CopyTo(shifted[before..]);
        Base64.EncodeToUtf8(shifted, room, out _, out _);
        return room[(before == 0 ? 0 : before + 1)..((value.Length + before) * 8 / 6)];
    }

    private static Span<byte> Url(ReadOnlySpan<byte> value, Span<byte> room)
    {
        var length = 0;
        foreach (var one in value)
        {
            if (char.IsAsciiLetterOrDigit((char)one) || one is (byte)'-' or (byte)'.' or (byte)'_' or (byte)'~')
            {
                room[length++] = one;
                continue;
            }
            room[length++] = (byte)'%';
            Hex([one], room[length..], "0123456789ABCDEF"u8);
            length += 2;
        }
        return room[..length];
    }
}
