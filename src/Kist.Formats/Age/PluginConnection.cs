using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Kist.Secrets;

namespace Kist.Formats.Age;

/// <summary>
/// A plug-in that runs, and the talk with it over its standard input and output (<c>c2sp.org/age-plugin</c>, "IPC
/// protocol"): stanzas both ways. It ends with this object.
/// </summary>
internal sealed class PluginConnection : IDisposable
{
    private const int MaxLine = 1 << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private readonly string _name;
    private readonly Process _process;
    private readonly AgeHost _host;
    private readonly Stream _to;
    private readonly AgeInput _from;

    private PluginConnection(string name, Process process, AgeHost host)
    {
        (_name, _process, _host) = (name, process, host);
        _to = process.StandardInput.BaseStream;
        _from = new AgeInput(process.StandardOutput.BaseStream);
    }

    /// <summary>Starts the plug-in.</summary>
    /// <param name="machine">Which talk it is: <c>recipient-v1</c> or <c>identity-v1</c>.</param>
    public static AgeOutcome<PluginConnection> Open(string name, string machine, AgeHost? host)
    {
        if (host is null || PluginName.Find(name, host.PluginFolders) is not { } path)
            return Failed(name, $"there is no program age-plugin-{name} in PATH; install the plug-in first");
        var start = new ProcessStartInfo(path)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
            // No plug-in may depend on a folder that the user happens to be in.
            WorkingDirectory = Path.GetTempPath(),
        };
        start.ArgumentList.Add("--age-plugin=" + machine);
        try
        {
            return Process.Start(start) is { } process
                ? AgeOutcome<PluginConnection>.Of(new PluginConnection(name, process, host))
                : Failed(name, "it did not start");
        }
        catch (Win32Exception e)
        {
            return Failed(name, $"it did not start: {e.Message}");
        }
    }

    /// <summary>The fault of a plug-in, with its name.</summary>
    public AgeFault Fault(string what) => new(AgeFaultKind.Refused, $"plug-in {_name}: {what}");

    /// <summary>Sends a stanza; false when the plug-in has ended.</summary>
    public bool TrySend(string type, ReadOnlySpan<byte> argument = default, ReadOnlySpan<byte> body = default)
    {
        using var text = new SecretWriter(128 + body.Length * 2);
        text.Write("-> "u8);
        text.Write(Encoding.ASCII.GetBytes(type));
        if (!argument.IsEmpty) text.Write(" "u8);
        text.Write(argument);
        text.Write("\n"u8);
        do
        {
            var line = body[..Math.Min(body.Length, 48)];
            RawBase64.Encode(line, text);
            text.Write("\n"u8);
            body = body[line.Length..];
            if (line.Length < 48) break;
        }
        while (true);
        return TrySend(text);
    }

    /// <summary>Sends a stanza of a file's header.</summary>
    public bool TrySend(AgeStanza stanza)
    {
        using var text = new SecretWriter(256 + stanza.Body.Length * 2);
        new AgeStanza("recipient-stanza", ["0", stanza.Type, .. stanza.Arguments], stanza.Body).Write(text);
        return TrySend(text);
    }

    /// <summary>
    /// Sends a command that no plug-in knows: all must pass over such, and this keeps them used to it.
    /// </summary>
    public bool TrySendGrease() =>
        TrySend("grease-" + RandomNumberGenerator.GetInt32(int.MaxValue).ToString("x", CultureInfo.InvariantCulture));

    /// <summary>Waits for the next stanza.</summary>
    public AgeOutcome<AgeStanza> Read()
    {
        using var reminder = TimeProvider.System.CreateTimer(
            _ => _host.Show?.Invoke($"waiting for plug-in {_name}…"), null, Patience, Timeout.InfiniteTimeSpan);
        if (!Next(out var first)) return Fault("it ended before it was done");
        var outcome = AgeStanza.Read(first, Next);
        return outcome.Error is { } error ? Fault($"it said what is no stanza: {error}") : outcome;

        bool Next(out ReadOnlySpan<byte> line)
        {
            var whole = _from.TryReadLine(MaxLine, out line);
            if (whole) line = line[..^1];
            return whole;
        }
    }

    /// <summary>Answers what a plug-in may ask for in every talk, and says that anything else is not known.</summary>
    /// <returns>Why the talk cannot go on; null when it can.</returns>
    public AgeFault? Answer(AgeStanza stanza)
    {
        var text = Screened(stanza.Body.Span);
        var sent = stanza.Type switch
        {
            "msg" => Show(text),
            "request-secret" => AnswerSecret(text),
            "request-public" => AnswerPublic(text),
            "confirm" => AnswerChoice(stanza.Arguments, text),
            _ => TrySend("unsupported"),
        };
        return sent ? null : Fault("it ended before it was done");
    }

    /// <summary>The text that came with a stanza, without control characters.</summary>
    public static string Screened(ReadOnlySpan<byte> body)
    {
        var text = Encoding.UTF8.GetString(body).ToCharArray();
        foreach (ref var letter in text.AsSpan())
            if (char.IsControl(letter)) letter = ' ';
        return new string(text).Trim();
    }

    /// <summary>Ends the plug-in: by the end of its input, or by force when it takes no notice.</summary>
    public void Dispose()
    {
        try
        {
            _to.Dispose();
        }
        catch (IOException)
        {
            _process.Refresh(); // it had closed its end first
        }
        _from.Clear();
        if (!_process.WaitForExit(Patience)) _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }

    private bool Show(string text)
    {
        _host.Show?.Invoke($"plug-in {_name}: {text}");
        return TrySend(_host.Show is null ? "fail" : "ok");
    }

    private bool AnswerSecret(string prompt)
    {
        if (_host.AskSecret is null || !_host.AskSecret(prompt).Try(out var secret, out _)) return TrySend("fail");
        using (secret) return TrySend("ok", body: secret.Span);
    }

    private bool AnswerPublic(string prompt) =>
        _host.AskPublic is not null && _host.AskPublic(prompt).Try(out var text, out _)
            ? TrySend("ok", body: Encoding.UTF8.GetBytes(text)) : TrySend("fail");

    private bool AnswerChoice(IReadOnlyList<string> arguments, string question)
    {
        if (_host.Confirm is null || arguments.Count is not (1 or 2) || Label(arguments[0]) is not { } yes)
            return TrySend("fail");
        var no = arguments.Count == 2 ? Label(arguments[1]) : null;
        var choice = _host.Confirm(question, yes, no);
        return choice.Fault is not null ? TrySend("fail") : TrySend("ok", choice.Value ? "yes"u8 : "no"u8);
    }

    private static string? Label(string argument)
    {
        var bytes = new byte[argument.Length];
        return RawBase64.TryDecode(Encoding.ASCII.GetBytes(argument), bytes, out var length)
            ? Screened(bytes.AsSpan(0, length)) : null;
    }

    private bool TrySend(SecretWriter text)
    {
        try
        {
            _to.Write(text.WrittenSpan);
            _to.Flush();
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static AgeOutcome<PluginConnection> Failed(string name, string what) =>
        AgeOutcome<PluginConnection>.Failed(AgeFaultKind.Refused, $"plug-in {name}: {what}");
}
