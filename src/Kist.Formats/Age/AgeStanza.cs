using System.Buffers;

namespace Kist.Formats.Age;

/// <summary>
/// One section of an age header: the file key wrapped for one recipient (<c>c2sp.org/age</c>, "Recipient stanza").
/// The same text form carries the messages between a client and a plug-in.
/// </summary>
/// <param name="Type">The first argument, such as <c>X25519</c>.</param>
/// <param name="Arguments">The arguments after it; each is one or more visible ASCII characters.</param>
/// <param name="Body">The decoded body.</param>
public sealed record AgeStanza(string Type, IReadOnlyList<string> Arguments, ReadOnlyMemory<byte> Body)
{
    internal const int Columns = 64;
    private const int BytesPerLine = Columns / 4 * 3;

    internal void Write(IBufferWriter<byte> output)
    {
        output.Write("->"u8);
        WriteArgument(Type, output);
        foreach (var argument in Arguments) WriteArgument(argument, output);
        output.Write("\n"u8);
        var rest = Body.Span;
        while (true)
        {
            var line = rest[..Math.Min(rest.Length, BytesPerLine)];
            RawBase64.Encode(line, output);
            output.Write("\n"u8);
            rest = rest[line.Length..];
            if (line.Length < BytesPerLine) return; // a body ends with a short line, were it an empty one
        }
    }

    /// <summary>Reads the stanza whose first line is <paramref name="first"/>, without its newline.</summary>
    /// <param name="next">Gives the following line without its newline; null at the end of the text.</param>
    internal static AgeOutcome<AgeStanza> Read(ReadOnlySpan<byte> first, NextLine next)
    {
        if (!first.StartsWith("-> "u8)) return Malformed("a stanza does not begin with an arrow");
        var arguments = new List<string>();
        foreach (var range in first[3..].Split((byte)' '))
        {
            var argument = first[3..][range];
            if (argument.IsEmpty || argument.ContainsAnyExceptInRange((byte)33, (byte)126))
                return Malformed("a stanza has an empty argument or one with forbidden characters");
            arguments.Add(System.Text.Encoding.ASCII.GetString(argument));
        }
        var body = new ArrayBufferWriter<byte>(BytesPerLine);
        while (true)
        {
            if (!next(out var line)) return Malformed("the file ends within a stanza");
            if (line.Length > Columns) return Malformed("a line of a stanza's body has more than 64 characters");
            if (!RawBase64.TryDecode(line, body.GetSpan(BytesPerLine), out var written))
                return Malformed("the body of a stanza is not canonical base64, or has no short last line");
            body.Advance(written);
            if (line.Length < Columns) break;
        }
        return AgeOutcome<AgeStanza>.Of(new AgeStanza(arguments[0], arguments[1..], body.WrittenMemory));
    }

    /// <summary>Gives the next line without its newline; false when the text has ended without one.</summary>
    internal delegate bool NextLine(out ReadOnlySpan<byte> line);

    private static void WriteArgument(string argument, IBufferWriter<byte> output)
    {
        output.Write(" "u8);
        output.Write(System.Text.Encoding.ASCII.GetBytes(argument));
    }

    private static AgeOutcome<AgeStanza> Malformed(string what) =>
        AgeOutcome<AgeStanza>.Failed(AgeFaultKind.Header, what);
}
