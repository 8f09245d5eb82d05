using System.Text;
using Kist.Cli.Running;
using Kist.Secrets;

namespace Kist.Cli.Output;

/// <summary>
/// Standard output and standard error of one command. Output is bytes, because most of it is secrets;
/// what goes to standard error is text of ours or of the server, never a value.
/// </summary>
internal sealed class Screen(Stream output, Stream error, bool outputIsTerminal, bool colour, bool quiet)
{
    /// <summary>Whether a person reads the output, so that a last newline and colours are welcome.</summary>
    public bool OutputIsTerminal { get; } = outputIsTerminal;

    /// <summary>Whether warnings and remarks are left out (<c>--quiet</c>).</summary>
    public bool Quiet { get; } = quiet;

    /// <summary>Whether output may be coloured.</summary>
    public bool UsesColour { get; } = colour;

    /// <summary>The screen of this process. Colours only on terminals, and never under NO_COLOR or TERM=dumb.</summary>
    public static Screen OfProcess(bool noColour, bool quiet, bool json = false)
    {
        var terminal = DescriptorStream.IsTerminal(1);
        var colour = terminal && !noColour && DescriptorStream.IsTerminal(2)
            && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
            && Environment.GetEnvironmentVariable("TERM") != "dumb";
        return new Screen(
            DescriptorStream.Standard(1), DescriptorStream.Standard(2), terminal, colour, quiet)
        {
            NoRemarks = quiet || json,
        };
    }

    /// <summary>Writes bytes as they are.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        output.Write(bytes);
        output.Flush();
    }

    /// <summary>Writes <paramref name="text"/> as it is: for raw values. A newline follows on terminals only.</summary>
    public void WriteRaw(ReadOnlySpan<byte> text)
    {
        Write(text);
        if (OutputIsTerminal && (text.IsEmpty || text[^1] != (byte)'\n')) Write("\n"u8);
    }

    /// <summary>One line of output.</summary>
    public void Line(string text) => Write(Encoding.UTF8.GetBytes(Printable(text) + "\n"));

    /// <summary>One line of output that may hold a secret.</summary>
    public void Line(SecretWriter text)
    {
        Write(text.WrittenSpan);
        Write("\n"u8);
    }

    /// <summary>A heading: bold on terminals.</summary>
    public void Heading(string text) => Line(text, "1");

    /// <summary>Whether remarks are left out: also where the output is JSON, which they would spoil.</summary>
    public bool NoRemarks { get; init; } = quiet;

    /// <summary>What was done, or advice; left out under <c>--quiet</c> and <c>--json</c>.</summary>
    public void Remark(string text)
    {
        if (!NoRemarks) Line(text, "2");
    }

    /// <summary>A warning on standard error; left out under <c>--quiet</c>.</summary>
    public void Warn(string text)
    {
        if (!Quiet) ErrorLine("Warning: ", "33", text);
    }

    /// <summary>Shows a failure and gives its exit code.</summary>
    public int Show(Problem problem)
    {
        ErrorLine("Error: ", "31", problem.Message);
        if (problem.Hint is not null) ErrorLine("Try:   ", "36", problem.Hint);
        return problem.ExitCode;
    }

    /// <summary>Text on standard error without a prefix, such as a question.</summary>
    public void Ask(string text) => Error(Encoding.UTF8.GetBytes(Printable(text)));

    /// <summary>A secret of ours that the person must see, such as a new passphrase.</summary>
    public void Ask(ReadOnlySpan<byte> secret) => Error(secret);

    /// <summary>A finished table; zeroed by its owner.</summary>
    public void Show(Table table)
    {
        using var text = new SecretWriter(1024);
        table.Render(text, UsesColour);
        Write(text.WrittenSpan);
    }

    /// <summary>Replaces what could drive a terminal (escape sequences in names or errors) by a space.</summary>
    public static string Printable(string text)
    {
        var clean = text;
        foreach (var c in text)
            if (char.IsControl(c) && c != '\n' && c != '\t') clean = clean.Replace(c, ' ');
        return clean;
    }

    private void Line(string text, string style) =>
        Write(Encoding.UTF8.GetBytes(Styled(Printable(text), style) + "\n"));

    private void ErrorLine(string prefix, string style, string text)
    {
        var indented = Printable(text).Replace("\n", "\n" + new string(' ', prefix.Length));
        Error(Encoding.UTF8.GetBytes(Styled(prefix, style) + indented + "\n"));
    }

    private void Error(ReadOnlySpan<byte> bytes)
    {
        error.Write(bytes);
        error.Flush();
    }

    private string Styled(string text, string style) => UsesColour ? $"\e[{style}m{text}\e[0m" : text;
}
